/* Which vantage we are, and what it acts as. */
#include "build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "mon1" and "mon1.example.jp" are one machine; "mon1.a" and "mon1.b" are two. */
static bool vantage_names_agree(const char *a, const char *b)
{
    size_t short_a = strcspn(a, "."), short_b = strcspn(b, ".");
    if (a[short_a] != '\0' && b[short_b] != '\0')
        return strcasecmp(a, b) == 0;
    return short_a == short_b && strncasecmp(a, b, short_a) == 0;
}

static int vantage_not_found(struct plan_build *build, const char *name)
{
    const struct site *site = build->config->site;
    const char **names = calloc(site->vantage_count + 1, sizeof *names);
    if (names == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < site->vantage_count; i++)
        names[i] = site->vantages[i].name;
    const char *nearest = pc_nearest(name, names);
    char *hint = NULL;
    if (nearest != NULL && asprintf(&hint, "did you mean \"%s\"?", nearest) < 0)
        hint = NULL;
    diag_add(build->diags, DIAG_ERROR, site->origin, hint, "the site has no vantage \"%s\"", name);
    free(hint);
    free(names);
    return -ENOENT;
}

static const struct vantage *vantage_of_machine(const struct site *site, const char *machine)
{
    for (size_t i = 0; machine != NULL && i < site->vantage_count; i++) {
        if (vantage_names_agree(site->vantages[i].name, machine))
            return &site->vantages[i];
    }
    return site->vantage_count == 1 ? &site->vantages[0] : NULL;
}

/* The host of the site that this vantage is, by name or alias. */
static const struct host *vantage_host(const struct site *site, const char *name)
{
    for (size_t i = 0; i < site->host_count; i++) {
        const struct host *host = &site->hosts[i];
        if (strcmp(host->name, name) == 0)
            return host;
        for (size_t k = 0; k < host->alias.count; k++) {
            if (strcmp(host->alias.items[k], name) == 0)
                return host;
        }
    }
    return NULL;
}

static int vantage_collect_plays(struct plan_build *build, const struct vantage *vantage)
{
    struct plan *plan = build->plan;
    const struct host *host = vantage_host(build->config->site, vantage->name);
    size_t role_count = host != NULL ? host->role_count : 0;
    struct played *plays = ARENA_ARRAY(build->arena, struct played, vantage->acts_as_count + role_count);
    if (plays == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < vantage->acts_as_count; i++)
        plays[i] = vantage->acts_as[i];
    for (size_t i = 0; i < role_count; i++) {
        const struct role *role = &host->roles[i];
        plays[vantage->acts_as_count + i] =
            (struct played){.guide = role->guide, .component = role->component, .settings = role->settings};
    }
    plan->plays = plays;
    plan->play_count = vantage->acts_as_count + role_count;
    return 0;
}

int plan_choose_vantage(struct plan_build *build)
{
    const struct site *site = build->config->site;
    const struct plan_options *options = build->options;
    const struct vantage *vantage;
    if (options->vantage != NULL) {
        vantage = site_vantage(site, options->vantage);
        if (vantage == NULL)
            return vantage_not_found(build, options->vantage);
    } else {
        vantage = vantage_of_machine(site, options->machine_name);
    }
    build->plan->vantage = vantage;
    build->plan->vantage_name = vantage != NULL ? vantage->name : "-";
    return vantage != NULL ? vantage_collect_plays(build, vantage) : 0;
}

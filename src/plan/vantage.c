/* Which vantage we are, and what it acts as. */
#include "build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int vantage_not_found(struct plan_build *build, const char *name)
{
    const struct site *site = build->config->site;
    const char **names = calloc(site->vantage_count + 1, sizeof *names);
    if (names == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < site->vantage_count; i++)
        names[i] = site->vantages[i].name;
    plan_tell_unknown(build, "vantage", name, names);
    free(names);
    return -ENOENT;
}

static const struct vantage *vantage_of_name(const struct site *site, const char *machine)
{
    for (size_t i = 0; i < site->vantage_count; i++) {
        if (site_names_agree(site->vantages[i].name, machine))
            return &site->vantages[i];
    }
    return NULL;
}

static const struct host *host_of_name(const struct site *site, const char *machine)
{
    for (size_t i = 0; i < site->host_count; i++) {
        if (site_names_agree(site->hosts[i].name, machine))
            return &site->hosts[i];
    }
    return NULL;
}

/* A host of the site that looks for itself needs no entry among the vantages. NULL: out of memory. */
static const struct vantage *vantage_of_host(struct plan_build *build, const struct host *host)
{
    struct vantage *vantage = ARENA_NEW(build->arena, struct vantage);
    if (vantage != NULL)
        *vantage = (struct vantage){.name = host->name, .origin = host->origin};
    return vantage;
}

/* By the machine's own name: a vantage, else a host of the site; else the only vantage there is. */
static int vantage_of_machine(struct plan_build *build, const struct vantage **ret)
{
    const struct site *site = build->config->site;
    const char *machine = build->options->machine_name;
    const struct vantage *vantage = machine != NULL ? vantage_of_name(site, machine) : NULL;
    const struct host *host = machine != NULL && vantage == NULL ? host_of_name(site, machine) : NULL;
    if (host != NULL) {
        vantage = vantage_of_host(build, host);
        if (vantage == NULL)
            return -ENOMEM;
    } else if (vantage == NULL && site->vantage_count == 1) {
        vantage = &site->vantages[0];
    }
    *ret = vantage;
    return 0;
}

/* The host of the site that this vantage is. By its name alone, since that names the file: a check of one host reads no
 * others to learn their aliases. */
static const struct host *vantage_host(const struct site *site, const char *name)
{
    for (size_t i = 0; i < site->host_count; i++) {
        if (strcmp(site->hosts[i].name, name) == 0)
            return &site->hosts[i];
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
    const struct vantage *vantage = NULL;
    if (options->vantage != NULL) {
        vantage = site_vantage(site, options->vantage);
        if (vantage == NULL)
            return vantage_not_found(build, options->vantage);
    } else {
        int error = vantage_of_machine(build, &vantage);
        if (error != 0)
            return error;
    }
    build->plan->vantage = vantage;
    build->plan->vantage_name = vantage != NULL ? vantage->name : "-";
    return vantage != NULL ? vantage_collect_plays(build, vantage) : 0;
}

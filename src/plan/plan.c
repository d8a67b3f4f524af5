/* The plan as a whole: the hosts that are asked for, step by step, and finding an expectation again. */
#include "build.h"

#include "portconform/error.h"
#include "portconform/vector.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

void plan_tell_unknown(struct plan_build *build, const char *kind, const char *name, const char *const names[])
{
    const char *nearest = pc_nearest(name, names);
    char *hint = NULL;
    if (nearest != NULL && asprintf(&hint, "did you mean \"%s\"?", nearest) < 0)
        hint = NULL;
    diag_add(build->diags, DIAG_ERROR, build->config->site->origin, hint, "the site has no %s \"%s\"", kind, name);
    free(hint);
}

static int plan_host_not_found(struct plan_build *build, const char *name)
{
    const struct site *site = build->config->site;
    size_t count = 0;
    for (size_t i = 0; i < site->host_count; i++)
        count += 1 + site->hosts[i].alias.count;
    const char **names = calloc(count + 1, sizeof *names);
    if (names == NULL)
        return -ENOMEM;
    count = 0;
    for (size_t i = 0; i < site->host_count; i++) {
        const struct host *host = &site->hosts[i];
        names[count++] = host->name;
        for (size_t k = 0; k < host->alias.count; k++)
            names[count++] = host->alias.items[k];
    }
    plan_tell_unknown(build, "host", name, names);
    free(names);
    return -ENOENT;
}

/* The hosts that were asked for: *ret points into the site's. */
static int plan_select_hosts(struct plan_build *build, const struct host **ret, size_t *ret_count)
{
    const struct site *site = build->config->site;
    if (build->options->host == NULL) {
        *ret = site->hosts;
        *ret_count = site->host_count;
        return 0;
    }
    const struct host *host = site_host(site, build->options->host);
    if (host == NULL)
        return plan_host_not_found(build, build->options->host);
    *ret = host;
    *ret_count = 1;
    return 0;
}

static int plan_add_hosts(struct plan_build *build)
{
    const struct host *hosts = NULL;
    size_t count = 0;
    int error = plan_select_hosts(build, &hosts, &count);
    if (error != 0)
        return error;
    struct plan_host *planned = ARENA_ARRAY(build->arena, struct plan_host, count);
    if (planned == NULL)
        return -ENOMEM;
    build->plan->hosts = planned;
    build->plan->host_count = count;
    for (size_t i = 0; i < count; i++)
        planned[i].host = &hosts[i];
    /* all names that cannot be resolved are told before giving up */
    int names = 0;
    for (size_t i = 0; i < count; i++) {
        error = plan_resolve_addresses(build, &planned[i]);
        if (error == PC_ENAMES)
            names = error;
        else if (error != 0)
            return error;
    }
    if (names != 0)
        return names;
    for (size_t i = 0; error == 0 && i < count; i++)
        error = plan_expect(build, &planned[i]);
    return error;
}

static uint64_t next_serial(void)
{
    static uint64_t last;
    return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

int plan_build(const struct config *config, const struct plan_options *options, struct plan **ret,
               struct diag_list *diags)
{
    struct plan_build build = {.config = config, .options = options, .diags = diags};
    build.arena = arena_new();
    if (build.arena == NULL)
        return -ENOMEM;
    int error = -ENOMEM;
    build.plan = ARENA_NEW(build.arena, struct plan);
    if (build.plan == NULL)
        goto out;
    build.plan->arena = build.arena;
    build.plan->config = config;
    build.plan->site = config->site;
    build.plan->wall_ms = options->wall_ms;
    build.plan->serial = next_serial();
    build.plan->acceptance = options->acceptance;
    error = plan_choose_vantage(&build);
    if (error == 0)
        error = plan_add_hosts(&build);
    if (error == 0 && build.failed)
        error = PC_ESEMANTIC;
    if (error == 0)
        error = plan_keep_unset(&build);
    if (error == 0) {
        *ret = build.plan;
        build.arena = NULL; /* the plan's from here on */
    }
out:
    VECTOR_DONE(&build.unset);
    arena_free(build.arena);
    return error;
}

void plan_free(struct plan *plan)
{
    if (plan != NULL)
        arena_free(plan->arena);
}

enum listener_choice plan_host_listeners(const struct plan_host *host)
{
    if (host->host->listeners != LISTENERS_AUTO)
        return host->host->listeners;
    return host->is_self ? LISTENERS_KERNEL : LISTENERS_NONE;
}

unsigned expectation_width(const struct expectation *expectation)
{
    return expectation->unset != NULL ? UINT_MAX : port_range_count(&expectation->range);
}

/* Does `a` explain a port better than `b`? A demand goes before a range that merely admits it. */
static bool plan_explains_better(const struct expectation *a, const struct expectation *b)
{
    unsigned width_a = expectation_width(a), width_b = expectation_width(b);
    if (width_a != width_b)
        return width_a < width_b;
    return presence_absence_conforms(b->rule->presence) && !presence_absence_conforms(a->rule->presence);
}

const struct expectation *plan_host_find(const struct plan_host *host, enum transport transport, uint16_t port)
{
    const struct expectation *best = NULL;
    for (size_t i = 0; i < host->expectation_count; i++) {
        const struct expectation *this = &host->expectations[i];
        if (this->unset != NULL || this->range.transport != transport || !port_range_contains(&this->range, port))
            continue;
        if (best == NULL || plan_explains_better(this, best))
            best = this;
    }
    return best;
}

/* Configurations and plans. Reading, planning and names have a thread of their own (reload.c); here is decided when
 * they are wanted, and what they make takes the place of the old one between two turns of the loop.
 *
 * Another plan of the same configuration is wanted when names may have changed their addresses (once an interval), when
 * the local day ends, and when the ports that are for a host alone are to be looked at or no longer. One that says what
 * the plan in force says is thrown away, so that nothing is begun anew. */
#include "internal.h"
#include "notify.h"

#include "portconform/error.h"
#include "portconform/log.h"
#include "portconform/probe_choices.h"
#include "portconform/text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { ABANDON_MS = 200 };

static struct news_source source_of(const struct plan *plan)
{
    return (struct news_source){.site = plan->site, .vantage = plan->vantage_name};
}

static void log_diags(const struct diag_list *diags, int result)
{
    site_log(diags, result);
}

/* --- what was visited --------------------------------------------------------------------------------------------- */

/* Rounds are of interest to plans that look at what is for a host alone. The first is over when every turn of every
 * host was taken in it; in later ones, which only wait for what is in question, a visit of every host is enough. */
static int begin_rounds(struct loop *loop)
{
    unsigned *visited = calloc(loop->site.plan->host_count + 1, sizeof(*visited));
    if (visited == NULL)
        return -ENOMEM;
    free(loop->visited);
    loop->visited = visited;
    loop->unvisited = loop->site.plan->host_count;
    loop->undecided = loop->seen_whole = false;
    return 0;
}

/* As long as a port that must be shut is in question, the next round decides. */
static void end_round(struct loop *loop)
{
    struct snapshot *snapshot = watch_snapshot(loop->watch, loop->now);
    if (snapshot != NULL)
        hold_cycle_done(&loop->hold, snapshot, !loop->undecided, loop->now);
    snapshot_unref(snapshot);
    loop->seen_whole = loop->seen_whole || !loop->undecided;
    memset(loop->visited, 0, loop->site.plan->host_count * sizeof(*loop->visited));
    loop->unvisited = loop->site.plan->host_count;
    loop->undecided = false;
}

void planning_visited(struct loop *loop, const struct watch_visit *visit, bool undecided)
{
    loop->undecided = loop->undecided || undecided;
    if (loop->visited == NULL || !loop->hold.exposure)
        return;
    unsigned *turns = &loop->visited[visit->host];
    if (watch_whole_host(loop->watch, visit->host, *turns))
        return;
    *turns |= visit->not_due == NULL || loop->seen_whole ? UINT_MAX : visit->turns;
    if (watch_whole_host(loop->watch, visit->host, *turns) && --loop->unvisited == 0)
        end_round(loop);
}

/* --- another plan ------------------------------------------------------------------------------------------------- */

static bool same_addresses(const struct plan_host *a, const struct plan_host *b)
{
    if (a->address_count != b->address_count || a->is_self != b->is_self)
        return false;
    for (size_t i = 0; i < a->address_count; i++) {
        if (a->addresses[i].text != b->addresses[i].text ||
            !address_equal(&a->addresses[i].address, &b->addresses[i].address))
            return false;
    }
    return true;
}

/* Plans of one configuration differ by addresses, by the day, and by whether they look at what is for a host alone. */
static bool says_the_same(const struct loop *loop, const struct plan *plan)
{
    const struct plan *before = loop->site.plan;
    if (hold_ask(&loop->hold, loop->now) == HOLD_OVER || before->host_count != plan->host_count)
        return false;
    for (size_t i = 0; i < plan->host_count; i++) {
        if (!same_addresses(&before->hosts[i], &plan->hosts[i]))
            return false;
    }
    return true;
}

/* What is under way belongs to the old plan. It is begun again at once. */
static int put_in_force(struct loop *loop, const struct plan *plan)
{
    visits_drop(loop->visits, loop->watch, loop->now);
    int r = watch_replan(loop->watch, plan, loop->now);
    if (r < 0)
        return r;
    own_forget(loop->own);
    loop->following = true;
    loop->planned_ms = loop->now.mono_ms;
    return 0;
}

static void log_lost_names(struct loop *loop, const struct diag_list *diags, size_t lost)
{
    if (lost != loop->lost_names)
        log_diags(diags, 0);
    if (lost == 0 && loop->lost_names > 0)
        log_line(LOG_NOTICE, "every name has an address again");
    loop->lost_names = lost;
}

/* A name that nobody answers for at the moment keeps the addresses it had, as long as the old plan will do. */
static void adopt_plan(struct loop *loop, struct plan *plan)
{
    bool keep =
        hold_ask(&loop->hold, loop->now) == HOLD_STALE && hold_lost_names(plan) > hold_lost_names(loop->site.plan);
    loop->planned_ms = loop->now.mono_ms;
    if (keep || says_the_same(loop, plan)) {
        plan_free(plan);
        return;
    }
    int r = put_in_force(loop, plan);
    if (r < 0) {
        log_line(LOG_ERR, "the new plan cannot be followed, the old one stays: %s", pc_strerror(r));
        plan_free(plan);
        return;
    }
    struct plan *before = loop->site.plan;
    const struct news_source source = source_of(plan);
    loop->site.plan = plan;
    telling_set_source(loop->telling, &source, loop->now);
    hold_renew(&loop->hold, plan, loop->planning_exposure);
    plan_free(before);
    if (begin_rounds(loop) < 0)
        log_line(LOG_ERR, "%s", pc_strerror(-ENOMEM));
}

static void begin_plan(struct loop *loop)
{
    loop->planning_exposure = hold_wants_exposure(&loop->hold, loop->now);
    int r = reload_plan_start(loop->options, loop->site.config, loop->planning_exposure, &loop->reload);
    loop->planning = r == 0;
    if (r == 0)
        loop_watch_reload(loop);
    if (r < 0) {
        loop->reload = NULL;
        loop->planned_ms = loop->now.mono_ms; /* not at every turn */
        log_line(LOG_ERR, "cannot plan anew, the old plan stays: %s", pc_strerror(r));
    }
}

/* Names hold for one interval; what is wrong by now is put right at once. */
static bool wants_plan(const struct loop *loop)
{
    switch (hold_ask(&loop->hold, loop->now)) {
    case HOLD_GOOD:
        return false;
    case HOLD_STALE:
        return loop->now.mono_ms - loop->planned_ms >= (int64_t)loop->site.plan->site->interval_s * 1000;
    case HOLD_OVER:
        return loop->now.mono_ms - loop->planned_ms >= 1000;
    }
    return false;
}

void planning_step(struct loop *loop)
{
    if (loop->reload == NULL && wants_plan(loop))
        begin_plan(loop);
}

/* --- another configuration ---------------------------------------------------------------------------------------- */

void planning_ask_reload(struct loop *loop)
{
    if (loop->reload != NULL) {
        loop->reload_again = true;
        return;
    }
    loop->reload_again = false;
    const struct ticket_list empty = loop->reload_tickets;
    loop->reload_tickets = loop->next_reload_tickets;
    loop->next_reload_tickets = empty;
    int r = reload_start(loop->options, &loop->reload);
    if (r == 0) {
        notify_reloading();
        loop_watch_reload(loop);
        return;
    }
    loop->reload = NULL;
    log_line(LOG_ERR, "the configuration cannot be read again, the old one stays in force: %s", pc_strerror(r));
    asked_reloaded(loop, r, NULL);
}

static void say_loaded(struct loop *loop, const char *what, enum event_kind kind)
{
    const struct plan *plan = loop->site.plan;
    const struct news_item item = {.kind = kind, .level = LOG_NOTICE};
    const struct watch_counters counters = watch_count(loop->watch, loop->now);
    const char *waits = outlets_waits(loop->outlets);
    telling_say(loop->telling, &item, loop->now,
                "%s %s, seen from %s: hosts %zu, expectations %zu, one look every %u s%s%s", what, plan->site->name,
                plan->vantage == NULL ? "this machine" : plan->vantage_name, plan->host_count, counters.expectations,
                plan->site->interval_s, waits == NULL ? "" : "; waiting for a restart: ", waits == NULL ? "" : waits);
}

/* "file:line:column: message" of the first error. */
static char *first_error(const struct diag_list *diags, int result)
{
    struct text text = {0};
    for (size_t i = 0; i < diags->count; i++) {
        const struct diag *diag = &diags->items[i];
        if (diag->level != DIAG_ERROR)
            continue;
        site_format_diag(&text, diag);
        break;
    }
    if (text.length == 0)
        text_add(&text, pc_strerror(result));
    char *copy = text.failed ? NULL : strdup(text_string(&text));
    text_done(&text);
    return copy;
}

static void reject(struct loop *loop, int result, const struct diag_list *diags)
{
    const struct news_item item = {.kind = EVENT_CONFIG_REJECTED, .level = LOG_ERR};
    struct text all = {0};
    for (size_t i = 0; i < diags->count; i++) {
        if (diags->items[i].level != DIAG_ERROR)
            continue;
        site_format_diag(&all, &diags->items[i]);
        text_add(&all, "\n");
    }
    free(loop->told.error);
    loop->told.error = first_error(diags, result);
    loop->told.rejected_ms = loop->now.wall_ms;
    telling_say(loop->telling, &item, loop->now,
                "the new configuration is rejected, the old one stays in force; errors: %zu; first: %s", diags->errors,
                loop->told.error != NULL ? loop->told.error : pc_strerror(-ENOMEM));
    asked_reloaded(loop, result, all.failed || all.length == 0 ? NULL : text_string(&all));
    text_done(&all);
}

/* Findings live in blocks with all their texts, so nothing told or remembered hangs on the old site. */
static int adopt_site(struct loop *loop, struct check_site *site)
{
    int r = put_in_force(loop, site->plan);
    if (r < 0)
        return r;
    const struct news_source source = source_of(site->plan);
    struct check_site before = loop->site;
    loop->site = *site;
    telling_set_source(loop->telling, &source, loop->now);
    telling_set_bounds(loop->telling, &site->plan->site->store);
    visits_configure(loop->visits, site->plan->site);
    outlets_configure(loop->outlets, site->plan);
    asked_forget(loop);
    check_site_done(&before);
    hold_begin(&loop->hold, site->plan);
    loop->lost_names = hold_lost_names(site->plan);
    loop->told.loaded_ms = loop->now.wall_ms;
    loop->told.generation++;
    free(loop->told.error);
    loop->told.error = NULL;
    return begin_rounds(loop);
}

static void end_reading(struct loop *loop, int result, struct check_site *site, const struct diag_list *diags)
{
    log_diags(diags, result);
    if (result == 0) {
        result = adopt_site(loop, site);
        if (result < 0 && loop->site.config != site->config)
            check_site_done(site);
    }
    if (result < 0) {
        reject(loop, result, diags);
        notify_ready("looking at its hosts; a newer configuration is rejected");
        return;
    }
    notify_ready("looking at its hosts");
    say_loaded(loop, "configuration read again:", EVENT_CONFIG_LOADED);
    asked_reloaded(loop, 0, NULL);
}

void planning_finish(struct loop *loop)
{
    struct check_site site = {NULL, NULL};
    struct diag_list diags;
    int result = reload_finish(loop->reload, &site, &diags);
    bool planned = loop->planning;
    loop->reload = NULL;
    loop->planning = false;
    if (!planned) {
        end_reading(loop, result, &site, &diags);
    } else if (result == 0) {
        log_lost_names(loop, &diags, hold_lost_names(site.plan));
        adopt_plan(loop, site.plan);
    } else {
        log_diags(&diags, result);
        loop->planned_ms = loop->now.mono_ms;
    }
    diag_list_done(&diags);
    if (loop->reload_again)
        planning_ask_reload(loop);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

int planning_begin(struct loop *loop)
{
    hold_begin(&loop->hold, loop->site.plan);
    loop->lost_names = hold_lost_names(loop->site.plan);
    loop->planned_ms = loop->now.mono_ms;
    loop->following = true;
    loop->told.started_ms = loop->told.loaded_ms = loop->now.wall_ms;
    loop->told.generation = 1;
    say_loaded(loop, "portconformd " PC_VERSION " looks at", EVENT_STARTED);
    if (cycle_needs_other_kinds(loop->site.plan, probe_choices_all, NULL))
        log_line(LOG_DEBUG, "listeners of other machines are read over SNMP");
    return begin_rounds(loop);
}

bool planning_end(struct loop *loop)
{
    bool ended = reload_abandon(loop->reload, ABANDON_MS);
    loop->reload = NULL;
    free(loop->visited);
    free(loop->told.error);
    return ended;
}

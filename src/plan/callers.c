/* Who may call: the peers of a rule, judged by the parameters of both sides, and how they read. */
#include "build.h"

#include "portconform/text.h"

#include <string.h>

static enum caller plan_peer_holds(const struct plan_listener *listener, const struct peer *peer,
                                   const struct plan_values *caller)
{
    static const struct settings nothing;
    struct plan_values own = {.guide = listener->guide,
                              .settings = listener->settings != NULL ? listener->settings : &nothing,
                              .wall_ms = listener->wall_ms};
    struct scope_values peer_scope = plan_scope_values(caller, NULL);
    struct scope_values scope = plan_scope_values(&own, &peer_scope);
    bool holds = false;
    /* what cannot be evaluated neither admits a caller nor keeps it out */
    if (plan_condition(peer->when, &scope, &holds, NULL) != 0)
        return CALLER_UNKNOWN;
    return holds ? CALLER_YES : CALLER_NO;
}

struct plan_listener plan_listener_of(const struct plan *plan, const struct expectation *expectation)
{
    const struct role *role = expectation->role;
    return (struct plan_listener){.rule = expectation->rule,
                                  .guide = role != NULL ? role->guide : NULL,
                                  .settings = role != NULL ? &role->settings : NULL,
                                  .wall_ms = plan->wall_ms};
}

enum caller plan_is_caller(const struct plan_listener *listener, const struct guide *guide,
                           const struct component *component, const struct settings *settings)
{
    struct plan_values caller = {.guide = guide, .settings = settings, .wall_ms = listener->wall_ms};
    enum caller best = CALLER_NO;
    for (size_t i = 0; i < listener->rule->from_count; i++) {
        const struct peer *peer = &listener->rule->from[i];
        if (peer->component != component)
            continue;
        enum caller this = plan_peer_holds(listener, peer, &caller);
        if (this == CALLER_YES)
            return CALLER_YES;
        if (this == CALLER_UNKNOWN)
            best = CALLER_UNKNOWN;
    }
    return best;
}

bool rule_needs_a_way(const struct rule *rule)
{
    if (rule->scope == SCOPE_HOST || rule->multicast)
        return false;
    switch (rule->presence) {
    case PRESENCE_REQUIRED:
    case PRESENCE_ANY:
    case PRESENCE_FIRST_FREE:
    case PRESENCE_ONE_OF:
    case PRESENCE_OPTIONAL:
        return true;
    case PRESENCE_DYNAMIC:
        return rule->from_count > 0;
    case PRESENCE_RESERVED:
        return false;
    }
    return false;
}

void rule_format_peers(struct text *out, const struct rule *rule)
{
    if (rule->from_count == 0) {
        text_add(out, "-");
        return;
    }
    for (size_t i = 0; i < rule->from_count; i++) {
        const struct peer *peer = &rule->from[i];
        text_printf(out, "%s%s", i > 0 ? "," : "", peer->component->name);
        if (peer->when != NULL)
            text_printf(out, "[%s]", expression_text(peer->when));
    }
}

/* --- the callers of this site by name ---------------------------------------------------------------------------- */

enum { CALLERS_NAMED = 3 }; /* so many hosts are all named; of more, the first two and the number */

static void callers_add(struct text *out, const char *name)
{
    text_printf(out, "%s%s", out->length > 0 ? ", " : "", name);
}

static bool callers_host_calls(const struct plan_listener *listener, const struct host *host)
{
    for (size_t i = 0; i < host->role_count; i++) {
        const struct role *role = &host->roles[i];
        if (plan_is_caller(listener, role->guide, role->component, &role->settings) == CALLER_YES)
            return true;
    }
    return false;
}

/* The listener's own host is left out: no firewall has to let it in. */
static void callers_add_hosts(struct text *out, const struct site *site, const struct plan_listener *listener,
                              const struct host *own)
{
    const char *first[CALLERS_NAMED];
    size_t count = 0;
    for (size_t i = 0; i < site->host_count; i++) {
        if (&site->hosts[i] == own || !callers_host_calls(listener, &site->hosts[i]))
            continue;
        if (count < CALLERS_NAMED)
            first[count] = site->hosts[i].name;
        count++;
    }
    size_t named = count <= CALLERS_NAMED ? count : CALLERS_NAMED - 1;
    for (size_t i = 0; i < named; i++)
        callers_add(out, first[i]);
    if (named < count)
        text_printf(out, " ... (%zu)", count);
}

static void callers_add_networks(struct text *out, const struct site *site, const struct plan_listener *listener)
{
    for (size_t i = 0; i < site->network_count; i++) {
        const struct network *network = &site->networks[i];
        for (size_t k = 0; k < network->play_count; k++) {
            const struct played *play = &network->plays[k];
            if (plan_is_caller(listener, play->guide, play->component, &play->settings) != CALLER_YES)
                continue;
            callers_add(out, network->name);
            break;
        }
    }
}

static void callers_add_externals(struct text *out, const struct site *site, const struct rule *rule)
{
    for (size_t i = 0; i < site->external_count; i++) {
        const struct external *external = &site->externals[i];
        for (size_t k = 0; external->component != NULL && k < rule->from_count; k++) {
            if (rule->from[k].component != external->component)
                continue;
            callers_add(out, external->name);
            break;
        }
    }
}

void plan_format_callers(struct text *out, const struct plan *plan, const struct expectation *expectation)
{
    const struct rule *rule = expectation->rule;
    if (rule->from_count == 0) {
        text_add(out, rule->scope == SCOPE_HOST ? "the host itself" : "anybody");
        return;
    }
    struct plan_listener listener = plan_listener_of(plan, expectation);
    struct text names = {0};
    callers_add_hosts(&names, plan->site, &listener, expectation->host);
    callers_add_networks(&names, plan->site, &listener);
    callers_add_externals(&names, plan->site, rule);
    if (names.length == 0 && callers_host_calls(&listener, expectation->host))
        text_printf(&names, "%s itself", expectation->host->name);
    if (names.length > 0)
        text_add(out, text_string(&names));
    else /* the site does not say who plays them: the guide's words are all there is */
        rule_format_peers(out, rule);
    out->failed |= names.failed;
    text_done(&names);
}

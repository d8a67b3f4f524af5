/* Who calls a listener: each of its ports meets everybody who plays one of its callers. */
#include "build.h"

#include "portconform/error.h"
#include "portconform/vector.h"

#include <errno.h>
#include <string.h>

/* One port range that somebody listens on. */
struct listener {
    struct player *player;
    struct plan_listener as;
    struct port_range range;
    struct end_set set; /* its addresses that the rule is about */
};

static const char *ways_component(struct matrix_build *build, const struct guide *guide,
                                  const struct component *component)
{
    return arena_printf(build->arena, "%s of %s", component->name, guide->id);
}

/* --- one way ----------------------------------------------------------------------------------------------------- */

static bool ways_are_asked_for(const struct matrix_options *options, const struct player *source,
                               const struct player *destination)
{
    if (options->host == NULL)
        return true;
    bool to_it = destination->kind == END_HOST && destination->host == options->host;
    bool from_it = source != NULL && source->kind == END_HOST && source->host == options->host;
    return to_it || (from_it && !options->inbound);
}

static int ways_add(struct matrix_build *build, const struct listener *listener, const struct opening_end *source,
                    unsigned families)
{
    const struct opening_end *destination = ends_make(build, listener->player, &listener->set, families);
    struct way *slot = destination != NULL && source != NULL ? VECTOR_PUSH(&build->ways) : NULL;
    if (slot == NULL)
        return -ENOMEM;
    *slot = (struct way){.source = source,
                         .destination = destination,
                         .families = families,
                         .range = listener->range,
                         .rule = listener->as.rule};
    if (slot->range.low == slot->range.high)
        slot->range.step = 1;
    return 0;
}

static int ways_connect(struct matrix_build *build, const struct listener *listener, struct player *caller)
{
    const struct rule *rule = listener->as.rule;
    if (!ways_are_asked_for(build->options, caller, listener->player))
        return 0;
    struct end_choice choice = {.segment = rule->segment, .family = rule->family, .calls = true};
    struct end_set source;
    int error = ends_choose(build, caller, &choice, &source);
    if (error != 0)
        return error;
    if (source.count == 0)
        return doubt_add(build, QUESTION_ADDRESS, caller->name, caller->name, rule);
    unsigned families = source.families & listener->set.families;
    if (families == 0)
        return doubt_add(build, QUESTION_FAMILY, caller->name, listener->player->name, rule);
    return ways_add(build, listener, ends_make(build, caller, &source, families), families);
}

/* A host does not call itself by a firewall, and what is outside on both sides is not ours. */
static bool ways_are_ours(const struct listener *listener, const struct player *caller)
{
    const struct player *player = listener->player;
    if (player->kind == END_EXTERNAL && caller->kind == END_EXTERNAL)
        return false;
    return caller->host == NULL || player->kind != END_HOST || caller->host != player->host;
}

/* --- all callers of a listener ----------------------------------------------------------------------------------- */

static int ways_from_peer(struct matrix_build *build, const struct listener *listener, const struct peer *peer,
                          bool *played)
{
    size_t count;
    const struct play *plays = players_of(build, peer->component, &count);
    *played = count > 0;
    int error = 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        if (!ways_are_ours(listener, plays[i].player))
            continue;
        switch (plan_is_caller(&listener->as, plays[i].guide, plays[i].component, plays[i].settings)) {
        case CALLER_YES:
            error = ways_connect(build, listener, plays[i].player);
            break;
        case CALLER_UNKNOWN:
            error = doubt_add(build, QUESTION_CONDITION, expression_text(peer->when), listener->player->name,
                              listener->as.rule);
            break;
        case CALLER_NO:
            break;
        }
    }
    return error;
}

/* A component that the site need not have (nobody plays it, others call) is no question; one outside easily slips
 * the mind of who writes a site. */
static int ways_ask_for_callers(struct matrix_build *build, const struct listener *listener, const bool *played)
{
    const struct rule *rule = listener->as.rule;
    bool any = false;
    for (size_t i = 0; i < rule->from_count; i++)
        any = any || played[i];
    for (size_t i = 0; i < rule->from_count; i++) {
        const struct component *component = rule->from[i].component;
        if (played[i] || (any && !component->external))
            continue;
        const char *subject = ways_component(build, rule->guide, component);
        int error =
            subject != NULL ? doubt_add(build, QUESTION_CALLER, subject, listener->player->name, rule) : -ENOMEM;
        if (error != 0)
            return error;
    }
    return 0;
}

static int ways_from_anybody(struct matrix_build *build, const struct listener *listener)
{
    const struct player *player = listener->player;
    if (player->kind == END_EXTERNAL)
        return doubt_add(build, QUESTION_UNSAID, player->name, player->name, listener->as.rule);
    if (!ways_are_asked_for(build->options, NULL, player))
        return 0;
    return ways_add(build, listener, &ends_anybody, listener->set.families);
}

static int ways_to(struct matrix_build *build, struct listener *listener)
{
    const struct rule *rule = listener->as.rule;
    struct end_choice choice = {.segment = rule->segment, .family = rule->family};
    int error = ends_choose(build, listener->player, &choice, &listener->set);
    if (error != 0)
        return error;
    if (listener->set.count == 0)
        return doubt_add(build, QUESTION_ADDRESS, listener->player->name, listener->player->name, rule);
    if (rule->from_count == 0)
        return ways_from_anybody(build, listener);
    bool *played = ARENA_ARRAY(build->arena, bool, rule->from_count);
    if (played == NULL)
        return -ENOMEM;
    for (size_t i = 0; error == 0 && i < rule->from_count; i++)
        error = ways_from_peer(build, listener, &rule->from[i], &played[i]);
    if (error == 0 && listener->player->kind != END_EXTERNAL)
        error = ways_ask_for_callers(build, listener, played);
    return error;
}

static int ways_unset(struct matrix_build *build, const struct listener *listener, const char *parameter)
{
    const struct rule *rule = listener->as.rule;
    const char *subject =
        arena_printf(build->arena, "%s of %s", parameter, rule->guide != NULL ? rule->guide->id : "-");
    return subject != NULL ? doubt_add(build, QUESTION_PARAMETER, subject, listener->player->name, rule) : -ENOMEM;
}

/* --- hosts that listen ------------------------------------------------------------------------------------------- */

int ways_of_hosts(struct matrix_build *build)
{
    const struct plan *plan = build->plan;
    int error = 0;
    for (size_t h = 0; error == 0 && h < plan->host_count; h++) {
        const struct plan_host *host = &plan->hosts[h];
        struct listener listener = {.player = &build->players.items[host->host - plan->site->hosts]};
        for (size_t i = 0; error == 0 && i < host->expectation_count; i++) {
            const struct expectation *expectation = &host->expectations[i];
            if (!rule_needs_a_way(expectation->rule))
                continue;
            listener.as = plan_listener_of(plan, expectation);
            listener.range = expectation->range;
            error = expectation->unset != NULL ? ways_unset(build, &listener, expectation->unset)
                                               : ways_to(build, &listener);
        }
    }
    return error;
}

/* --- networks and externals that listen -------------------------------------------------------------------------- */

static int ways_of_item(struct matrix_build *build, struct listener *listener, const struct port_item *item,
                        const struct scope_values *values)
{
    if (item->kind != PORT_ITEM_NUMBERS)
        return 0;
    const char *unset = NULL;
    char why[DIAGNOSIS_TEXT] = "";
    int error = port_item_resolve(item, values, &listener->range, &unset, why);
    if (error == -ENOMEM)
        return error;
    if (error == PC_EUNSET)
        return ways_unset(build, listener, unset);
    if (error != 0) {
        const char *subject = arena_strdup(build->arena, why[0] != '\0' ? why : pc_strerror(error));
        return subject != NULL ? doubt_add(build, QUESTION_PORTS, subject, listener->player->name, listener->as.rule)
                               : -ENOMEM;
    }
    listener->range.transport = rule_transport(listener->as.rule, item);
    return listener->range.transport != TRANSPORT_UNSTATED ? ways_to(build, listener) : 0;
}

static int ways_of_rule(struct matrix_build *build, const struct play *play, const struct rule *rule)
{
    struct plan_values own = {.guide = play->guide, .settings = play->settings, .wall_ms = build->plan->wall_ms};
    struct scope_values values = plan_scope_values(&own, NULL);
    struct listener listener = {.player = play->player,
                                .as = {rule, play->guide, play->settings, build->plan->wall_ms}};
    bool applies = false;
    const char *unset = NULL;
    int error = plan_condition(rule->when, &values, &applies, &unset);
    if (error == PC_EUNSET)
        return ways_unset(build, &listener, unset);
    if (error != 0)
        return doubt_add(build, QUESTION_PORTS, pc_strerror(error), play->player->name, rule);
    for (size_t i = 0; error == 0 && applies && i < rule->ports.count; i++)
        error = ways_of_item(build, &listener, &rule->ports.items[i], &values);
    return error;
}

static int ways_of_plays(struct matrix_build *build)
{
    int error = 0;
    for (size_t i = 0; i < build->plays.count; i++) {
        const struct play *play = &build->plays.items[i];
        if (play->player->kind != END_NETWORK && play->player->kind != END_EXTERNAL)
            continue;
        for (size_t r = 0; error == 0 && r < play->guide->rule_count; r++) {
            const struct rule *rule = &play->guide->rules[r];
            if (rule->listens == play->component && rule_needs_a_way(rule))
                error = ways_of_rule(build, play, rule);
        }
    }
    return error;
}

/* --- what ought to be in `externals` ----------------------------------------------------------------------------- */

/* Would this caller call, as far as its own settings tell? What they leave open is asked as well. */
static bool ways_may_call(const struct matrix_build *build, const struct play *play, const struct rule *rule)
{
    struct plan_values own = {.guide = play->guide, .settings = play->settings, .wall_ms = build->plan->wall_ms};
    struct scope_values values = plan_scope_values(&own, NULL);
    bool applies = false;
    int error = plan_condition(rule->when, &values, &applies, NULL);
    return play->player->kind != END_EXTERNAL && (error != 0 || applies);
}

static int ways_ask_for_place(struct matrix_build *build, const struct rule *rule)
{
    const char *subject = ways_component(build, rule->guide, rule->listens);
    int error = subject != NULL ? 0 : -ENOMEM;
    for (size_t i = 0; error == 0 && i < rule->from_count; i++) {
        size_t count;
        const struct play *plays = players_of(build, rule->from[i].component, &count);
        for (size_t k = 0; error == 0 && k < count; k++)
            if (ways_may_call(build, &plays[k], rule))
                error = doubt_add(build, QUESTION_LISTENER, subject, plays[k].player->name, rule);
    }
    return error;
}

static int ways_of_unplaced(struct matrix_build *build, const struct guide *guide)
{
    int error = 0;
    for (size_t r = 0; error == 0 && r < guide->rule_count; r++) {
        const struct rule *rule = &guide->rules[r];
        size_t count = 0;
        if (rule->listens != NULL && rule->listens->external && rule_needs_a_way(rule)) {
            players_of(build, rule->listens, &count);
            error = count == 0 ? ways_ask_for_place(build, rule) : 0;
        }
    }
    return error;
}

int ways_of_others(struct matrix_build *build)
{
    const struct site *site = build->plan->site;
    int error = ways_of_plays(build);
    for (size_t i = 0; error == 0 && i < site->guide_count; i++)
        error = ways_of_unplaced(build, site->guides[i]);
    return error;
}

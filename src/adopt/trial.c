/* One component with certain values of its parameters: what it demands, and how much of it is there. */
#include "adopting.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum {
    WIDE = 16,      /* beyond so many ports, the whole of a range says no more than so many */
    GROUPS_MAX = 16 /* one-of groups of one component that are told apart */
};

/* What is not demanded speaks for a component too, but less. */
static const double beside = 0.5;

double measure_coverage(const struct measure *measure)
{
    if (measure->demanded <= 0) /* nothing is demanded: what is there may be chance */
        return 0.5;
    double coverage = measure->met / measure->demanded;
    return coverage < 1 ? coverage : 1;
}

double measure_score(const struct measure *measure)
{
    return measure->evidence * measure_coverage(measure);
}

static int trial_lookup(const void *context, const char *name, struct value *ret)
{
    const struct trial *trial = context;
    for (size_t i = 0; i < trial->guide->parameter_count; i++) {
        if (strcmp(trial->guide->parameters[i].name, name) == 0) {
            *ret = trial->values[i];
            return 0;
        }
    }
    return -ENOENT;
}

int trial_init(struct trial *trial, const struct ears *ears, const struct component *component,
               const struct guide *guide, struct arena *arena)
{
    *trial = (struct trial){.ears = ears, .guide = guide, .component = component};
    trial->rules = ARENA_ARRAY(arena, const struct rule *, guide->rule_count);
    trial->values = ARENA_ARRAY(arena, struct value, guide->parameter_count);
    if (trial->rules == NULL || trial->values == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < guide->rule_count; i++) /* firmware is no listener */
        if (guide->rules[i].listens == component && !guide->rules[i].outside_os)
            trial->rules[trial->rule_count++] = &guide->rules[i];
    trial_reset(trial);
    return 0;
}

void trial_reset(struct trial *trial)
{
    for (size_t i = 0; i < trial->guide->parameter_count; i++)
        trial->values[i] = trial->guide->parameters[i].initial;
}

bool trial_holds(const struct trial *trial, const struct rule *rule)
{
    struct scope_values scope = {.lookup = trial_lookup, .context = trial};
    struct value value;
    if (rule->when == NULL)
        return true;
    return expression_eval(rule->when, &scope, &value, NULL) == 0 && value.type == VALUE_BOOL && value.number != 0;
}

bool trial_resolve(const struct trial *trial, const struct rule *rule, const struct port_item *item,
                   struct port_range *ret)
{
    struct scope_values scope = {.lookup = trial_lookup, .context = trial};
    if (item->kind != PORT_ITEM_NUMBERS || rule_transport(rule, item) == TRANSPORT_UNSTATED ||
        port_item_resolve(item, &scope, ret, NULL, NULL) != 0)
        return false;
    ret->transport = rule_transport(rule, item);
    return true;
}

static bool trial_one_suffices(const struct rule *rule)
{
    return rule->presence == PRESENCE_ANY || rule->presence == PRESENCE_FIRST_FREE || rule->presence == PRESENCE_ONE_OF;
}

/* The more ports a range has, the more likely somebody listens on one by chance. */
static double trial_breadth(const struct port_range *range)
{
    return 1 / (1 + log2(port_range_count(range)) / 3);
}

/* What one item adds, all of its ports together. */
struct tried_item {
    double evidence, met, demanded;
    unsigned hits, misplaced;
};

static void trial_add_port(const struct trial *trial, const struct rule *rule, enum transport transport, uint16_t port,
                           struct tried_item *ret)
{
    double weight = ears_weight(trial->ears, transport, port);
    bool new = false;
    double match = ears_match(trial->ears, transport, port, rule->scope, &new);
    ret->demanded += weight;
    ret->met += weight * match;
    ret->evidence += new ? weight *match : 0;
    ret->hits += match > 0;
    ret->misplaced += match > 0 && match < 1;
}

/* Of a range of which one port suffices: that which says most. */
static struct tried_item trial_best_port(const struct trial *trial, const struct rule *rule,
                                         const struct port_range *range)
{
    struct tried_item best = {0};
    unsigned hits = 0;
    trial_add_port(trial, rule, range->transport, range->low, &best);
    for (unsigned port = range->low; port <= range->high; port += range->step) {
        struct tried_item one = {0};
        if (!ears_hear(trial->ears, range->transport, (uint16_t)port))
            continue;
        trial_add_port(trial, rule, range->transport, (uint16_t)port, &one);
        if (hits++ == 0 || one.evidence > best.evidence)
            best = one;
    }
    double breadth = trial_breadth(range);
    best.evidence *= breadth;
    best.met *= breadth;
    best.demanded *= breadth;
    best.hits = hits;
    return best;
}

static struct tried_item trial_all_ports(const struct trial *trial, const struct rule *rule,
                                         const struct port_range *range)
{
    struct tried_item all = {0};
    for (unsigned port = range->low; port <= range->high; port += range->step)
        trial_add_port(trial, rule, range->transport, (uint16_t)port, &all);
    unsigned count = port_range_count(range);
    double scale = count > WIDE ? (double)WIDE / count : 1;
    all.evidence *= scale;
    all.met *= scale;
    all.demanded *= scale;
    return all;
}

static struct tried_item trial_item(const struct trial *trial, const struct rule *rule, const struct port_range *range)
{
    struct tried_item item =
        trial_one_suffices(rule) ? trial_best_port(trial, rule, range) : trial_all_ports(trial, rule, range);
    bool demanded = !presence_absence_conforms(rule->presence) && !rule->multicast;
    if (demanded)
        return item;
    item.met = item.demanded = 0;
    item.evidence *= rule->presence == PRESENCE_DYNAMIC ? 0 : beside;
    return item;
}

/* Of a one-of group the best member counts. */
struct tried_group {
    const char *name;
    struct measure best;
};

static struct measure *trial_group(struct tried_group *groups, const char *name)
{
    for (size_t i = 0; i < GROUPS_MAX; i++) {
        if (groups[i].name == NULL)
            groups[i].name = name;
        if (strcmp(groups[i].name, name) == 0)
            return &groups[i].best;
    }
    return NULL;
}

static void measure_add(struct measure *sum, const struct measure *more)
{
    sum->evidence += more->evidence;
    sum->met += more->met;
    sum->demanded += more->demanded;
}

static void trial_add_rule(const struct trial *trial, const struct rule *rule, struct tried_group *groups,
                           struct measure *sum)
{
    struct measure *group =
        rule->presence == PRESENCE_ONE_OF && rule->group != NULL ? trial_group(groups, rule->group) : NULL;
    for (size_t i = 0; i < rule->ports.count; i++) {
        struct port_range range;
        if (!trial_resolve(trial, rule, &rule->ports.items[i], &range))
            continue;
        struct tried_item item = trial_item(trial, rule, &range);
        struct measure one = {item.evidence, item.met, item.demanded};
        if (group == NULL)
            measure_add(sum, &one);
        else if (group->demanded <= 0 || one.met > group->met)
            *group = one;
    }
}

/* The same ports told by several rows count once, as the first of them has it. */
static bool trial_is_told(const struct trial *trial, size_t rule, const struct port_range *range)
{
    for (size_t i = 0; i < rule; i++) {
        const struct rule *earlier = trial->rules[i];
        struct port_range other;
        if (earlier->ports.count == 1 && trial_holds(trial, earlier) &&
            trial_resolve(trial, earlier, &earlier->ports.items[0], &other) && other.transport == range->transport &&
            other.low == range->low && other.high == range->high)
            return true;
    }
    return false;
}

struct measure trial_measure(const struct trial *trial)
{
    struct tried_group groups[GROUPS_MAX] = {0};
    struct measure sum = {0};
    for (size_t i = 0; i < trial->rule_count; i++) {
        const struct rule *rule = trial->rules[i];
        struct port_range range;
        bool single = rule->ports.count == 1;
        if (!trial_holds(trial, rule))
            continue;
        if (!single || !trial_resolve(trial, rule, &rule->ports.items[0], &range) || !trial_is_told(trial, i, &range))
            trial_add_rule(trial, rule, groups, &sum);
    }
    for (size_t i = 0; i < GROUPS_MAX && groups[i].name != NULL; i++)
        measure_add(&sum, &groups[i].best);
    return sum;
}

struct adopt_item trial_look(const struct trial *trial, const struct rule *rule, const struct port_range *range)
{
    struct tried_item tried = trial_item(trial, rule, range);
    struct adopt_item item = {.rule = rule, .range = *range, .hits = tried.hits};
    bool demanded = tried.demanded > 0 && rule->presence != PRESENCE_ONE_OF;
    bool whole = trial_one_suffices(rule) || !demanded || tried.hits == port_range_count(range);
    if (tried.hits == 0)
        item.state = demanded ? ADOPT_MISSING : ADOPT_ABSENT;
    else
        item.state = whole && tried.misplaced == 0 ? ADOPT_FOUND : ADOPT_PARTLY;
    return item;
}

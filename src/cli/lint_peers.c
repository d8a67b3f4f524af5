/* Peers that nobody plays: whom a rule in force is for, and no host, network, external or vantage is one. */
#include "lint.h"

#include "portconform/vector.h"
#include <errno.h>
#include <string.h>

/* A component that nobody plays, with the rules that name it as a caller. */
struct unplayed {
    const struct guide *guide;
    const struct component *component;
    bool alone; /* a rule that is for its peers alone has none at all */
    struct rule_names names;
};
struct unplayed_list {
    struct unplayed *items;
    size_t count, capacity;
};

static bool played_in(const struct played *plays, size_t count, const struct component *component)
{
    for (size_t i = 0; i < count; i++)
        if (plays[i].component == component)
            return true;
    return false;
}

static bool is_played_by_host(const struct site *site, const struct component *component)
{
    for (size_t h = 0; h < site->host_count; h++)
        for (size_t i = 0; i < site->hosts[h].role_count; i++)
            if (site->hosts[h].roles[i].component == component)
                return true;
    return false;
}

static bool is_played(const struct site *site, const struct component *component)
{
    for (size_t i = 0; i < site->network_count; i++)
        if (played_in(site->networks[i].plays, site->networks[i].play_count, component))
            return true;
    for (size_t i = 0; i < site->external_count; i++)
        if (site->externals[i].component == component)
            return true;
    for (size_t i = 0; i < site->vantage_count; i++)
        if (played_in(site->vantages[i].acts_as, site->vantages[i].acts_as_count, component))
            return true;
    return is_played_by_host(site, component);
}

static struct unplayed *unplayed_for(struct unplayed_list *list, const struct rule *rule,
                                     const struct component *component)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].component == component)
            return &list->items[i];
    struct unplayed *added = VECTOR_PUSH(list);
    if (added)
        *added = (struct unplayed){.guide = rule->guide, .component = component};
    return added;
}

static int check_rule(const struct site *site, const struct rule *rule, struct unplayed_list *list)
{
    bool any = false;
    for (size_t i = 0; !any && i < rule->from_count; i++)
        any = is_played(site, rule->from[i].component);
    for (size_t i = 0; i < rule->from_count; i++) {
        const struct component *component = rule->from[i].component;
        if (is_played(site, component))
            continue;
        struct unplayed *unplayed = unplayed_for(list, rule, component);
        if (!unplayed)
            return -ENOMEM;
        unplayed->alone = unplayed->alone || (!any && rule->scope == SCOPE_PEERS);
        lint_name_rule(&unplayed->names, rule);
    }
    return 0;
}

/* Each rule once, however many hosts it holds on. */
struct rules_seen {
    const struct rule **items;
    size_t count, capacity;
};

static bool is_seen(const struct rules_seen *seen, const struct rule *rule)
{
    for (size_t i = 0; i < seen->count; i++)
        if (seen->items[i] == rule)
            return true;
    return false;
}

static int check_host(const struct site *site, const struct plan_host *host, struct rules_seen *seen,
                      struct unplayed_list *list)
{
    for (size_t e = 0; e < host->expectation_count; e++) {
        const struct rule *rule = host->expectations[e].rule;
        if (rule->from_count == 0 || rule->scope == SCOPE_HOST || is_seen(seen, rule))
            continue;
        const struct rule **slot = VECTOR_PUSH(seen);
        if (!slot)
            return -ENOMEM;
        *slot = rule;
        int r = check_rule(site, rule, list);
        if (r < 0)
            return r;
    }
    return 0;
}

static void tell_unplayed(struct unplayed *unplayed, const struct site *site, struct diag_list *diags)
{
    struct text hint = {0};
    const char *guide = unplayed->guide ? unplayed->guide->id : site->name;
    text_printf(&hint,
                "who is it? a role of a host, or in site.conf: networks: ( { name = \"...\"; prefixes = [\"...\"]; "
                "plays = ( { guide = \"%s\"; component = \"%s\"; } ); } );",
                guide, unplayed->component->name);
    diag_add(diags, unplayed->alone ? DIAG_WARNING : DIAG_NOTE, site->origin, text_string(&hint),
             "nobody plays %s of %s, neither host, network, external nor vantage; it is to call %s",
             unplayed->component->name, guide, lint_names_string(&unplayed->names));
    text_done(&hint);
}

int lint_peers(const struct lint_plans *plans, struct diag_list *diags)
{
    const struct plan *first = plans->items[0];
    struct unplayed_list list = {0};
    struct rules_seen seen = {0};
    int r = 0;
    for (size_t h = 0; r == 0 && h < first->host_count; h++)
        r = check_host(first->site, &first->hosts[h], &seen, &list);
    for (size_t i = 0; i < list.count; i++) {
        if (r == 0)
            tell_unplayed(&list.items[i], first->site, diags);
        text_done(&list.items[i].names.text);
    }
    VECTOR_DONE(&list);
    VECTOR_DONE(&seen);
    return r;
}

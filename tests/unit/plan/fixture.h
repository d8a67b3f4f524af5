/* A small guide and a small site, built by hand: what the tests of the plan share.
 *
 * The guide "g" has the components manager, agent, router and browser (external), and the parameters topology
 * (single), side (no default), instance (0), amt (no default) and phase (operation). */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "portconform/error.h"
#include "portconform/plan.h"
#include "portconform/text.h"

enum { FIXTURE_MAX = 12 };

struct fixture {
    struct arena *arena;
    struct diag_list diags;
    struct parameter parameters[5];
    struct component components[4];
    struct rule rules[FIXTURE_MAX];
    struct guide guide;
    struct host hosts[FIXTURE_MAX];
    struct vantage vantages[FIXTURE_MAX];
    struct network networks[2];
    struct external externals[2];
    struct site site;
    struct config config;
    struct address own[4];
    struct plan_options options;
    struct plan *plan;
};

static inline struct value text_value(const char *text)
{
    return (struct value){.type = VALUE_TEXT, .text = text};
}

static inline struct value number_value(int64_t number)
{
    return (struct value){.type = VALUE_INT, .number = number};
}

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    f->arena = arena_new();
    if (f->arena == NULL || diag_list_init(&f->diags) != 0)
        return -1;
    f->parameters[0] = (struct parameter){.name = "topology", .kind = PARAMETER_ENUM, .initial = text_value("single")};
    f->parameters[1] = (struct parameter){.name = "side", .kind = PARAMETER_ENUM};
    f->parameters[2] = (struct parameter){.name = "instance", .kind = PARAMETER_INT, .initial = number_value(0)};
    f->parameters[3] =
        (struct parameter){.name = "amt", .kind = PARAMETER_BOOL, .origin = {.file = "g.conf", .line = 7}};
    f->parameters[4] = (struct parameter){.name = "phase", .kind = PARAMETER_ENUM, .initial = text_value("operation")};
    f->components[0] = (struct component){.name = "manager"};
    f->components[1] = (struct component){.name = "agent"};
    f->components[2] = (struct component){.name = "router"};
    f->components[3] = (struct component){.name = "browser", .external = true};
    f->guide = (struct guide){.id = "g",
                              .parameters = f->parameters,
                              .parameter_count = 5,
                              .components = f->components,
                              .component_count = 4,
                              .rules = f->rules};
    f->site = (struct site){.name = "osaka-dc",
                            .hosts = f->hosts,
                            .vantages = f->vantages,
                            .networks = f->networks,
                            .externals = f->externals,
                            .origin = {.file = "site.conf", .line = 1}};
    f->config = (struct config){.site = &f->site, .guides = &f->guide, .guide_count = 1};
    f->options = (struct plan_options){.own_addresses = f->own, .exposure = true};
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    plan_free(f->plan);
    diag_list_done(&f->diags);
    arena_free(f->arena);
    free(f);
    return 0;
}

/* One array of the fixture's arena, longer by one: contents kept, the new element zeroed. */
static inline void *grown(struct fixture *f, const void *items, size_t count, size_t size)
{
    char *more = arena_array(f->arena, count + 1, size);
    if (more == NULL)
        abort();
    if (count > 0)
        memcpy(more, items, count * size);
    return more;
}

static inline struct port_items ports_of(struct fixture *f, const char *text)
{
    struct port_items items;
    assert_int_equal(ports_parse(text, (struct origin){0}, f->arena, &items, &f->diags), 0);
    return items;
}

static inline const struct expression *expression_of(struct fixture *f, const char *text)
{
    const struct expression *expression = NULL;
    if (text != NULL)
        assert_int_equal(expression_parse(text, (struct origin){0}, f->arena, &expression, &f->diags), 0);
    return expression;
}

static inline const struct component *component_of(struct fixture *f, const char *name)
{
    const struct component *component = guide_component(&f->guide, name);
    assert_non_null(component);
    return component;
}

static inline struct rule *add_rule(struct fixture *f, const char *ref, const char *component, const char *ports)
{
    assert_true(f->guide.rule_count < FIXTURE_MAX);
    struct rule *rule = &f->rules[f->guide.rule_count++];
    rule->guide = &f->guide;
    rule->ref = ref;
    rule->id = arena_printf(f->arena, "g/%s", ref);
    rule->listens = component_of(f, component);
    rule->ports = ports_of(f, ports);
    rule->origin = (struct origin){.file = "g.conf", .line = (unsigned)(10 + f->guide.rule_count)};
    return rule;
}

static inline void add_peer(struct fixture *f, struct rule *rule, const char *component, const char *when)
{
    struct peer *peers = grown(f, rule->from, rule->from_count, sizeof *peers);
    peers[rule->from_count++] = (struct peer){.component = component_of(f, component), .when = expression_of(f, when)};
    rule->from = peers;
}

static inline void add_address(struct fixture *f, struct host *host, const char *text, const char *segment)
{
    struct host_address *addresses = grown(f, host->addresses, host->address_count, sizeof *addresses);
    struct host_address *address = &addresses[host->address_count++];
    address->text = text;
    address->segment = segment;
    if (address_parse(text, &address->address) != 0)
        address->address = (struct address){.family = AF_UNSPEC};
    host->addresses = addresses;
}

static inline struct host *add_host(struct fixture *f, const char *name, const char *address)
{
    assert_true(f->site.host_count < FIXTURE_MAX);
    struct host *host = &f->hosts[f->site.host_count++];
    host->name = name;
    if (address != NULL)
        add_address(f, host, address, NULL);
    return host;
}

/* The pointer holds until the next role of the same host. */
static inline struct role *add_role(struct fixture *f, struct host *host, const char *component, const char *name)
{
    struct role *roles = grown(f, host->roles, host->role_count, sizeof *roles);
    struct role *role = &roles[host->role_count++];
    role->guide = &f->guide;
    role->component = component_of(f, component);
    role->name = name != NULL ? name : component;
    host->roles = roles;
    return role;
}

static inline void set(struct fixture *f, struct settings *settings, const char *name, struct value value)
{
    struct setting *items = grown(f, settings->items, settings->count, sizeof *items);
    items[settings->count++] =
        (struct setting){.guide = &f->guide, .name = name, .value = value, .level = SETTING_ROLE};
    settings->items = items;
}

static inline struct rule *add_own(struct fixture *f, struct host *host, const char *id, const char *ports)
{
    struct rule *rules = grown(f, host->expect, host->expect_count, sizeof *rules);
    struct rule *rule = &rules[host->expect_count++];
    rule->id = id;
    rule->ports = ports_of(f, ports);
    host->expect = rules;
    return rule;
}

static inline struct vantage *add_vantage(struct fixture *f, const char *name)
{
    struct vantage *vantage = &f->vantages[f->site.vantage_count++];
    vantage->name = name;
    return vantage;
}

static inline struct played *add_play(struct fixture *f, struct vantage *vantage, const char *component)
{
    struct played *plays = grown(f, vantage->acts_as, vantage->acts_as_count, sizeof *plays);
    struct played *play = &plays[vantage->acts_as_count++];
    play->guide = &f->guide;
    play->component = component_of(f, component);
    vantage->acts_as = plays;
    return play;
}

static inline void add_own_address(struct fixture *f, const char *text)
{
    assert_int_equal(address_parse(text, &f->own[f->options.own_address_count++]), 0);
}

static inline const struct plan *build(struct fixture *f)
{
    plan_free(f->plan);
    f->plan = NULL;
    assert_int_equal(plan_build(&f->config, &f->options, &f->plan, &f->diags), 0);
    return f->plan;
}

static inline const struct plan_host *host_of(const struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->plan->host_count; i++) {
        if (strcmp(f->plan->hosts[i].host->name, name) == 0)
            return &f->plan->hosts[i];
    }
    fail_msg("no host %s in the plan", name);
    return NULL;
}

static inline const struct expectation *expectation_of(const struct fixture *f, const char *key)
{
    for (size_t i = 0; i < f->plan->host_count; i++) {
        const struct plan_host *host = &f->plan->hosts[i];
        for (size_t k = 0; k < host->expectation_count; k++) {
            if (strcmp(host->expectations[k].key, key) == 0)
                return &host->expectations[k];
        }
    }
    fail_msg("no expectation %s in the plan", key);
    return NULL;
}

/* The demand of the first flow: the tests that ask have one. */
static inline enum flow_demand demand_of(const struct fixture *f, const char *key)
{
    const struct expectation *expectation = expectation_of(f, key);
    assert_true(expectation->flow_count > 0);
    return expectation->flows[0].demand;
}

static inline bool is_probed(const struct expectation *expectation)
{
    bool probed = false;
    for (size_t i = 0; i < expectation->flow_count; i++)
        probed = probed || expectation->flows[i].id != SIZE_MAX;
    return probed;
}

#define PLAN_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

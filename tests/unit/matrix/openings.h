/* A site of the plan's fixture, told as openings: one line each, so that a test reads like a matrix. */
#pragma once

#include "unit/plan/fixture.h"

#include "portconform/matrix.h"

struct openings {
    struct fixture *f;
    struct matrix_options options;
    struct matrix *matrix;
    struct text lines;
    const struct guide *guides[1];
};

/* Names stay names. */
static inline int lookup_nothing(void *context, const char *name, struct address **ret)
{
    (void)context;
    (void)name;
    *ret = NULL;
    return 0;
}

static inline int openings_setup(void **state)
{
    struct openings *o = calloc(1, sizeof *o);
    void *fixture = NULL;
    if (o == NULL || fixture_setup(&fixture) != 0)
        return -1;
    o->f = fixture;
    o->guides[0] = &o->f->guide;
    o->f->site.guides = o->guides;
    o->f->site.guide_count = 1;
    o->f->options.lookup = lookup_nothing;
    *state = o;
    return 0;
}

static inline int openings_teardown(void **state)
{
    struct openings *o = *state;
    void *fixture = o->f;
    matrix_free(o->matrix);
    text_done(&o->lines);
    fixture_teardown(&fixture);
    free(o);
    return 0;
}

static inline const struct matrix *matrix_of(struct openings *o)
{
    matrix_free(o->matrix);
    o->matrix = NULL;
    assert_int_equal(matrix_build(build(o->f), &o->options, &o->matrix), 0);
    return o->matrix;
}

/* "mgr01 10.0.1.10 > pc01 10.0.1.50 tcp 31001 g/t/1\n" for each, then "? QUESTION\n" for each. */
static inline const char *told(struct openings *o)
{
    const struct matrix *matrix = matrix_of(o);
    text_clear(&o->lines);
    for (size_t i = 0; i < matrix->opening_count; i++) {
        const struct opening *opening = &matrix->openings[i];
        char range[PORT_RANGE_TEXT];
        const struct opening_end *ends[] = {opening->source, opening->destination};
        for (size_t k = 0; k < 2; k++) {
            text_printf(&o->lines, "%s%s%s", k > 0 ? " > " : "", ends[k]->name, ends[k]->address_count > 0 ? " " : "");
            end_format_addresses(&o->lines, ends[k]);
        }
        text_printf(&o->lines, " %s %s ", transport_name(opening->range.transport),
                    port_range_format(&opening->range, range, sizeof range));
        rules_format(&o->lines, opening->rules, opening->rule_count);
        text_add(&o->lines, "\n");
    }
    for (size_t i = 0; i < matrix->question_count; i++) {
        text_add(&o->lines, "? ");
        question_format(&o->lines, &matrix->questions[i]);
        text_add(&o->lines, "\n");
    }
    assert_false(o->lines.failed);
    return text_string(&o->lines);
}

#define MATRIX_TEST(name) cmocka_unit_test_setup_teardown(name, openings_setup, openings_teardown)

static inline struct rule *called_rule(struct fixture *f, const char *ref, const char *component, const char *ports,
                                       const char *peer)
{
    struct rule *rule = add_rule(f, ref, component, ports);
    if (peer != NULL)
        add_peer(f, rule, peer, NULL);
    return rule;
}

/* The pointer's network holds until the end; its plays and prefixes are replaced by each call. */
static inline struct network *add_network(struct fixture *f, const char *name, const char *component,
                                          const char *prefix)
{
    struct network *network = &f->networks[f->site.network_count++];
    struct played *play = arena_alloc(f->arena, sizeof *play);
    struct prefix *made = arena_alloc(f->arena, sizeof *made);
    assert_non_null(play);
    assert_non_null(made);
    assert_int_equal(prefix_parse(prefix, made), 0);
    *play = (struct played){.guide = &f->guide, .component = component_of(f, component)};
    *network = (struct network){.name = name, .prefixes = made, .prefix_count = 1, .plays = play, .play_count = 1};
    return network;
}

static inline struct external *add_external(struct fixture *f, const char *name, const char *component,
                                            const char *address)
{
    struct external *external = &f->externals[f->site.external_count++];
    const char **addresses = arena_alloc(f->arena, 2 * sizeof *addresses);
    assert_non_null(addresses);
    addresses[0] = address;
    *external = (struct external){
        .name = name, .guide = &f->guide, .component = component_of(f, component), .addresses = {addresses, 1}};
    return external;
}

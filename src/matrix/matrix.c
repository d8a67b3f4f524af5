/* The matrix as a whole, and how its openings read. */
#include "build.h"

#include "portconform/vector.h"

#include <errno.h>
#include <string.h>

static int matrix_fill(struct matrix_build *build, struct matrix *matrix)
{
    int error = players_collect(build);
    if (error == 0)
        error = ways_of_hosts(build);
    if (error == 0)
        error = ways_of_others(build);
    if (error == 0)
        error = merge_ways(build, matrix);
    if (error == 0)
        error = questions_make(build, matrix);
    return error;
}

int matrix_build(const struct plan *plan, const struct matrix_options *options, struct matrix **ret)
{
    struct matrix_build build = {.plan = plan, .options = options, .arena = arena_new()};
    if (build.arena == NULL)
        return -ENOMEM;
    int error = -ENOMEM;
    struct matrix *matrix = ARENA_NEW(build.arena, struct matrix);
    if (matrix == NULL)
        goto out;
    *matrix = (struct matrix){.arena = build.arena, .plan = plan, .host = options->host};
    error = matrix_fill(&build, matrix);
    if (error == 0) {
        *ret = matrix;
        build.arena = NULL; /* the matrix's from here on */
    }
out:
    players_done(&build);
    VECTOR_DONE(&build.ways);
    VECTOR_DONE(&build.doubts);
    arena_free(build.arena);
    return error;
}

void matrix_free(struct matrix *matrix)
{
    if (matrix != NULL)
        arena_free(matrix->arena);
}

void rules_format(struct text *out, const struct rule *const *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_printf(out, "%s%s", i > 0 ? "," : "", rules[i]->id);
}

/* Has a rule before this one named the same service? */
static bool opening_names_service(const struct opening *opening, size_t before)
{
    for (size_t i = 0; i < before; i++)
        if (opening->rules[i]->service == opening->rules[before]->service)
            return true;
    return false;
}

void opening_format_service(struct text *out, const struct opening *opening)
{
    bool first = true;
    for (size_t i = 0; i < opening->rule_count; i++) {
        const struct service *service = opening->rules[i]->service;
        if (service == NULL || opening_names_service(opening, i))
            continue;
        text_printf(out, "%s%s", first ? "" : ",", service->name);
        first = false;
    }
}

const char *opening_about(const struct opening *opening)
{
    for (size_t i = 0; i < opening->rule_count; i++)
        if (opening->rules[i]->about != NULL)
            return opening->rules[i]->about;
    return NULL;
}

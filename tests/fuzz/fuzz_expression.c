/* Expressions: parsing, evaluation, the type check. What was read reads again as the same. */
#include "fuzz.h"
#include "portconform/expression.h"
#include "values.h"

static int lookup_type(const void *context, const char *name, struct parameter_type *ret)
{
    static const char *const letters[] = {"a", "b", NULL};
    struct value value;
    if (fuzz_lookup(context, name, &value) < 0)
        return -ENOENT;
    *ret = (struct parameter_type){.type = value.type == VALUE_UNSET ? VALUE_BOOL : value.type};
    if (ret->type == VALUE_TEXT)
        ret->values = letters;
    return 0;
}

static void count_name(void *context, const char *name, bool is_peer)
{
    (void)is_peer;
    *(size_t *)context += strlen(name);
}

static void check_expression(const struct expression *expression, struct arena *arena, struct diag_list *diags)
{
    static const char *const names[] = {"instance", "side", "topology", NULL};
    const struct scope_types types = {.lookup = lookup_type, .names = names, .has_peer = true};
    const struct expression *again = NULL;
    struct value first;
    struct value second;
    const char *unset = NULL;
    size_t name_octets = 0;
    FUZZ_ASSERT(expression_parse(expression_text(expression), (struct origin){0}, arena, &again, NULL) == 0);
    const int status = expression_eval(expression, &fuzz_values, &first, &unset);
    FUZZ_ASSERT(expression_eval(again, &fuzz_values, &second, NULL) == status);
    FUZZ_ASSERT(status < 0 || value_equal(&first, &second));
    expression_names(expression, count_name, &name_octets);
    FUZZ_ASSERT(name_octets <= EXPRESSION_TEXT_MAX);
    FUZZ_ASSERT((name_octets == 0) == expression_is_constant(expression));
    if (expression_check(expression, VALUE_BOOL, &types, diags) == 0 && status == 0)
        FUZZ_ASSERT(first.type == VALUE_BOOL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    struct arena *arena = arena_new();
    struct diag_list diags;
    const struct expression *expression;
    size_t used;
    const struct origin origin = {.file = "fuzz", .line = 1, .column = 1};
    FUZZ_ASSERT(arena && diag_list_init(&diags) == 0);
    const int status = expression_parse(text, origin, arena, &expression, &diags);
    FUZZ_ASSERT((status == 0) == (diags.count == 0));
    if (status == 0)
        check_expression(expression, arena, &diags);
    if (expression_parse_prefix(text, origin, arena, &expression, &used, NULL) == 0)
        FUZZ_ASSERT(used > 0 && used <= size);
    diag_list_done(&diags);
    arena_free(arena);
    free(text);
    return 0;
}

/* Expressions: values, three-valued logic, the type check. */
#include "fixture.h"
#include "portconform/error.h"
#include "portconform/expression.h"
#include "portconform/text.h"
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct origin origin = {.file = "guide.conf", .line = 3, .column = 20};

struct named_value {
    const char *name;
    struct value value;
};

static const struct named_value own[] = {
    {"topology", {VALUE_TEXT, 0, "multi"}},  {"side", {VALUE_TEXT, 0, "a"}},    {"instance", {VALUE_INT, 3, NULL}},
    {"huge", {VALUE_INT, INT64_MAX, NULL}},  {"tls", {VALUE_BOOL, 1, NULL}},    {"amt", {VALUE_UNSET, 0, NULL}},
    {"least", {VALUE_INT, INT64_MIN, NULL}}, {"count", {VALUE_UNSET, 0, NULL}}, {NULL, {VALUE_UNSET, 0, NULL}},
};
static const struct named_value peers[] = {
    {"side", {VALUE_TEXT, 0, "b"}},
    {"instance", {VALUE_INT, 3, NULL}},
    {"amt", {VALUE_UNSET, 0, NULL}},
    {NULL, {VALUE_UNSET, 0, NULL}},
};

static int lookup(const void *context, const char *name, struct value *ret)
{
    for (const struct named_value *one = context; one->name; one++) {
        if (strcmp(one->name, name) == 0) {
            *ret = one->value;
            return 0;
        }
    }
    return -ENOENT;
}

static const struct scope_values peer_values = {.lookup = lookup, .context = peers};
static const struct scope_values values = {.lookup = lookup, .context = own, .peer = &peer_values};

static const struct expression *parsed(struct fixture *fixture, const char *text)
{
    const struct expression *expression = NULL;
    assert_int_equal(expression_parse(text, origin, fixture->arena, &expression, &fixture->diags), 0);
    assert_non_null(expression);
    return expression;
}

static void evaluates(void **state)
{
    static const struct {
        const char *text;
        const char *result; /* as value_format() writes it */
    } cases[] = {
        {"1+2*3", "7"},
        {"(1+2)*3", "9"},
        {"10-4-3", "3"},
        {"100/10/2", "5"},
        {"7%4*2", "6"},
        {"-3+5", "2"},
        {"2*-3", "-6"},
        {"-7/2", "-3"},
        {"40007+40*instance", "40127"},
        {"topology == 'multi'", "true"},
        {"topology != 'multi'", "false"},
        {"'multi' == topology", "true"},
        {"peer.instance == instance && peer.side != side", "true"},
        {"instance < 3", "false"},
        {"instance <= 3", "true"},
        {"instance > 2", "true"},
        {"instance >= 4", "false"},
        {"instance+1 == 2*2", "true"},
        {"tls", "true"},
        {"!tls", "false"},
        {"!!tls", "true"},
        {"! tls || true", "true"},
        {"tls == true", "true"},
        {"tls != false", "true"},
        {"false || true && false", "false"},
        {"(false || true) && true", "true"},
        {"!(instance == 3)", "false"},
        {"!instance == 3", "false"}, /* "!" takes the whole comparison, as the grammar says */
        {"((((instance))))", "3"},
        {"huge", "9223372036854775807"},
        {"least", "-9223372036854775808"},
        {"-huge-1 == least", "true"},
        {"least % -2", "0"},
        /* a side that decides makes the other's missing value irrelevant */
        {"amt && false", "false"},
        {"false && amt", "false"},
        {"amt || true", "true"},
        {"true || amt", "true"},
        {"count == 3 || instance == 3", "true"},
        {"peer.amt && instance == 4", "false"},
        {"!(amt && false)", "true"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct value value;
        char buffer[64];
        assert_int_equal(expression_eval(parsed(fixture, cases[i].text), &values, &value, NULL), 0);
        assert_string_equal(value_format(&value, buffer, sizeof(buffer)), cases[i].result);
    }
}

static void fails_to_evaluate(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *unset;
    } cases[] = {
        {"amt", PC_EUNSET, "amt"},
        {"!amt", PC_EUNSET, "amt"},
        {"amt && true", PC_EUNSET, "amt"},
        {"true && amt", PC_EUNSET, "amt"},
        {"count == 1 || amt", PC_EUNSET, "count"},
        {"peer.amt", PC_EUNSET, "amt"},
        {"1+count", PC_EUNSET, "count"},
        {"count == count", PC_EUNSET, "count"},
        {"huge+1", -EOVERFLOW, NULL},
        {"huge*2", -EOVERFLOW, NULL},
        {"least-1", -EOVERFLOW, NULL},
        {"-least", -EOVERFLOW, NULL},
        {"least/-1", -EOVERFLOW, NULL}, /* the division that would end the process */
        {"least%-1", -EOVERFLOW, NULL},
        {"1/0", -EDOM, NULL},
        {"1%(instance-3)", -EDOM, NULL},
        {"1/0 == 1 && false", -EDOM, NULL},
        {"instance && tls", PC_ESEMANTIC, NULL},
        {"topology + 1", PC_ESEMANTIC, NULL},
        {"topology < 'z'", PC_ESEMANTIC, NULL},
        {"instance == 'three'", PC_ESEMANTIC, NULL},
        {"!instance", PC_ESEMANTIC, NULL},
        {"-tls", PC_ESEMANTIC, NULL},
        {"no_such", PC_ESEMANTIC, NULL},
        {"peer.topology", PC_ESEMANTIC, NULL},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct value value = {.number = 4711};
        const char *unset = NULL;
        assert_int_equal(expression_eval(parsed(fixture, cases[i].text), &values, &value, &unset), cases[i].status);
        assert_int_equal(value.number, 4711);
        if (cases[i].unset)
            assert_string_equal(unset, cases[i].unset);
        else
            assert_null(unset);
    }
    struct value value;
    const struct scope_values no_peer = {.lookup = lookup, .context = own};
    assert_int_equal(expression_eval(parsed(fixture, "peer.side == side"), &no_peer, &value, NULL), PC_ESEMANTIC);
    assert_int_equal(expression_eval(parsed(fixture, "side == 'a'"), NULL, &value, NULL), PC_ESEMANTIC);
    assert_int_equal(expression_eval(parsed(fixture, "1+1"), NULL, &value, NULL), 0);
}

static void refuses(void **state)
{
    static const struct {
        const char *text;
        unsigned column; /* from 0 */
        const char *message;
        const char *hint;
    } cases[] = {
        {"", 0, "the text ends where a number, a parameter or \"(\" is needed", NULL},
        {"   ", 3, "the text ends where a number, a parameter or \"(\" is needed", NULL},
        {"topology = 'multi'", 9, "\"=\" where an operator is needed", "=="},
        {"tls & amt", 4, "\"&\" where an operator is needed", "&&"},
        {"tls | amt", 4, "\"|\" where an operator is needed", "||"},
        {"tls and amt", 4, "\"and\" where an operator is needed", NULL},
        {"topology == \"multi\"", 12, "\" where a number, a parameter or \"(\" is needed", "single quotes"},
        {"topology == ’multi’", 12, "typographic quote where a number, a parameter or \"(\" is needed", "write '"},
        {"topology == 'multi", 12, "this text has no closing '", NULL},
        {"１ == 1", 0, "full-width digit \"１\"", "write 1"},
        {"side == '運用' && １", 16, "full-width digit \"１\"", NULL},
        {"1 < 2 < 3", 5, "a comparison has two sides, not three", "&&"},
        {"(tls", 0, "this parenthesis is not closed", NULL},
        {"(tls amt)", 5, "\"amt\" where an operator or \")\" is needed", NULL},
        {"tls)", 3, "\")\" where an operator is needed", NULL},
        {"()", 1, "\")\" where a number, a parameter or \"(\" is needed", NULL},
        {"1 +", 3, "the text ends where a number, a parameter or \"(\" is needed", NULL},
        {"1 + * 2", 4, "\"*\" where a number, a parameter or \"(\" is needed", NULL},
        {"--1", 1, "\"-\" where a number, a parameter or \"(\" is needed", NULL},
        {"peer.", 5, "the text ends where a parameter behind \"peer.\" is needed", NULL},
        {"peer", 0, "\"peer\" is a word of the language and cannot stand here", NULL},
        {"tcp == 1", 0, "\"tcp\" is a word of the language and cannot stand here", NULL},
        {"a.b", 1, "\".\" where an operator is needed", NULL},
        {"7up", 1, "letters right behind the number 7", NULL},
        {"7_", 1, "letters right behind the number 7", NULL},
        {"007", 0, "007 begins with 0", "decimal"},
        {"_a", 0, "\"_\" where a number, a parameter or \"(\" is needed", NULL},
        {"9223372036854775808", 0, "9223372036854775808 is too large a number", NULL},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct expression *expression = NULL;
        const size_t before = fixture->diags.count;
        assert_int_equal(expression_parse(cases[i].text, origin, fixture->arena, &expression, &fixture->diags),
                         PC_ESYNTAX);
        assert_null(expression);
        assert_int_equal(fixture->diags.count, before + 1);
        const struct diag *diag = &fixture->diags.items[before];
        assert_string_equal(diag->message, cases[i].message);
        assert_int_equal(diag->origin.column, origin.column + cases[i].column);
        if (cases[i].hint)
            assert_non_null(strstr(diag->hint, cases[i].hint));
    }
}

static void nesting_is_capped(void **state)
{
    struct fixture *fixture = *state;
    static const char *const openers[] = {"(", "!"};
    static const char *const closers[] = {")", ""};
    for (int i = 0; i < 2; i++) {
        for (int depth = EXPRESSION_NESTING_MAX; depth <= EXPRESSION_NESTING_MAX + 1; depth++) {
            struct text text = {0};
            for (int k = 0; k < depth; k++)
                text_add(&text, openers[i]);
            text_add(&text, "tls");
            for (int k = 0; k < depth; k++)
                text_add(&text, closers[i]);
            const struct expression *expression = NULL;
            assert_int_equal(expression_parse(text_string(&text), origin, fixture->arena, &expression, &fixture->diags),
                             depth > EXPRESSION_NESTING_MAX ? PC_ESYNTAX : 0);
            text_done(&text);
        }
    }
    assert_string_equal(fixture->diags.items[0].message, "nested deeper than 64 levels");
}

static void long_chains_stay_flat(void **state)
{
    struct fixture *fixture = *state;
    char text[EXPRESSION_TEXT_MAX + 2] = "1";
    while (strlen(text) + 2 <= EXPRESSION_TEXT_MAX)
        strcat(text, "+1");
    struct value value;
    assert_int_equal(expression_eval(parsed(fixture, text), &values, &value, NULL), 0);
    assert_int_equal(value.number, EXPRESSION_TEXT_MAX / 2);
    strcat(text, "  ");
    const struct expression *expression;
    assert_int_equal(expression_parse(text, origin, fixture->arena, &expression, &fixture->diags), PC_ESYNTAX);
    assert_string_equal(fixture->diags.items[0].message, "longer than 4096 octets");
}

static void prefix_stops(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        size_t used;
        const char *kept;
    } cases[] = {
        {"80..90", 2, "80"},
        {" 80 , 81", 3, "80"},
        {"5555/2", 4, "5555"},
        {"(10/2)/3", 6, "(10/2)"},
        {"1 + instance == 2", 12, "1 + instance"},
        {"80&", 2, "80"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct expression *expression = NULL;
        size_t used = 0;
        assert_int_equal(expression_parse_prefix(cases[i].text, origin, fixture->arena, &expression, &used, NULL), 0);
        assert_int_equal(used, cases[i].used);
        assert_string_equal(expression_text(expression), cases[i].kept);
    }
}

static void add_name(void *context, const char *name, bool is_peer)
{
    text_printf(context, "%s%s ", is_peer ? "peer." : "", name);
}

static void tells_its_names_and_text(void **state)
{
    struct fixture *fixture = *state;
    const struct expression *expression =
        parsed(fixture, "  peer.side != side && (instance+1 == 'x' || true) && !side ");
    struct text names = {0};
    expression_names(expression, add_name, &names);
    assert_string_equal(text_string(&names), "peer.side side instance side ");
    assert_string_equal(expression_text(expression), "peer.side != side && (instance+1 == 'x' || true) && !side");
    assert_false(expression_is_constant(expression));
    assert_true(expression_is_constant(parsed(fixture, "(1+2)*3 == 9 && true")));
    text_done(&names);
}

/* --- the type check ---------------------------------------------------------------------------------------------- */

static int lookup_type(const void *context, const char *name, struct parameter_type *ret)
{
    (void)context;
    static const char *const topologies[] = {"single", "multi", NULL};
    static const char *const sides[] = {"a", "b", NULL};
    if (strcmp(name, "topology") == 0)
        *ret = (struct parameter_type){VALUE_TEXT, topologies};
    else if (strcmp(name, "side") == 0)
        *ret = (struct parameter_type){VALUE_TEXT, sides};
    else if (strcmp(name, "tls") == 0)
        *ret = (struct parameter_type){VALUE_BOOL, NULL};
    else if (strcmp(name, "instance") == 0)
        *ret = (struct parameter_type){VALUE_INT, NULL};
    else
        return -ENOENT;
    return 0;
}

static const char *const type_names[] = {"topology", "side", "tls", "instance", NULL};
static const struct scope_types types = {.lookup = lookup_type, .names = type_names};
static const struct scope_types types_with_peer = {.lookup = lookup_type, .names = type_names, .has_peer = true};

static void accepts_right_types(void **state)
{
    struct fixture *fixture = *state;
    static const char *const conditions[] = {
        "topology == 'single'", "'single' != topology",   "tls",        "!tls && instance % 2 == 0", "true",
        "instance >= -1",       "tls == (instance == 1)", "'x' == 'y'",
    };
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
        assert_int_equal(expression_check(parsed(fixture, conditions[i]), VALUE_BOOL, &types, &fixture->diags), 0);
    assert_int_equal(expression_check(parsed(fixture, "4+instance"), VALUE_INT, &types, &fixture->diags), 0);
    assert_int_equal(
        expression_check(parsed(fixture, "peer.side != side"), VALUE_BOOL, &types_with_peer, &fixture->diags), 0);
    assert_int_equal(fixture->diags.count, 0);
}

static void refuses_wrong_types(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        enum value_type wanted;
        unsigned column;
        const char *message;
    } cases[] = {
        {"topolgy == 'single'", VALUE_BOOL, 0, "unknown parameter \"topolgy\"; did you mean \"topology\"?"},
        {"tls && colour == 'red'", VALUE_BOOL, 7, "unknown parameter \"colour\""},
        {"peer.side == side", VALUE_BOOL, 0, "\"peer.side\": there is no peer here"},
        {"topology == 'singel'", VALUE_BOOL, 12, "\"topology\" has no value 'singel'; did you mean 'single'?"},
        {"'purple' == topology", VALUE_BOOL, 0, "\"topology\" has no value 'purple'"},
        {"topology == single", VALUE_BOOL, 12, "\"single\" is a value of \"topology\", not a parameter"},
        {"topology == 1", VALUE_BOOL, 12, "\"==\" compares a text with a number"},
        {"tls != 1", VALUE_BOOL, 7, "\"!=\" compares true or false with a number"},
        {"topology < 'single'", VALUE_BOOL, 0, "\"<\" compares numbers, and this is a text"},
        {"instance >= tls", VALUE_BOOL, 12, "\">=\" compares numbers, and this is true or false"},
        {"instance + tls == 3", VALUE_BOOL, 11, "arithmetic needs a number, and this is true or false"},
        {"tls && instance", VALUE_BOOL, 7, "\"&&\" needs true or false, and this is a number"},
        {"!topology", VALUE_BOOL, 1, "\"!\" needs true or false, and this is a text"},
        {"-topology", VALUE_INT, 1, "arithmetic needs a number, and this is a text"},
        {"instance", VALUE_BOOL, 0, "true or false is needed here, and \"instance\" is a number"},
        {"tls", VALUE_INT, 0, "a number is needed here, and \"tls\" is true or false"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const size_t before = fixture->diags.count;
        assert_int_equal(expression_check(parsed(fixture, cases[i].text), cases[i].wanted, &types, &fixture->diags),
                         PC_ESEMANTIC);
        assert_int_equal(fixture->diags.count, before + 1);
        const struct diag *diag = &fixture->diags.items[before];
        assert_string_equal(diag->message, cases[i].message);
        assert_int_equal(diag->origin.column, origin.column + cases[i].column);
    }
    assert_int_equal(expression_check(parsed(fixture, "foo == 1 && bar == 2"), VALUE_BOOL, &types, NULL), PC_ESEMANTIC);
}

static void one_check_names_every_mistake(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(
        expression_check(parsed(fixture, "foo == 1 && topology == 'x' || bar"), VALUE_BOOL, &types, &fixture->diags),
        PC_ESEMANTIC);
    assert_int_equal(fixture->diags.count, 3);
}

static void values_compare(void **state)
{
    (void)state;
    const struct value three = {VALUE_INT, 3, NULL};
    const struct value truth = {VALUE_BOOL, 1, NULL};
    const struct value one = {VALUE_INT, 1, NULL};
    const struct value text = {VALUE_TEXT, 0, "a"};
    char copy[] = "a";
    const struct value same_text = {VALUE_TEXT, 0, copy};
    const struct value unset = {VALUE_UNSET, 0, NULL};
    assert_true(value_equal(&three, &three));
    assert_false(value_equal(&three, &one));
    assert_false(value_equal(&truth, &one));
    assert_true(value_equal(&text, &same_text));
    assert_true(value_equal(&unset, &unset));
    assert_false(value_equal(&unset, &text));
    char buffer[8];
    assert_string_equal(value_format(&unset, buffer, sizeof(buffer)), "?");
    assert_string_equal(value_format(&truth, buffer, sizeof(buffer)), "true");
    assert_true(expression_reserved("ephemeral"));
    assert_false(expression_reserved("phase"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(evaluates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fails_to_evaluate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nesting_is_capped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_chains_stay_flat, set_up, tear_down),
        cmocka_unit_test_setup_teardown(prefix_stops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_its_names_and_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(accepts_right_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_wrong_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_check_names_every_mistake, set_up, tear_down),
        cmocka_unit_test(values_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The port language: what it reads, and what it says about what it does not. */
#include "fixture.h"
#include "portconform/error.h"
#include "portconform/ports.h"
#include "portconform/text.h"
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct origin origin = {.file = "guide.conf", .line = 7, .column = 11};

/* instance = 750, side = 'a', unset has no value */
static int lookup(const void *context, const char *name, struct value *ret)
{
    (void)context;
    if (strcmp(name, "instance") == 0)
        *ret = (struct value){.type = VALUE_INT, .number = 750};
    else if (strcmp(name, "huge") == 0)
        *ret = (struct value){.type = VALUE_INT, .number = INT64_MAX};
    else if (strcmp(name, "zero") == 0)
        *ret = (struct value){.type = VALUE_INT, .number = 0};
    else if (strcmp(name, "side") == 0)
        *ret = (struct value){.type = VALUE_TEXT, .text = "a"};
    else if (strcmp(name, "unset") == 0)
        *ret = (struct value){.type = VALUE_UNSET};
    else
        return -ENOENT;
    return 0;
}

static const struct scope_values peer_values = {.lookup = lookup};
static const struct scope_values values = {.lookup = lookup, .peer = &peer_values};

/* "tcp 80|udp 39500..39999|tcp any": items resolved, or their kind */
static void format_items(struct text *out, const struct port_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        const struct port_item *item = &items->items[i];
        text_printf(out, "%s%s ", i ? "|" : "", transport_name(item->transport));
        if (item->kind != PORT_ITEM_NUMBERS) {
            text_add(out, item->kind == PORT_ITEM_ANY ? "any" : "ephemeral");
            continue;
        }
        struct port_range range;
        char buffer[PORT_RANGE_TEXT];
        assert_int_equal(port_item_resolve(item, &values, &range, NULL, NULL), 0);
        text_add(out, port_range_format(&range, buffer, sizeof(buffer)));
    }
}

static void reads(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *in, *resolved, *last_text;
    } cases[] = {
        {"tcp 80", "tcp 80", "80"},
        {"  tcp\t80 ", "tcp 80", "80"},
        {"udp 39500..39999", "udp 39500..39999", "39500..39999"},
        {"udp 5517 .. 5555 / 2", "udp 5517..5555/2", "5517..5555/2"},
        {"tcp 31007..31009, 31011, 31012", "tcp 31007..31009|tcp 31011|tcp 31012", "31012"},
        {"tcp 80,udp 53,54", "tcp 80|udp 53|udp 54", "54"},
        {"tcp 7 + 40 * instance", "tcp 30007", "7+40*instance"},
        {"tcp 20000+instance..20000+2*instance/50", "tcp 20750..21500/50", "20000+instance..20000+2*instance/50"},
        {"tcp (instance/2)", "tcp 375", "(instance/2)"},
        {"tcp (instance/2)..(instance/2)+8/4", "tcp 375..383/4", "(instance/2)..(instance/2)+8/4"},
        {"tcp peer.instance", "tcp 750", "peer.instance"},
        {"tcp instance", "tcp 750", "instance"},
        {"tcp 80..80", "tcp 80", "80..80"},
        {"tcp 1, 65535", "tcp 1|tcp 65535", "65535"},
        {"tcp 1..65535", "tcp 1..65535", "1..65535"},
        {"udp any", "udp any", "any"},
        {"tcp ephemeral, 80", "tcp ephemeral|tcp 80", "80"},
        {"unstated 389", "unstated 389", "389"},
        {"tcp (90-80)", "tcp 10", "(90-80)"},
        {"tcp instance-1", "tcp 749", "instance-1"},
        {"tcp anything", NULL, "anything"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct port_items items = {0};
        struct text out = {0};
        assert_int_equal(ports_parse(cases[i].in, origin, fixture->arena, &items, &fixture->diags), 0);
        if (cases[i].resolved) {
            format_items(&out, &items);
            assert_string_equal(text_string(&out), cases[i].resolved);
        }
        assert_string_equal(items.items[items.count - 1].text, cases[i].last_text);
        text_done(&out);
    }
    assert_int_equal(fixture->diags.count, 0);
}

static void refuses(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *in;
        unsigned column; /* inside the text, from 0 */
        const char *message;
        const char *hint; /* a part of it */
    } cases[] = {
        {"", 0, "the text ends where a transport (tcp, udp, unstated) is needed", NULL},
        {"80", 0, "no transport", "tcp 80"},
        {"80/tcp", 0, "no transport", "tcp 80"},
        {"instance", 0, "no transport", "tcp 80"},
        {"tcp80", 0, "no blank behind the transport", "write tcp 80"},
        {"tpc 80", 0, "unknown transport \"tpc\"; did you mean \"tcp\"?", NULL},
        {"TCP 80", 0, "unknown transport \"TCP\"; did you mean \"tcp\"?", NULL},
        {"tcp 80, sctp 81", 8, "unknown transport \"sctp\"", "tcp, udp or unstated"},
        {"quic any", 0, "unknown transport \"quic\"", "tcp, udp or unstated"},
        {"tcp", 3, "the text ends where a number, a parameter or \"(\" is needed", NULL},
        {"tcp 80,", 7, "the text ends where a number, a parameter or \"(\" is needed", NULL},
        {"tcp 80,,81", 7, "\",\" where a number, a parameter or \"(\" is needed", NULL},
        {"tcp ８０", 4, "full-width digit \"８\"", "write 8"},
        {"tcp 8０", 5, "full-width digit \"０\"", "write 0"},
        {"tcp 80～90", 6, "full-width tilde where a comma or the end is needed", "80..90"},
        {"tcp 80〜90", 6, "wave dash where a comma or the end is needed", "80..90"},
        {"tcp 80~90", 6, "\"~\" where a comma or the end is needed", "80..90"},
        {"tcp 80:90", 6, "\":\" where a comma or the end is needed", "80..90"},
        {"tcp 80–90", 6, "dash where a comma or the end is needed", "80..90"},
        {"tcp 80－90", 6, "full-width minus where a comma or the end is needed", "80..90"},
        {"tcp 80…90", 6, "ellipsis where a comma or the end is needed", "80..90"},
        {"tcp 80、81", 6, "ideographic comma where a comma or the end is needed", "write ,"},
        {"tcp　80", 3, "full-width blank where a number, a parameter or \"(\" is needed", "ordinary blank"},
        {"tcp 80;81", 6, "\";\" where a comma or the end is needed", "comma"},
        {"ｔcp 80", 0, "full-width character \"ｔ\"", "write t"},
        {"tcp 80-90", 4, "\"80-90\" is a difference, not a range", "80..90"},
        {"tcp 1..2, 80 - 90", 10, "\"80 - 90\" is a difference, not a range", "80..90"},
        {"tcp 80.90", 6, "\".\" where a comma or the end is needed", "80..90"},
        {"tcp 80...90", 6, "too many full stops", "80..90"},
        {"tcp 80..", 6, "\"..\" without a last port", "two ends"},
        {"tcp 80.. , 3", 6, "\"..\" without a last port", "two ends"},
        {"tcp ..90", 4, "\"..\" without a first port", "two ends"},
        {"tcp 80/2", 6, "a step needs a range before it", "parentheses"},
        {"tcp 80..90/", 11, "the text ends where a step (a number) is needed", NULL},
        {"tcp 80..90/0", 11, "a step is 1 to 65535", NULL},
        {"tcp 80..90/65536", 11, "a step is 1 to 65535", NULL},
        {"tcp 80..90/99999999999999999999999999", 11, "a step is 1 to 65535", NULL},
        {"tcp 80..90/instance", 11, "\"instance\" where a step (a number) is needed", NULL},
        {"tcp 80 90", 7, "no comma between two items", "comma"},
        {"tcp any..90", 7, "\".\" where a comma or the end is needed", NULL},
        {"tcp 0x50", 5, "letters right behind the number 0", NULL},
        {"tcp 080", 4, "080 begins with 0", "decimal"},
        {"tcp 99999999999999999999", 4, "99999999999999999999 is too large a number", NULL},
        {"tcp (80", 4, "this parenthesis is not closed", NULL},
        {"tcp 80)", 6, "\")\" where a comma or the end is needed", NULL},
        {"tcp 80 == 80", 7, "\"=\" where a comma or the end is needed", NULL},
        {"tcp any, udp, 80", 12, "\",\" where a number, a parameter or \"(\" is needed", NULL},
        {"tcp 80\xff", 6, "this octet is not UTF-8", NULL},
        {"tcp \x01", 4, "\"\x01\" where a number, a parameter or \"(\" is needed", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct port_items items = {.count = 99};
        struct diag_list diags;
        assert_int_equal(diag_list_init(&diags), 0);
        assert_int_equal(ports_parse(cases[i].in, origin, fixture->arena, &items, &diags), PC_ESYNTAX);
        assert_int_equal(items.count, 99);
        assert_int_equal(diags.count, 1);
        assert_string_equal(diags.items[0].message, cases[i].message);
        assert_int_equal(diags.items[0].origin.column, origin.column + cases[i].column);
        assert_int_equal(diags.items[0].origin.line, origin.line);
        if (cases[i].hint) {
            assert_non_null(diags.items[0].hint);
            assert_non_null(strstr(diags.items[0].hint, cases[i].hint));
        }
        diag_list_done(&diags);
        assert_int_equal(ports_parse(cases[i].in, origin, fixture->arena, &items, NULL), PC_ESYNTAX);
    }
}

static void checks_constants(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *in;
        unsigned column;
        const char *message;
    } cases[] = {
        {"tcp 70000", 0, "\"tcp 70000\": a port is 1 to 65535"},
        {"tcp 0", 0, "\"tcp 0\": a port is 1 to 65535"},
        {"tcp -5", 0, "\"tcp -5\": a port is 1 to 65535"},
        {"tcp 80, 70000", 8, "\"tcp 70000\": a port is 1 to 65535"},
        {"tcp 40000*2", 0, "\"tcp 40000*2\": 80000 is not a port; a port is 1 to 65535"},
        {"tcp 80..65536", 0, "\"tcp 80..65536\": a port is 1 to 65535"},
        {"tcp 0..instance", 0, "\"tcp 0..instance\": a port is 1 to 65535"},
        {"tcp instance..65536", 0, "\"tcp instance..65536\": a port is 1 to 65535"},
        {"tcp 90..80", 0, "\"tcp 90..80\": the range 90..80 is empty"},
        {"udp 5517..5556/2", 0, "\"udp 5517..5556/2\": steps of 2 from 5517 do not meet 5556; the last is 5555"},
        {"tcp (1/0)", 0, "\"tcp (1/0)\": division by zero"},
        {"tcp 9223372036854775807+1", 0, "\"tcp 9223372036854775807+1\": the sum does not fit in 64 bits"},
        {"tcp true", 0, "\"tcp true\": not a number"},
        {"tcp 80, 81, 80", 12, "\"tcp 80\" stands twice"},
        {"tcp instance , instance", 15, "\"tcp instance\" stands twice"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct port_items items = {.count = 99};
        struct diag_list diags;
        assert_int_equal(diag_list_init(&diags), 0);
        assert_int_equal(ports_parse(cases[i].in, origin, fixture->arena, &items, &diags), PC_ERANGE);
        assert_int_equal(diags.count, 1);
        assert_string_equal(diags.items[0].message, cases[i].message);
        assert_int_equal(diags.items[0].origin.column, origin.column + cases[i].column);
        diag_list_done(&diags);
    }
}

static void names_every_impossible_item(void **state)
{
    struct fixture *fixture = *state;
    struct port_items items;
    assert_int_equal(ports_parse("tcp 0, 70000, 80, udp 9..8", origin, fixture->arena, &items, &fixture->diags),
                     PC_ERANGE);
    assert_int_equal(fixture->diags.errors, 3);
}

static void warns_of_overlap(void **state)
{
    struct fixture *fixture = *state;
    struct port_items items;
    assert_int_equal(ports_parse("tcp 80..90, 85, udp 85, 1..9/2, 2", origin, fixture->arena, &items, &fixture->diags),
                     0);
    assert_int_equal(items.count, 5);
    assert_int_equal(fixture->diags.warnings, 1);
    assert_string_equal(fixture->diags.items[0].message, "\"tcp 85\" overlaps \"80..90\" of the same list");
    assert_int_equal(fixture->diags.items[0].origin.column, origin.column + 12);
}

static void resolving_says_why(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *in;
        int status;
        const char *why;
    } cases[] = {
        {"tcp 40007+40*instance", PC_ERANGE,
         "\"tcp 40007+40*instance\" with instance = 750: 70007 is not a port; a port is 1 to 65535"},
        {"tcp instance..zero+instance-1", PC_ERANGE,
         "\"tcp instance..zero+instance-1\" with instance = 750, zero = 0: the range 750..749 is empty"},
        {"tcp instance..peer.instance+3/2", PC_ERANGE,
         "\"tcp instance..peer.instance+3/2\" with instance = 750, peer.instance = 750: steps of 2 from 750 do not "
         "meet 753; the last is 752"},
        {"tcp 1+unset", PC_EUNSET, "\"tcp 1+unset\" with unset = ?: unset has no value"},
        {"tcp 1%zero", -EDOM, "\"tcp 1%zero\" with zero = 0: division by zero"},
        {"tcp huge*2", -EOVERFLOW, "\"tcp huge*2\" with huge = 9223372036854775807: the sum does not fit in 64 bits"},
        {"tcp side", PC_ESEMANTIC, "\"tcp side\" with side = a: not a number"},
        {"tcp no_such", PC_ESEMANTIC, "\"tcp no_such\": not a number"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct port_items items = {0};
        struct port_range range = {.low = 4711};
        char why[DIAGNOSIS_TEXT] = "";
        const char *unset = NULL;
        assert_int_equal(ports_parse(cases[i].in, origin, fixture->arena, &items, &fixture->diags), 0);
        assert_int_equal(port_item_resolve(&items.items[0], &values, &range, &unset, why), cases[i].status);
        assert_string_equal(why, cases[i].why);
        assert_int_equal(range.low, 4711);
        if (cases[i].status == PC_EUNSET)
            assert_string_equal(unset, "unset");
        assert_int_equal(port_item_resolve(&items.items[0], &values, &range, NULL, NULL), cases[i].status);
    }
    struct port_items items = {0};
    struct port_range range;
    assert_int_equal(ports_parse("tcp any", origin, fixture->arena, &items, &fixture->diags), 0);
    assert_int_equal(port_item_resolve(&items.items[0], &values, &range, NULL, NULL), -EINVAL);
}

static void a_long_reason_is_cut(void **state)
{
    struct fixture *fixture = *state;
    char text[EXPRESSION_TEXT_MAX] = "tcp unset";
    for (int i = 0; i < 300; i++)
        strcat(text, "+instance");
    struct port_items items = {0};
    struct port_range range;
    char why[DIAGNOSIS_TEXT];
    assert_int_equal(ports_parse(text, origin, fixture->arena, &items, &fixture->diags), 0);
    assert_int_equal(port_item_resolve(&items.items[0], &values, &range, NULL, why), PC_EUNSET);
    assert_non_null(strstr(why, "unset has no value"));
}

static void hostile_input_is_capped(void **state)
{
    struct fixture *fixture = *state;
    static char text[100000];
    static const char *const repeated[] = {"(", "((((", "-", "!", "1,", "tcp ", "1..", "'", "1+", "\xe3\x80\x9c"};
    for (size_t i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++) {
        for (size_t length = 1000; length < sizeof(text); length = length < 50000 ? length * 4 : sizeof(text)) {
            struct port_items items;
            size_t end = (size_t)snprintf(text, sizeof(text), "tcp ");
            while (end + strlen(repeated[i]) < length) {
                memcpy(text + end, repeated[i], strlen(repeated[i]));
                end += strlen(repeated[i]);
            }
            text[end] = '\0';
            assert_true(ports_parse(text, origin, fixture->arena, &items, &fixture->diags) < 0);
        }
    }
    struct port_items items;
    memset(text, ' ', sizeof(text));
    memcpy(text, "tcp ", 4);
    strcpy(text + EXPRESSION_TEXT_MAX - 2, "80");
    assert_int_equal(ports_parse(text, origin, fixture->arena, &items, &fixture->diags), 0);
    strcpy(text + EXPRESSION_TEXT_MAX - 1, "80");
    assert_int_equal(ports_parse(text, origin, fixture->arena, &items, &fixture->diags), PC_ESYNTAX);
}

static void unknown_columns_stay_unknown(void **state)
{
    struct fixture *fixture = *state;
    struct port_items items;
    assert_int_equal(ports_parse("tcp 8x", (struct origin){0}, fixture->arena, &items, &fixture->diags), PC_ESYNTAX);
    assert_int_equal(fixture->diags.items[0].origin.column, 0);
    assert_int_equal(ports_parse("tcp\n 8x", origin, fixture->arena, &items, &fixture->diags), PC_ESYNTAX);
    assert_int_equal(fixture->diags.items[1].origin.line, origin.line + 1);
    assert_int_equal(fixture->diags.items[1].origin.column, 3);
}

static void ranges(void **state)
{
    (void)state;
    const struct port_range range = {.transport = TRANSPORT_UDP, .low = 5517, .high = 5555, .step = 2};
    assert_true(port_range_contains(&range, 5517));
    assert_true(port_range_contains(&range, 5555));
    assert_false(port_range_contains(&range, 5518));
    assert_false(port_range_contains(&range, 5515));
    assert_false(port_range_contains(&range, 5557));
    assert_int_equal(port_range_count(&range), 20);
    const struct port_range all = {.transport = TRANSPORT_TCP, .low = 1, .high = 65535, .step = 1};
    assert_int_equal(port_range_count(&all), 65535);
    const struct port_range widest = {.transport = TRANSPORT_TCP, .low = 10000, .high = 65535, .step = 55535};
    char buffer[PORT_RANGE_TEXT];
    assert_string_equal(port_range_format(&widest, buffer, sizeof(buffer)), "10000..65535/55535");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(checks_constants, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_every_impossible_item, set_up, tear_down),
        cmocka_unit_test_setup_teardown(warns_of_overlap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(resolving_says_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_reason_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_input_is_capped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unknown_columns_stay_unknown, set_up, tear_down),
        cmocka_unit_test(ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

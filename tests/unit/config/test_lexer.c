/* Tokens and their places; what is refused before libconfig sees it. */
#include "lexer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct lexer lexer_of(const char *text, struct diag_list *diags)
{
    struct lexer lexer;
    lexer_init(&lexer, text, strlen(text), "x.conf", diags);
    return lexer;
}

static void expect(struct lexer *lexer, enum token_kind kind, unsigned line, unsigned column, const char *text)
{
    struct token token = lexer_next(lexer);
    assert_int_equal(token.kind, kind);
    assert_int_equal(token.origin.line, line);
    assert_int_equal(token.origin.column, column);
    assert_string_equal(token.origin.file, "x.conf");
    assert_int_equal(token.length, strlen(text));
    assert_memory_equal(token.text, text, token.length);
}

static void test_tokens_and_places(void **state)
{
    struct lexer lexer = lexer_of("a-b_*1 = -5;\r\n\t# note\n  [0x1F, \"x\\\"y\"] TRUE : +7 { } ( )", NULL);
    (void)state;
    expect(&lexer, TOKEN_NAME, 1, 1, "a-b_*1");
    expect(&lexer, TOKEN_EQUALS, 1, 8, "=");
    expect(&lexer, TOKEN_INT, 1, 10, "-5");
    expect(&lexer, TOKEN_SEMICOLON, 1, 12, ";");
    expect(&lexer, TOKEN_ARRAY_OPEN, 3, 3, "[");
    expect(&lexer, TOKEN_INT, 3, 4, "0x1F");
    expect(&lexer, TOKEN_COMMA, 3, 8, ",");
    expect(&lexer, TOKEN_STRING, 3, 10, "\"x\\\"y\"");
    expect(&lexer, TOKEN_ARRAY_CLOSE, 3, 16, "]");
    expect(&lexer, TOKEN_BOOL, 3, 18, "TRUE");
    expect(&lexer, TOKEN_EQUALS, 3, 23, ":");
    expect(&lexer, TOKEN_INT, 3, 25, "+7");
    expect(&lexer, TOKEN_GROUP_OPEN, 3, 28, "{");
    expect(&lexer, TOKEN_GROUP_CLOSE, 3, 30, "}");
    expect(&lexer, TOKEN_LIST_OPEN, 3, 32, "(");
    expect(&lexer, TOKEN_LIST_CLOSE, 3, 34, ")");
    expect(&lexer, TOKEN_END, 3, 35, "");
    expect(&lexer, TOKEN_END, 3, 35, "");
}

static void test_columns_count_characters(void **state)
{
    struct lexer lexer = lexer_of("\"日本\" /* 語 */ x // 終\n\"𠮷\" y", NULL);
    (void)state;
    expect(&lexer, TOKEN_STRING, 1, 1, "\"日本\"");
    expect(&lexer, TOKEN_NAME, 1, 14, "x");
    expect(&lexer, TOKEN_STRING, 2, 1, "\"𠮷\"");
    expect(&lexer, TOKEN_NAME, 2, 5, "y");
}

static void test_include_inside_comment_or_string_is_text(void **state)
{
    struct lexer lexer = lexer_of("/*\n@include \"/\"\n*/\n# @include \"/\"\n\"@include\" x", NULL);
    (void)state;
    expect(&lexer, TOKEN_STRING, 5, 1, "\"@include\"");
    expect(&lexer, TOKEN_NAME, 5, 12, "x");
}

static void test_bounds_of_integers(void **state)
{
    static const struct {
        const char *text;
        enum token_kind kind;
    } cases[] = {
        {"2147483647", TOKEN_INT},
        {"2147483648", TOKEN_BAD},
        {"-2147483648", TOKEN_INT},
        {"-2147483649", TOKEN_BAD},
        {"+2147483647", TOKEN_INT},
        {"0x7fffffff", TOKEN_INT},
        {"0x80000000", TOKEN_BAD},
        {"0x100000000", TOKEN_BAD},
        {"00000000000000000000000000000000000000001", TOKEN_BAD},
        {"4294967376", TOKEN_BAD},
        {"1.5", TOKEN_BAD},
        {".5", TOKEN_BAD},
        {"1e5", TOKEN_BAD},
        {"5L", TOKEN_BAD},
        {"0x", TOKEN_BAD},
        {"-", TOKEN_BAD},
        {"+", TOKEN_BAD},
        {"--1", TOKEN_BAD},
        {"1a", TOKEN_BAD},
        {"0", TOKEN_INT},
        {"007", TOKEN_INT},
        {"99999999999999999999999999999999999999999999999999999999999999999999999", TOKEN_BAD},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct diag_list diags;
        assert_int_equal(diag_list_init(&diags), 0);
        struct lexer lexer = lexer_of(cases[i].text, &diags);
        struct token token = lexer_next(&lexer);
        if (token.kind != cases[i].kind)
            fail_msg("%s", cases[i].text);
        assert_int_equal(diags.errors, cases[i].kind == TOKEN_BAD);
        diag_list_done(&diags);
    }
}

static void test_refused_text_is_told_once(void **state)
{
    static const struct {
        const char *text;
        unsigned column;
    } cases[] = {
        {"  \"open", 3},  {"\"open\n\"", 1}, {"\"a\\q\"", 3}, {"\"a\\", 3}, {"\"\\x00\"", 2},
        {"\"\\x80\"", 2}, {"\"\\x4\"", 2},   {" /* open", 2}, {"'a'", 1},   {"@include", 1},
        {"%", 1},         {"\\", 1},         {"a/b", 1},      {"１", 1},    {"　", 1},
        {"“a”", 1},       {"日", 1},         {"/", 1},        {"a\"", 2},   {"\xc2\xa0", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct diag_list diags;
        struct token token;
        assert_int_equal(diag_list_init(&diags), 0);
        struct lexer lexer = lexer_of(cases[i].text, &diags);
        do
            token = lexer_next(&lexer);
        while (token.kind != TOKEN_BAD && token.kind != TOKEN_END);
        if (token.kind != TOKEN_BAD || diags.errors != 1 || diags.items[0].origin.column != cases[i].column)
            fail_msg("%s: kind %d, %zu errors", cases[i].text, (int)token.kind, diags.errors);
        diag_list_done(&diags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_and_places),
        cmocka_unit_test(test_columns_count_characters),
        cmocka_unit_test(test_include_inside_comment_or_string_is_text),
        cmocka_unit_test(test_bounds_of_integers),
        cmocka_unit_test(test_refused_text_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

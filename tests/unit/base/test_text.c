/* The text buffer, UTF-8, and above all escaping. */
#include "portconform/text.h"
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_escape(const char *in, size_t length, enum escape_style style, size_t max, const char *wanted)
{
    struct text text = {0};
    text_escape(&text, in, length, style, max);
    assert_false(text.failed);
    assert_string_equal(text_string(&text), wanted);
    text_done(&text);
}

struct escape_case {
    const char *name;
    const char *in;
    const char *text, *plugin, *ascii;
};

static const struct escape_case escape_cases[] = {
    {"plain", "SSH-2.0 ok", "SSH-2.0 ok", "SSH-2.0 ok", "SSH-2.0 ok"},
    {"lines and tabs", "a\nb\rc\td", "a\\nb\\rc\\td", "a\\nb\\rc\\td", "a\\nb\\rc\\td"},
    {"escape sequence", "\033[2J", "\\x1b[2J", "\\x1b[2J", "\\x1b[2J"},
    {"DEL", "\177", "\\x7f", "\\x7f", "\\x7f"},
    {"pipe", "a|b", "a|b", "a/b", "a|b"},
    {"C1: CSI as UTF-8",
     "\xc2\x9b"
     "31m",
     "\\xc2\\x9b31m", "\\xc2\\x9b31m", "\\xc2\\x9b31m"},
    {"C1: CSI as one octet",
     "\x9b"
     "31m",
     "\\x9b31m", "\\x9b31m", "\\x9b31m"},
    {"line separator", "\u2028", "\\xe2\\x80\\xa8", "\\xe2\\x80\\xa8", "\\xe2\\x80\\xa8"},
    {"paragraph separator", "\u2029", "\\xe2\\x80\\xa9", "\\xe2\\x80\\xa9", "\\xe2\\x80\\xa9"},
    {"first embedding", "\u202a", "\\xe2\\x80\\xaa", "\\xe2\\x80\\xaa", "\\xe2\\x80\\xaa"},
    {"override", "\u202e", "\\xe2\\x80\\xae", "\\xe2\\x80\\xae", "\\xe2\\x80\\xae"},
    {"first isolate", "\u2066", "\\xe2\\x81\\xa6", "\\xe2\\x81\\xa6", "\\xe2\\x81\\xa6"},
    {"last isolate", "\u2069", "\\xe2\\x81\\xa9", "\\xe2\\x81\\xa9", "\\xe2\\x81\\xa9"},
    {"marks", "\u200e\u200f\u061c", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f\\xd8\\x9c",
     "\\xe2\\x80\\x8e\\xe2\\x80\\x8f\\xd8\\x9c", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f\\xd8\\x9c"},
    {"neighbours of the controls stay", "\u2027\u202f\u2065\u206a", "\u2027\u202f\u2065\u206a",
     "\u2027\u202f\u2065\u206a", "\\xe2\\x80\\xa7\\xe2\\x80\\xaf\\xe2\\x81\\xa5\\xe2\\x81\\xaa"},
    {"Japanese", "運用", "運用", "運用", "\\xe9\\x81\\x8b\\xe7\\x94\\xa8"},
    {"truncated", "a\xe9\x81", "a\\xe9\\x81", "a\\xe9\\x81", "a\\xe9\\x81"},
    {"overlong slash", "\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf", "\\xc0\\xaf"},
    {"overlong in three", "\xe0\x80\xaf", "\\xe0\\x80\\xaf", "\\xe0\\x80\\xaf", "\\xe0\\x80\\xaf"},
    {"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80"},
    {"beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80"},
    {"never in UTF-8", "\xff\xfe", "\\xff\\xfe", "\\xff\\xfe", "\\xff\\xfe"},
    {"lead followed by a letter", "\xe9X", "\\xe9X", "\\xe9X", "\\xe9X"},
};

static void escapes_in_every_style(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(escape_cases) / sizeof(escape_cases[0]); i++) {
        const struct escape_case *one = &escape_cases[i];
        const size_t length = strlen(one->in);
        expect_escape(one->in, length, ESCAPE_TEXT, 0, one->text);
        expect_escape(one->in, length, ESCAPE_PLUGIN, 0, one->plugin);
        expect_escape(one->in, length, ESCAPE_ASCII, 0, one->ascii);
    }
}

static void escapes_a_nul_inside(void **state)
{
    (void)state;
    expect_escape("a\0b", 3, ESCAPE_TEXT, 0, "a\\x00b");
}

static void no_octet_escapes_escaping(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        for (int style = ESCAPE_TEXT; style <= ESCAPE_WORD; style++) {
            const unsigned char in[2] = {(unsigned char)octet, 'z'};
            struct text text = {0};
            text_escape(&text, in, sizeof(in), (enum escape_style)style, 0);
            for (size_t i = 0; i < text.length; i++) {
                const unsigned char out = (unsigned char)text.data[i];
                assert_true(out >= 0x20 && out < 0x7f);
                assert_false(style == ESCAPE_PLUGIN && out == '|');
                assert_false(style == ESCAPE_WORD && out == ' ');
            }
            text_done(&text);
        }
    }
}

static void cuts_at_columns(void **state)
{
    (void)state;
    expect_escape("abcdef", 6, ESCAPE_TEXT, 6, "abcdef");
    expect_escape("abcdefg", 7, ESCAPE_TEXT, 6, "abc...");
    expect_escape("abcdefg", 7, ESCAPE_TEXT, 3, "...");
    expect_escape("abcdefg", 7, ESCAPE_TEXT, 2, "..");
    expect_escape("ab", 2, ESCAPE_TEXT, 2, "ab");
    /* an escape is never cut in two, nor is a wide character */
    expect_escape("a\001\001", 3, ESCAPE_TEXT, 7, "a...");
    expect_escape("運用管理", strlen("運用管理"), ESCAPE_TEXT, 8, "運用管理");
    expect_escape("運用管理", strlen("運用管理"), ESCAPE_TEXT, 7, "運用...");
    expect_escape("運用管理", strlen("運用管理"), ESCAPE_TEXT, 6, "運...");
}

static void cutting_keeps_what_stood_before(void **state)
{
    (void)state;
    struct text text = {0};
    text_add(&text, "banner: ");
    text_escape(&text, "abcdefgh", 8, ESCAPE_TEXT, 4);
    assert_string_equal(text_string(&text), "banner: a...");
    assert_int_equal(text.length, strlen("banner: a..."));
    text_done(&text);
}

static void a_word_comes_back(void **state)
{
    (void)state;
    static const char *const words[] = {"C:\\Program Files\\x", " ", "\\x20", "a\nb\tc", "運\u3000用", "\xff\x80|", ""};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct text word = {0};
        struct text back = {0};
        text_escape_string(&word, words[i], ESCAPE_WORD);
        assert_null(strpbrk(text_string(&word), " \t\n"));
        assert_int_equal(text_unescape(&back, text_string(&word), word.length), 0);
        assert_string_equal(text_string(&back), words[i]);
        text_done(&word);
        text_done(&back);
    }
}

static void unescape_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {"\\", "\\x", "\\x2", "\\xg0", "\\x00", "\\q", "\\\n", "a\\"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct text back = {0};
        assert_int_equal(text_unescape(&back, bad[i], strlen(bad[i])), -EINVAL);
        text_done(&back);
    }
}

static void counts_columns(void **state)
{
    (void)state;
    assert_int_equal(text_columns(""), 0);
    assert_int_equal(text_columns("abc"), 3);
    assert_int_equal(text_columns("運用"), 4);
    assert_int_equal(text_columns("e\u0301"), 1); /* a combining accent takes no room */
    assert_int_equal(text_columns("\xff\xe9"), 2);
    struct text text = {0};
    text_add_padded(&text, "運用", 6);
    text_add_padded(&text, "too long", 3);
    assert_string_equal(text_string(&text), "運用  too long");
    text_done(&text);
}

static void validates_utf8(void **state)
{
    (void)state;
    size_t bad = 99;
    assert_true(text_utf8_valid("運用\U0001f600", strlen("運用\U0001f600"), &bad));
    assert_int_equal(bad, 99);
    assert_true(text_utf8_valid("", 0, NULL));
    assert_false(text_utf8_valid("ab\xc3", 3, &bad));
    assert_int_equal(bad, 2);
    assert_false(text_utf8_valid("a\x80", 2, &bad));
    assert_int_equal(bad, 1);
    assert_false(text_utf8_valid("\xf8\x88\x80\x80\x80", 5, NULL));
    assert_int_equal(text_utf8_count("運用ab", strlen("運用ab")), 4);
    assert_int_equal(text_utf8_count("\xff\xff", 2), 2);
}

static void buffer_grows_and_counts(void **state)
{
    (void)state;
    struct text text = {0};
    assert_string_equal(text_string(&text), "");
    for (int i = 0; i < 1000; i++)
        text_printf(&text, "%d,", i % 10);
    assert_int_equal(text.length, 2000);
    assert_int_equal(strlen(text_string(&text)), 2000);
    text_clear(&text);
    assert_string_equal(text_string(&text), "");
    text_add_count(&text, 1, "port");
    text_add(&text, ", ");
    text_add_count(&text, 0, "host");
    assert_string_equal(text_string(&text), "1 port, 0 hosts");
    text_done(&text);
    text_done(&text);
    text_done(NULL);
}

static void a_failed_buffer_stays_as_it_was(void **state)
{
    (void)state;
    struct text text = {0};
    text_add(&text, "kept");
    text_add_n(&text, "x", SIZE_MAX - 2);
    assert_true(text.failed);
    text_add(&text, "more");
    assert_string_equal(text_string(&text), "kept");
    text_done(&text);
}

int main(void)
{
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_in_every_style),
        cmocka_unit_test(escapes_a_nul_inside),
        cmocka_unit_test(no_octet_escapes_escaping),
        cmocka_unit_test(cuts_at_columns),
        cmocka_unit_test(cutting_keeps_what_stood_before),
        cmocka_unit_test(a_word_comes_back),
        cmocka_unit_test(unescape_refuses),
        cmocka_unit_test(counts_columns),
        cmocka_unit_test(validates_utf8),
        cmocka_unit_test(buffer_grows_and_counts),
        cmocka_unit_test(a_failed_buffer_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The tree of a file: our places with libconfig's values, and no disagreement between the two readers. */
#include "document.h"

#include "encoding.h"
#include "portconform/error.h"
#include "portconform/load.h"
#include "syntax.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct document_reader reader;
    struct diag_list diags;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    assert_int_equal(diag_list_init(&fixture->diags), 0);
    fixture->reader.arena = arena_new();
    fixture->reader.scratch = arena_new();
    fixture->reader.diags = &fixture->diags;
    fingerprint_init(&fixture->reader.fingerprint);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->reader.scratch);
    arena_free(fixture->reader.arena);
    diag_list_done(&fixture->diags);
    free(fixture);
    return 0;
}

static int parse(struct fixture *fixture, const char *text, struct node **ret)
{
    return document_parse(&fixture->reader, text, strlen(text), "x.conf", ret);
}

static void test_values_and_places(void **state)
{
    struct fixture *fixture = *state;
    struct node *root;
    assert_int_equal(parse(fixture,
                           "a = 0x10; b: { c = \"x\\n\\x41\\\"\" # note\n  \"y\", d = true }\n"
                           "e = ( 1, [ ], { f = -1 }, \"z\" )",
                           &root),
                     0);
    assert_int_equal(root->count, 3);
    const struct node *a = node_member(root, "a"), *b = node_member(root, "b"), *e = node_member(root, "e");
    assert_int_equal(a->number, 16);
    assert_int_equal(a->origin.column, 5);
    const struct node *c = node_member(b, "c");
    assert_string_equal(c->text, "x\nA\"y");
    assert_int_equal(c->name_origin.column, 16);
    assert_int_equal(node_inside(c).column, 21);
    assert_int_equal(node_member(b, "d")->number, 1);
    assert_int_equal(node_member(b, "d")->origin.line, 2);
    assert_int_equal(e->kind, NODE_LIST);
    assert_int_equal(e->count, 4);
    assert_int_equal(e->first->next->kind, NODE_ARRAY);
    assert_int_equal(node_member(e->first->next->next, "f")->number, -1);
    assert_int_equal(e->last->origin.column, 27);
    assert_null(node_member(root, "f"));
    assert_int_equal(fixture->diags.count, 0);
}

/* Every escape and oddity that our lexer lets pass must mean the same to libconfig. */
static void test_both_readers_agree(void **state)
{
    static const char *const texts[] = {
        "",
        "\n\n",
        "# only a comment",
        "/* @include \"/\" */ a = 1",
        "a = \"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\\x7F\";",
        "a = +5, b = 007; c = -0 d = TrUe",
        "a = \"# no comment\" /* one */ \"// none\" // two\n \"/* none */\"",
        "a-b = 1; a_b = 2; A = 3; * = 4; x* = 5;",
        "a = ( ); b = [ ]; c = { }; d: { e: { } }",
        "a = [ true, FALSE ]; b = [ 1, 2, -3, 0xF ]; c = [ \"1\" \"2\", \"3\" ];",
        "a = ( ( ( ) ), ( { b = ( ) } ) )",
        "a\f=\r\n\t1\f;",
        "truely = false; falsey = true;",
        "a = \"%s%n\"",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct node *root;
        int result = parse(fixture, texts[i], &root);
        if (result < 0)
            fail_msg("%s: %s", texts[i], fixture->diags.items[0].message);
    }
    assert_int_equal(fixture->reader.file_count, sizeof(texts) / sizeof(texts[0]));
}

static void test_depth_at_its_bound(void **state)
{
    struct fixture *fixture = *state;
    char text[SYNTAX_DEPTH_MAX * 2 + 16];
    struct node *root;
    for (int depth = SYNTAX_DEPTH_MAX; depth <= SYNTAX_DEPTH_MAX + 1; depth++) {
        size_t length = (size_t)snprintf(text, sizeof(text), "a=");
        memset(text + length, '(', (size_t)depth);
        memset(text + length + depth, ')', (size_t)depth);
        text[length + 2 * (size_t)depth] = '\0';
        assert_int_equal(parse(fixture, text, &root), depth > SYNTAX_DEPTH_MAX ? PC_ESYNTAX : 0);
    }
    assert_int_equal(fixture->diags.errors, 1);
}

static void test_number_of_settings_at_its_bound(void **state)
{
    struct fixture *fixture = *state;
    struct node *root;
    size_t most = SYNTAX_NODE_MAX, length = 0;
    char *text = malloc(2 * most + 16);
    assert_non_null(text);
    length += (size_t)sprintf(text, "a=(1");
    for (size_t i = 0; i < most - 2; i++)
        length += (size_t)sprintf(text + length, ",1");
    strcpy(text + length, ")");
    assert_int_equal(parse(fixture, text, &root), 0);
    assert_int_equal(root->first->count, most - 1);
    strcpy(text + length, ",1)");
    assert_int_equal(parse(fixture, text, &root), PC_ESYNTAX);
    free(text);
}

static void test_unreadable_files(void **state)
{
    struct fixture *fixture = *state;
    struct node *root;
    char path[] = "/tmp/test-document-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, CONFIG_FILE_MAX + 1), 0);
    assert_int_equal(document_read(&fixture->reader, path, &root), -EFBIG);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(write(fd, "a = 1;\n", 7), 7);
    close(fd);
    assert_int_equal(document_read(&fixture->reader, path, &root), 0);
    assert_string_equal(root->origin.file, path);
    unlink(path);
    assert_int_equal(document_read(&fixture->reader, path, &root), -ENOENT);
    assert_int_equal(document_read(&fixture->reader, "/", &root), -EISDIR);
    assert_int_equal(fixture->diags.errors, 3);
    assert_int_equal(fixture->reader.file_count, 1);
}

/* Any octets: an answer, never a crash. The sanitizers watch. */
static void test_any_change_of_a_file_is_survived(void **state)
{
    static const char text[] = "a: { b = ( { c = \"日\\x41\"; d = [ 1, -2 ]; }, 0x1F ); /* e */ f = true; } # g\n";
    static const char octets[] = "\0\"\\{}()[]=:;,#/*@-+.0aL\x80\xef\xff\n";
    struct fixture *fixture = *state;
    struct node *root;
    char changed[sizeof(text)];
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        for (size_t octet = 0; octet < sizeof(octets) - 1; octet++) {
            size_t errors = fixture->diags.errors;
            memcpy(changed, text, sizeof(text));
            changed[at] = octets[octet];
            int result = document_parse(&fixture->reader, changed, sizeof(text) - 1, "x.conf", &root);
            assert_int_equal(fixture->diags.errors - errors, result < 0 ? 1 : 0);
            /* what our own check lets pass, libconfig reads, and reads alike */
            if (result < 0 && fixture->diags.count > 0)
                assert_null(strstr(fixture->diags.items[fixture->diags.count - 1].message, "libconfig:"));
        }
        int result = document_parse(&fixture->reader, "", 0, "x.conf", &root);
        assert_int_equal(result, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_and_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_both_readers_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth_at_its_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_number_of_settings_at_its_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreadable_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_change_of_a_file_is_survived, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Recordings: what is read, what is refused, and that writing and reading agree. */
#include "portconform/diag.h"
#include "portconform/error.h"
#include "portconform/listeners.h"
#include "portconform/text.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct moment now = {.mono_ms = 5000000, .wall_ms = 1763597564000}; /* 2025-11-20T09:12:44+09:00 */

static void a_full_line(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_non_null(arena);
    struct listener listener;
    const char *error = "none";
    assert_int_equal(
        recording_parse_line("tcp 0.0.0.0:31000 exe=/opt/jp1/jdn\\x20manager unit=jp1.service uid=0 pid=812 "
                             "queue=3/128 inode=4711 device=eth0",
                             arena, &listener, &error),
        0);
    assert_null(error);
    assert_int_equal(listener.transport, TRANSPORT_TCP);
    assert_true(address_is_wildcard(&listener.address));
    assert_int_equal(listener.port, 31000);
    assert_string_equal(listener.owner.exe, "/opt/jp1/jdn manager");
    assert_string_equal(listener.owner.unit, "jp1.service");
    assert_true(listener.owner.uid_known);
    assert_int_equal(listener.owner.uid, 0);
    assert_int_equal(listener.owner.pid, 812);
    assert_true(listener.queue_known);
    assert_int_equal(listener.queue_length, 3);
    assert_int_equal(listener.queue_limit, 128);
    assert_int_equal(listener.inode, 4711);
    assert_string_equal(listener.device, "eth0");
    assert_int_equal(listener.v6only, V6ONLY_UNKNOWN);
    arena_free(arena);
}

static void what_is_not_said_is_unknown(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_non_null(arena);
    struct listener listener;
    const char *error;
    assert_int_equal(recording_parse_line("  udp\t10.0.1.10:161 ", arena, &listener, &error), 0);
    assert_int_equal(listener.transport, TRANSPORT_UDP);
    assert_null(listener.owner.exe);
    assert_null(listener.owner.unit);
    assert_false(listener.owner.uid_known);
    assert_false(listener.queue_known);
    assert_int_equal(listener.owner.pid, 0);
    arena_free(arena);
}

static void lines_go_round(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out; /* NULL: the same */
    } cases[] = {
        {"tcp *:80", NULL},
        {"tcp 0.0.0.0:80", "tcp *:80"},
        {"tcp [::]:80 v6only=no", NULL},
        {"tcp [::]:80 v6only=yes", NULL},
        {"udp [2001:db8::1]:65535", NULL},
        {"udp [fe80::1%lo]:161", NULL},
        {"udp [fe80::1%eth-of-another]:161", "udp [fe80::1]:161 device=eth-of-another"},
        {"tcp [::ffff:10.0.1.10]:80", "tcp 10.0.1.10:80"},
        {"tcp 10.0.1.10:80 uid=4294967295 exe=/a", "tcp 10.0.1.10:80 exe=/a uid=4294967295"},
        {"tcp *:80 exe=/opt/\\xff\\x0a\\x5cx unit=a\\x20b", "tcp *:80 exe=/opt/\\xff\\n\\x5cx unit=a\\x20b"},
        {"tcp *:80 exe=/opt/運用", NULL},
        {"tcp *:80 queue=0/0", NULL},
    };
    struct arena *arena = arena_new();
    assert_non_null(arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct listener listener;
        struct text out = {0};
        const char *error;
        assert_int_equal(recording_parse_line(cases[i].in, arena, &listener, &error), 0);
        recording_format_line(&out, &listener);
        assert_string_equal(text_string(&out), cases[i].out ? cases[i].out : cases[i].in);
        text_done(&out);
    }
    arena_free(arena);
}

static void refuses_lines(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "sctp 10.0.0.1:80",
        "TCP 10.0.0.1:80",
        "tcp",
        "tcp 10.0.0.1",
        "tcp 10.0.0.1:",
        "tcp 10.0.0.1:0",
        "tcp 10.0.0.1:65536",
        "tcp 10.0.0.1:+80",
        "tcp 10.0.0.1:80x",
        "tcp :80",
        "tcp ::1:80",
        "tcp [10.0.0.1]:80",
        "tcp [::1:80",
        "tcp ::1]:80",
        "tcp [*]:80",
        "tcp []:80",
        "tcp [fe80::1%]:80",
        "tcp [fe80::1%a-name-that-is-too-long]:80",
        "tcp mgr01:80",
        "tcp *:80 exe",
        "tcp *:80 =x",
        "tcp *:80 colour=red",
        "tcp *:80 uid=1 uid=1",
        "tcp *:80 uid=-1",
        "tcp *:80 uid=4294967296",
        "tcp *:80 uid=",
        "tcp *:80 pid=2147483648",
        "tcp *:80 queue=1",
        "tcp *:80 queue=1/",
        "tcp *:80 queue=/1",
        "tcp *:80 queue=1/2/3",
        "tcp *:80 inode=99999999999999999999",
        "tcp *:80 device=a-name-of-16-oct",
        "tcp *:80 v6only=maybe",
        "tcp *:80 v6only=",
        "tcp *:80 exe=/a\\q",
        "tcp *:80 exe=/a\\x00b",
        "tcp [aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa]:80",
    };
    struct arena *arena = arena_new();
    assert_non_null(arena);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct listener listener = {.port = 4711};
        const char *error = NULL;
        assert_int_equal(recording_parse_line(bad[i], arena, &listener, &error), PC_ESYNTAX);
        assert_non_null(error);
        assert_int_equal(listener.port, 4711);
    }
    arena_free(arena);
}

static void a_whole_recording(void **state)
{
    (void)state;
    struct listener_table *table = NULL;
    struct diag_list diags;
    assert_int_equal(diag_list_init(&diags), 0);
    assert_int_equal(recording_parse("# what mgr01 had\r\n"
                                     "taken 2025-11-20T09:12:34+09:00\n"
                                     "\n"
                                     "ephemeral 32768..60999\n"
                                     "  udp 10.0.1.10:161  \r\n"
                                     "tcp *:443\n"
                                     "tcp *:80",
                                     "mgr01.listeners", now, &table, &diags),
                     0);
    assert_int_equal(diags.count, 0);
    assert_int_equal(table->status, LISTENERS_SEEN);
    assert_string_equal(table->source, "file");
    assert_true(table->udp_complete);
    assert_int_equal(table->taken.wall_ms, now.wall_ms - 10000);
    assert_int_equal(table->taken.mono_ms, now.mono_ms - 10000); /* as old as it is */
    assert_int_equal(table->ephemeral_low, 32768);
    assert_int_equal(table->ephemeral_high, 60999);
    assert_int_equal(table->count, 3);
    assert_int_equal(table->items[0].port, 80); /* sorted */
    assert_int_equal(table->items[1].port, 443);
    assert_int_equal(table->items[2].port, 161);

    struct text out = {0};
    struct text again = {0};
    recording_format(&out, table);
    struct listener_table *copy = NULL;
    assert_int_equal(recording_parse(text_string(&out), "copy", now, &copy, NULL), 0);
    recording_format(&again, copy);
    assert_string_equal(text_string(&out), text_string(&again));
    text_done(&out);
    text_done(&again);
    listener_table_free(copy);
    listener_table_free(table);
    diag_list_done(&diags);
}

static void empty_means_nobody_listens(void **state)
{
    (void)state;
    struct listener_table *table = NULL;
    assert_int_equal(recording_parse("unread udp\n", "x", now, &table, NULL), 0);
    assert_int_equal(table->status, LISTENERS_SEEN);
    assert_int_equal(table->count, 0);
    assert_false(table->udp_complete);
    listener_table_free(table);
}

static void one_from_the_future_is_not_younger_than_now(void **state)
{
    (void)state;
    struct listener_table *table = NULL;
    assert_int_equal(recording_parse("taken 2030-01-01T00:00:00Z", "x", now, &table, NULL), 0);
    assert_int_equal(table->taken.mono_ms, now.mono_ms);
    listener_table_free(table);
}

static void every_bad_line_is_told(void **state)
{
    (void)state;
    struct listener_table *table = NULL;
    struct diag_list diags;
    assert_int_equal(diag_list_init(&diags), 0);
    assert_int_equal(recording_parse("tcp *:80\ntcp *:0\ntaken yesterday\nephemeral 9..8\nephemeral 1..\nunread tcp\n"
                                     "tcp *:81 uid=x\nephemeral\n",
                                     "mgr01.listeners", now, &table, &diags),
                     PC_ESYNTAX);
    assert_null(table);
    assert_int_equal(diags.count, 7);
    for (unsigned i = 0; i < diags.count; i++) {
        assert_int_equal(diags.items[i].origin.line, i + 2);
        assert_string_equal(diags.items[i].origin.file, "mgr01.listeners");
    }
    diag_list_done(&diags);
}

/* --- the source -------------------------------------------------------------------------------------------------- */

static struct listener_table *collected(const char *path)
{
    const struct listener_source *source = listener_source_find("file");
    assert_non_null(source);
    const struct listener_request request = {.file = path, .now = now};
    struct listener_table *table = NULL;
    assert_int_equal(source->collect(&request, &table), 0);
    assert_non_null(table);
    return table;
}

static void the_source_reads_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        size_t length;
        int error;
        const char *note;
    } cases[] = {
        {"tcp *:80\n", 9, 0, NULL},
        {"tcp *:80\nrubbish\n", 17, PC_ESYNTAX, "line 2: a line begins with tcp or udp"},
        {"tcp *:80\0\n", 10, PC_ESYNTAX, "the recording holds a NUL octet"},
        /* hazard: a full disk left nothing of it. That is not "nobody listens" */
        {"", 0, PC_ESYNTAX,
         "the recording is empty, as if it was cut off; where nobody listens, it has a line \"taken DATE\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[] = "/tmp/test_recording.XXXXXX";
        const int fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, cases[i].content, cases[i].length), cases[i].length);
        close(fd);
        struct listener_table *table = collected(path);
        assert_int_equal(table->status, cases[i].error ? LISTENERS_FAILED : LISTENERS_SEEN);
        assert_int_equal(table->error, cases[i].error);
        assert_int_equal(table->count, cases[i].error ? 0 : 1);
        if (cases[i].note)
            assert_string_equal(table->note, cases[i].note);
        listener_table_free(table);
        unlink(path);
    }
}

static void a_file_that_is_not_there_is_our_own_trouble(void **state)
{
    (void)state;
    struct listener_table *table = collected("/nonexistent/mgr01.listeners");
    assert_int_equal(table->status, LISTENERS_FAILED);
    assert_int_equal(table->error, -ENOENT);
    listener_table_free(table);
    table = collected(NULL);
    assert_int_equal(table->status, LISTENERS_FAILED);
    assert_int_equal(table->error, -EINVAL);
    listener_table_free(table);
    table = collected("/tmp");
    assert_int_equal(table->error, -EISDIR);
    listener_table_free(table);
}

static void the_registry_is_sound(void **state)
{
    (void)state;
    const struct listener_source *const *sources = listener_sources();
    for (size_t i = 0; sources[i]; i++) {
        assert_non_null(sources[i]->collect);
        assert_true(strlen(sources[i]->summary) > 10);
        assert_ptr_equal(listener_source_find(sources[i]->name), sources[i]); /* so names are unique */
    }
    assert_null(listener_source_find("no-such-source"));
    assert_non_null(listener_source_find("kernel"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_line),
        cmocka_unit_test(what_is_not_said_is_unknown),
        cmocka_unit_test(lines_go_round),
        cmocka_unit_test(refuses_lines),
        cmocka_unit_test(a_whole_recording),
        cmocka_unit_test(empty_means_nobody_listens),
        cmocka_unit_test(one_from_the_future_is_not_younger_than_now),
        cmocka_unit_test(every_bad_line_is_told),
        cmocka_unit_test(the_source_reads_a_file),
        cmocka_unit_test(a_file_that_is_not_there_is_our_own_trouble),
        cmocka_unit_test(the_registry_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

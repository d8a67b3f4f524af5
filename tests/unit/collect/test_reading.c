/* Readings of agents of many kinds, each written from the definitions of its MIB: what they tell, what they leave out,
 * and what is made of both. */
#include "fake_agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define TCP_LISTENER   "1.3.6.1.2.1.6.20.1.4."
#define TCP_CONNECTION "1.3.6.1.2.1.6.19.1.7."
#define TCP_CONN       "1.3.6.1.2.1.6.13.1.1."
#define UDP_ENDPOINT   "1.3.6.1.2.1.7.7.1.8."
#define UDP_OLD        "1.3.6.1.2.1.7.5.1.2."
#define RUN_NAME       "1.3.6.1.2.1.25.4.2.1.2."
#define RUN_PATH       "1.3.6.1.2.1.25.4.2.1.4."
#define SYS_DESCR                                                                                                      \
    {                                                                                                                  \
        "1.3.6.1.2.1.1.1.0", MIB_OCTETS, 0, "an agent"                                                                 \
    }
#define SYS_ID(id)                                                                                                     \
    {                                                                                                                  \
        "1.3.6.1.2.1.1.2.0", MIB_NAME, 0, id                                                                           \
    }
#define NUMBER(name, n)                                                                                                \
    {                                                                                                                  \
        name, MIB_NUMBER, n, NULL                                                                                      \
    }
#define OCTETS(name, text)                                                                                             \
    {                                                                                                                  \
        name, MIB_OCTETS, 0, text                                                                                      \
    }
#define ZEROS_6    "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
#define OWN_SOCKET NUMBER(UDP_ENDPOINT "1.4.0.0.0.0.161.1.4.0.0.0.0.0.1", 50)

static const struct reading_options usual = {.bulk = true, .owners = true, .port = 161};

struct look {
    struct reading reading;
    struct listener_table *table;
};

static void look_at(struct look *look, struct fake_agent *agent, const struct reading_options *options)
{
    look->table = fake_read(agent, options, &look->reading);
    assert_non_null(look->table);
    assert_int_equal(look->table->status, LISTENERS_SEEN);
}
#define LOOK(look, agent_rows, ...)                                                                                    \
    struct fake_agent agent = {                                                                                        \
        .rows = agent_rows, .count = sizeof(agent_rows) / sizeof((agent_rows)[0]), __VA_ARGS__};                       \
    look_at(&(look), &agent, &usual)

static const struct listener *find(const struct look *look, enum transport transport, uint16_t port)
{
    size_t at = listener_table_find(look->table, transport, port);
    if (at >= look->table->count || look->table->items[at].transport != transport ||
        look->table->items[at].port != port)
        return NULL;
    return &look->table->items[at];
}

static void assert_told(const struct look *look, const char *words)
{
    if (!strstr(look->table->note, words))
        fail_msg("\"%s\" is not in \"%s\"", words, look->table->note);
}

static void look_done(struct look *look)
{
    listener_table_free(look->table);
}

/* --- what agents tell ------------------------------------------------------------------------------------------- */

static void test_new_tables(void **state)
{
    (void)state;
    static const struct fake_row rows[] = {
        SYS_DESCR,
        SYS_ID("1.3.6.1.4.1.8072.3.2.10"),
        NUMBER(TCP_LISTENER "0.0.8080", 7), /* RFC 4022: both families */
        NUMBER(TCP_LISTENER "1.4.127.0.0.1.31007", 12),
        NUMBER(TCP_LISTENER "2.16." ZEROS_6 ".80", 11),
        NUMBER(TCP_LISTENER "4.20.254.128.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.2.443", 11),
        NUMBER(UDP_ENDPOINT "0.0.137.0.0.0.3", 9),
        OWN_SOCKET,
        NUMBER(UDP_ENDPOINT "1.4.10.0.0.1.40000.1.4.10.0.0.9.53.2", 12), /* a client's */
        NUMBER(UDP_ENDPOINT "2.16." ZEROS_6 ".5353.2.16." ZEROS_6 ".0.4", 0),
        OCTETS(RUN_NAME "7", "java"),
        OCTETS(RUN_NAME "11", "nginx"),
        OCTETS(RUN_NAME "12", "jdn_manager_ser"), /* cut at 15: the rest is anybody's guess */
        OCTETS(RUN_PATH "7", "/opt/jre/bin/java"),
        OCTETS(RUN_PATH "11", "nginx: master process /usr/sbin/nginx"),
    };
    struct look look;
    LOOK(look, rows);
    assert_int_equal(look.table->count, 7);
    const struct listener *listener = find(&look, TRANSPORT_TCP, 8080);
    assert_int_equal(listener->address.family, AF_INET6);
    assert_int_equal(listener->v6only, V6ONLY_NO);
    assert_string_equal(listener->owner.exe, "/opt/jre/bin/java");
    listener = find(&look, TRANSPORT_TCP, 80);
    assert_int_equal(listener->v6only, V6ONLY_UNKNOWN);
    assert_string_equal(listener->owner.exe, "nginx");
    assert_true(address_is_loopback(&find(&look, TRANSPORT_TCP, 31007)->address));
    assert_null(find(&look, TRANSPORT_TCP, 31007)->owner.exe);
    assert_int_equal(find(&look, TRANSPORT_TCP, 31007)->owner.pid, 12);
    assert_int_equal(find(&look, TRANSPORT_TCP, 443)->address.zone, 0);
    assert_non_null(find(&look, TRANSPORT_UDP, 137));
    assert_non_null(find(&look, TRANSPORT_UDP, 5353));
    assert_null(find(&look, TRANSPORT_UDP, 40000));
    assert_false(look.table->tcp_incomplete);
    assert_true(look.table->udp_complete);
    assert_false(look.table->ipv6_untold);
    assert_told(&look, "\"an agent\"");
    assert_told(&look, "tcpListenerTable and udpEndpointTable");
    assert_told(&look, "whether [::] takes IPv4 as well is not told");
    assert_told(&look, "1 of 7 without a process");
    look_done(&look);
}

static const struct fake_row windows_rows[] = {
    OCTETS("1.3.6.1.2.1.1.1.0", "Hardware: Intel64 - Software: Windows Version 6.3"),
    SYS_ID("1.3.6.1.4.1.311.1.1.3.1.2"),
    NUMBER(TCP_CONN "0.0.0.0.135.0.0.0.0.0", 2),
    NUMBER(TCP_CONN "0.0.0.0.445.0.0.0.0.0", 2),
    NUMBER(TCP_CONN "10.0.2.7.139.0.0.0.0.0", 2),
    NUMBER(TCP_CONN "10.0.2.7.445.10.0.2.1.50000", 5),
    NUMBER(UDP_OLD "0.0.0.0.161", 161),
    NUMBER(UDP_OLD "10.0.2.7.137", 137),
};

static void test_windows_tells_ipv4_alone(void **state)
{
    (void)state;
    struct look look;
    LOOK(look, windows_rows);
    assert_int_equal(look.table->count, 5);
    assert_non_null(find(&look, TRANSPORT_TCP, 445));
    assert_false(look.table->tcp_incomplete);
    assert_true(look.table->udp_complete);
    assert_true(look.table->ipv6_untold);
    assert_told(&look, "tcpConnTable and udpTable");
    assert_told(&look, "the tables know IPv4 alone");
    look_done(&look);
}

/* A Linux program's socket of both families is in neither half of an old table. */
static void test_old_tables_elsewhere_prove_no_absence(void **state)
{
    (void)state;
    struct fake_row rows[sizeof(windows_rows) / sizeof(windows_rows[0])];
    memcpy(rows, windows_rows, sizeof(rows));
    rows[1].text = "1.3.6.1.4.1.2021.250.10";
    struct look look;
    LOOK(look, rows);
    assert_true(look.table->tcp_incomplete);
    assert_false(look.table->udp_complete);
    assert_told(&look, "not even its sockets of both families");
    look_done(&look);
}

/* RFC 4022 allows listeners in the table of connections, for the sake of the older one. */
static void test_listeners_among_connections(void **state)
{
    (void)state;
    static const struct fake_row rows[] = {
        NUMBER(TCP_CONNECTION "1.4.0.0.0.0.22.1.4.0.0.0.0.0", 2),
        NUMBER(TCP_CONNECTION "1.4.10.0.0.1.22.1.4.10.0.0.2.50000", 5),
        OWN_SOCKET,
    };
    struct look look;
    LOOK(look, rows);
    assert_non_null(find(&look, TRANSPORT_TCP, 22));
    assert_int_equal(look.table->count, 2);
    assert_told(&look, "tcpConnectionTable");
    look_done(&look);
}

static void test_windows_names(void **state)
{
    (void)state;
    static const struct fake_row rows[] = {
        SYS_ID("1.3.6.1.4.1.311.1.1.3.1.2"),  NUMBER(TCP_LISTENER "1.4.0.0.0.0.445", 4),       OWN_SOCKET,
        OCTETS(RUN_NAME "4", "services.exe"), OCTETS(RUN_PATH "4", "C:\\Windows\\System32\\"),
    };
    struct look look;
    LOOK(look, rows);
    assert_string_equal(find(&look, TRANSPORT_TCP, 445)->owner.exe, "C:\\Windows\\System32\\services.exe");
    look_done(&look);
}

static void test_version_1(void **state)
{
    (void)state;
    static const struct fake_row rows[] = {
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.22", 7),
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.25", 8),
        OWN_SOCKET,
        OCTETS(RUN_NAME "7", "sshd"),
        OCTETS(RUN_PATH "7", "/usr/sbin/sshd"),
    };
    struct fake_agent agent = {.rows = rows, .count = 5, .version_1 = true};
    struct reading_options options = usual;
    struct look look;
    options.bulk = false;
    look_at(&look, &agent, &options);
    assert_int_equal(look.table->count, 3);
    assert_string_equal(find(&look, TRANSPORT_TCP, 22)->owner.exe, "/usr/sbin/sshd");
    assert_null(find(&look, TRANSPORT_TCP, 25)->owner.exe);
    assert_true(look.table->udp_complete);
    look_done(&look);
}

/* --- what agents leave out --------------------------------------------------------------------------------------- */

static void test_views_that_hide(void **state)
{
    (void)state;
    static const struct fake_row no_tcp[] = {OWN_SOCKET};
    static const struct fake_row no_udp[] = {NUMBER(TCP_LISTENER "1.4.0.0.0.0.22", 0)};
    static const struct fake_row part_of_udp[] = {
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.22", 0),
        NUMBER(UDP_ENDPOINT "1.4.0.0.0.0.53.0.0.0.1", 0),
    };
    static const struct fake_row one_family[] = {
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.22", 0),
        OWN_SOCKET,
        NUMBER(UDP_ENDPOINT "2.16." ZEROS_6 ".161.0.0.0.2", 0),
    };
    struct look look;
    {
        LOOK(look, no_tcp);
        assert_true(look.table->tcp_incomplete && look.table->udp_complete);
        assert_told(&look, "no TCP listener is told: not supported, or hidden by the agent's view");
        look_done(&look);
    }
    {
        LOOK(look, no_udp);
        assert_true(!look.table->tcp_incomplete && !look.table->udp_complete);
        assert_told(&look, "no UDP socket is told");
        look_done(&look);
    }
    {
        LOOK(look, part_of_udp);
        assert_false(look.table->udp_complete);
        assert_told(&look, "the agent's own socket, udp 161, is not in its table");
        look_done(&look);
    }
    {
        LOOK(look, one_family);
        assert_true(look.table->tcp_incomplete && look.table->udp_complete);
        assert_told(&look, "TCP lacks an address family that UDP has");
        look_done(&look);
    }
}

static void test_refusal(void **state)
{
    (void)state;
    static const struct fake_row rows[] = {SYS_DESCR, NUMBER(TCP_LISTENER "1.4.0.0.0.0.22", 0)};
    struct fake_agent agent = {.rows = rows, .count = 2, .refuses = true};
    struct look look;
    look_at(&look, &agent, &usual);
    assert_int_equal(look.table->count, 0);
    assert_true(look.reading.refused);
    look_done(&look);
}

static void test_silence_in_the_middle(void **state)
{
    (void)state;
    static const struct fake_row rows[] = {
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.22", 0),
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.25", 0),
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.80", 0),
        OWN_SOCKET,
    };
    struct reading_options options = usual;
    struct fake_agent agent = {.rows = rows, .count = 4, .silent_after = 3};
    struct look look;
    options.bulk = false;
    look_at(&look, &agent, &options);
    assert_int_equal(look.table->count, 2);
    assert_true(look.table->tcp_incomplete);
    assert_false(look.table->udp_complete);
    assert_told(&look, "not read to the end: the agent fell silent");
    look_done(&look);
}

/* --- agents that are wrong --------------------------------------------------------------------------------------- */

/* Several sockets on one address and port, as net-snmp tells them: the walk is taken past them. */
static void test_duplicate_rows(void **state)
{
    (void)state;
    static const struct fake_row rows[] = {
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.22", 1),  NUMBER(TCP_LISTENER "1.4.0.0.0.0.80", 2),
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.80", 2),  NUMBER(TCP_LISTENER "1.4.0.0.0.0.80", 2),
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.443", 2), OWN_SOCKET,
    };
    struct look look;
    LOOK(look, rows, .finds_by_place = true);
    assert_int_equal(look.table->count, 4);
    assert_non_null(find(&look, TRANSPORT_TCP, 443));
    assert_false(look.table->tcp_incomplete);
    assert_true(look.reading.duplicates > 0);
    assert_told(&look, "given again and stepped over");
    look_done(&look);
}

static void test_too_big(void **state)
{
    (void)state;
    static const struct fake_row rows[] = {
        SYS_DESCR,
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.22", 0),
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.25", 0),
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.80", 0),
        OWN_SOCKET,
    };
    struct look look;
    LOOK(look, rows, .most = 2);
    assert_int_equal(look.table->count, 4);
    assert_false(look.table->tcp_incomplete);
    look_done(&look);
}

static void test_rows_without_sense(void **state)
{
    (void)state;
    static const struct fake_row rows[] = {
        OCTETS(TCP_LISTENER "1.4.0.0.0.0.22", "not a number"),               /* the index says it all */
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.25", 4000000000u),                  /* no process has that number */
        NUMBER(TCP_LISTENER "1.4.0.0.0.256.80", 0),                          /* no octet */
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.70000", 0),                         /* no port */
        NUMBER(TCP_LISTENER "1.5.0.0.0.0.0.81", 0),                          /* no IPv4 address */
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.82.9", 0),                          /* too long */
        NUMBER(TCP_LISTENER "16.9.108.111.99.97.108.104.111.115.116.83", 0), /* a DNS name */
        NUMBER("1.3.6.1.2.1.6.20.1.4", 0),                                   /* no index at all */
        OWN_SOCKET,
    };
    struct look look;
    LOOK(look, rows);
    assert_int_equal(look.table->count, 3);
    assert_int_equal(find(&look, TRANSPORT_TCP, 25)->owner.pid, 0);
    assert_true(look.table->tcp_incomplete);
    assert_told(&look, "made no sense");
    look_done(&look);
}

/* An agent whose every answer is new, for ever. */
static void test_endless_table(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct reading reading;
    struct reading_ask ask;
    struct mib_binding bindings[25];
    uint32_t row = 0;
    reading_begin(&reading, &usual, arena);
    while (reading_next(&reading, &ask)) {
        struct reading_answer answer = {.bindings = bindings};
        memset(bindings, 0, sizeof(bindings));
        for (unsigned i = 0; ask.kind == ASK_BULK && i < ask.repetitions; i++, row++) {
            struct mib_binding *binding = &bindings[answer.count++];
            char name[128];
            snprintf(name, sizeof(name), TCP_LISTENER "1.4.10.%u.%u.%u.80", row >> 16 & 255, row >> 8 & 255, row & 255);
            binding->name = fake_name(name);
            binding->kind = MIB_NUMBER;
        }
        assert_int_equal(reading_take(&reading, &answer), 0);
    }
    assert_true(reading.listeners.count < 10000);
    assert_string_equal(reading.cut_reason, "the table has no end");
    reading_done(&reading);
    arena_free(arena);
}

/* Backwards, the same again, nothing at all: each ends. */
static void test_walks_that_go_nowhere(void **state)
{
    (void)state;
    static const char *const answers[] = {TCP_LISTENER "1.4.0.0.0.0.1", TCP_LISTENER "1.4.0.0.0.0.22", NULL};
    for (size_t kind = 0; kind < 3; kind++) {
        struct arena *arena = arena_new();
        struct listener_table *table = ARENA_NEW(arena, struct listener_table);
        struct reading reading;
        struct reading_ask ask;
        struct mib_binding binding;
        size_t requests = 0;
        table->arena = arena;
        reading_begin(&reading, &usual, arena);
        while (reading_next(&reading, &ask)) {
            struct reading_answer answer = {.bindings = &binding};
            memset(&binding, 0, sizeof(binding));
            binding.kind = MIB_NUMBER;
            bool first = ask.kind == ASK_BULK && reading.table == 0 && !reading.begun;
            binding.name = fake_name(first ? TCP_LISTENER "1.4.0.0.0.0.22" : answers[kind]);
            answer.count = ask.kind != ASK_GET && (first || (reading.table == 0 && answers[kind]));
            assert_int_equal(reading_take(&reading, &answer), 0);
            assert_true(++requests < 100);
        }
        assert_int_equal(reading_finish(&reading, table, "test"), 0);
        assert_int_equal(table->count, 1);
        assert_true(table->tcp_incomplete);
        reading_done(&reading);
        listener_table_free(table);
    }
}

static void test_names_that_are_no_names(void **state)
{
    (void)state;
    char long_name[400];
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    const struct fake_row rows[] = {
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.22", 5),
        NUMBER(TCP_LISTENER "1.4.0.0.0.0.25", 6),
        OWN_SOCKET,
        OCTETS(RUN_NAME "5", ""),
        OCTETS(RUN_NAME "6", long_name),
        NUMBER(RUN_PATH "5", 3),
    };
    struct look look;
    LOOK(look, rows);
    assert_null(find(&look, TRANSPORT_TCP, 22)->owner.exe);
    assert_null(find(&look, TRANSPORT_TCP, 25)->owner.exe);
    look_done(&look);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_tables),
        cmocka_unit_test(test_windows_tells_ipv4_alone),
        cmocka_unit_test(test_old_tables_elsewhere_prove_no_absence),
        cmocka_unit_test(test_listeners_among_connections),
        cmocka_unit_test(test_windows_names),
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_views_that_hide),
        cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_silence_in_the_middle),
        cmocka_unit_test(test_duplicate_rows),
        cmocka_unit_test(test_too_big),
        cmocka_unit_test(test_rows_without_sense),
        cmocka_unit_test(test_endless_table),
        cmocka_unit_test(test_walks_that_go_nowhere),
        cmocka_unit_test(test_names_that_are_no_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

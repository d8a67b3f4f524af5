/* The helpers: what they are asked and answer, read without trust; and as root the whole of it, from a process that has
 * dropped every capability. */
#include "helper_channel.h"
#include "portconform/capability.h"
#include "portconform/listeners.h"
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/skip.h"

/* --- packets ------------------------------------------------------------------------------------------------------ */

static void test_places(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "/",
        "/etc/passwd",
        "/run/netns",
        "/run/netns/",
        "/run/netns/.",
        "/run/netns/..",
        "/run/netns/a/b",
        "/run/netns/../passwd",
        "run/netns/a",
        "/proc/ns/net",
        "/proc//ns/net",
        "/proc/self/ns/net",
        "/proc/0/ns/net",
        "/proc/1/ns/mnt",
        "/proc/-1/ns/net",
        "/proc/+1/ns/net",
        "/proc/1/../ns/net",
        "/proc/99999999999/ns/net",
        "/proc/1/task/1/ns/net",
        "/proc/1/ns/net/",
        "/proc/1/ns/network",
        "/home/x/proc/1/ns/net",
    };
    struct helper_place place = {.pid = -1};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (helper_place_parse(refused[i], &place) != -EINVAL)
            fail_msg("%s", refused[i]);
    assert_int_equal(place.pid, -1);
    assert_int_equal(helper_place_parse("/run/netns/app-1", &place), 0);
    assert_string_equal(place.name, "app-1");
    assert_int_equal(place.pid, 0);
    assert_int_equal(helper_place_parse("/var/run/netns/app", &place), 0);
    assert_string_equal(place.name, "app");
    assert_int_equal(helper_place_parse("/proc/4711/ns/net", &place), 0);
    assert_int_equal(place.pid, 4711);
    char path[512] = "/run/netns/";
    memset(path + strlen(path), 'a', 300);
    assert_int_equal(helper_place_parse(path, &place), -EINVAL);
}

static int parse(uint32_t kind, uint32_t count, const void *body, size_t length)
{
    char octets[256];
    struct helper_request request;
    const struct helper_head head = {.kind = kind, .count = count, .sequence = 7};
    memcpy(octets, &head, sizeof(head));
    memcpy(octets + sizeof(head), body, length);
    return helper_parse_request(octets, sizeof(head) + length, &request);
}

static void test_requests(void **state)
{
    (void)state;
    const struct helper_question questions[2] = {{.inode = 1}, {.inode = 2}};
    struct helper_request request;
    assert_int_equal(parse(HELPER_ASKS_OWNERS, 2, questions, sizeof(questions)), 0);
    assert_int_equal(parse(HELPER_ASKS_OWNERS, 0, questions, 0), 0);
    assert_int_equal(parse(HELPER_ASKS_OWNERS, 1, questions, sizeof(questions)), -EBADMSG);
    assert_int_equal(parse(HELPER_ASKS_OWNERS, 3, questions, sizeof(questions)), -EBADMSG);
    assert_int_equal(parse(HELPER_ASKS_OWNERS, UINT32_MAX, questions, sizeof(questions)), -EBADMSG);
    assert_int_equal(parse(HELPER_ASKS_OWNERS, 2, questions, sizeof(questions) - 1), -EBADMSG);
    assert_int_equal(parse(HELPER_ASKS_NAMESPACE, 13, "/run/netns/a", 13), 0);
    assert_int_equal(parse(HELPER_ASKS_NAMESPACE, 12, "/run/netns/a", 12), -EBADMSG); /* without its NUL */
    assert_int_equal(parse(HELPER_ASKS_NAMESPACE, 15, "/run/netns/a\0b", 15), -EBADMSG);
    assert_int_equal(parse(HELPER_ASKS_NAMESPACE, 13, "/run/netns/", 12), -EBADMSG);
    assert_int_equal(parse(HELPER_ASKS_NAMESPACE, 0, "", 0), -EBADMSG);
    assert_int_equal(parse(0, 0, "", 0), -EBADMSG);
    assert_int_equal(parse(3, 0, "", 0), -EBADMSG);
    assert_int_equal(helper_parse_request("", 0, &request), -EBADMSG);
    assert_int_equal(helper_parse_request((const char[8]){0}, 8, &request), -EBADMSG);
}

struct built {
    char octets[512];
    size_t length;
    struct helper_head head;
};

static void build(struct built *built, uint64_t inode, const char *exe, const char *unit)
{
    const struct helper_owner owner = {
        .inode = inode, .pid = 12, .exe = (uint16_t)strlen(exe), .unit = (uint16_t)strlen(unit)};
    if (built->length == 0)
        built->length = sizeof(built->head);
    memcpy(built->octets + built->length, &owner, sizeof(owner));
    built->length += sizeof(owner);
    memcpy(built->octets + built->length, exe, owner.exe);
    built->length += owner.exe;
    memcpy(built->octets + built->length, unit, owner.unit);
    built->length += owner.unit;
    built->head.count++;
    memcpy(built->octets, &built->head, sizeof(built->head));
}

static void test_answers(void **state)
{
    (void)state;
    struct sockdiag_row items[3] = {
        {.listener.inode = 5}, {.listener = {.inode = 6, .owner.unit = "a.service"}}, {.listener.inode = 7}};
    struct sockdiag_rows rows = {.items = items, .count = 3};
    struct arena *arena = arena_new();
    struct built built = {.length = 0};
    build(&built, 6, "/usr/sbin/x", "");
    build(&built, 7, "/opt/y", "y.service");
    assert_int_equal(helper_take_owners(built.octets, built.length, &rows, arena), 0);
    assert_int_equal(items[0].listener.owner.pid, 0);
    assert_int_equal(items[1].listener.owner.pid, 12);
    assert_string_equal(items[1].listener.owner.exe, "/usr/sbin/x");
    assert_string_equal(items[1].listener.owner.unit, "a.service");
    assert_string_equal(items[2].listener.owner.unit, "y.service");
    for (size_t length = 0; length < built.length; length++)
        assert_int_equal(helper_take_owners(built.octets, length, &rows, arena), -EBADMSG);
    built.octets[built.length++] = 'x'; /* more than it says */
    assert_int_equal(helper_take_owners(built.octets, built.length, &rows, arena), -EBADMSG);
    struct built unasked = {.length = 0};
    build(&unasked, 8, "/bin/z", "");
    assert_int_equal(helper_take_owners(unasked.octets, unasked.length, &rows, arena), -EBADMSG);
    struct built twice = {.length = 0};
    build(&twice, 7, "/bin/z", "");
    build(&twice, 7, "/bin/z", "");
    assert_int_equal(helper_take_owners(twice.octets, twice.length, &rows, arena), -EBADMSG);
    arena_free(arena);
}

/* --- alive -------------------------------------------------------------------------------------------------------- */

enum { OTHER_USER = 65534 };

/* In a process of its own: dropping capabilities is for good. What it returns is the line that failed. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

static void run_apart(int (*work)(void))
{
    if (geteuid() != 0)
        SKIP("a helper with capabilities needs root");
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(setpgid(0, 0) < 0 ? 1 : work());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    kill(-pid, SIGKILL); /* who it started as another user, and may not end itself */
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A process of another user that listens, in a namespace of its own if that is wanted. Says its port when it does. */
static pid_t start_other(bool apart, uint16_t *ret_port)
{
    int said[2];
    if (pipe(said) < 0)
        return -1;
    const pid_t pid = fork();
    if (pid == 0) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
        socklen_t length = sizeof(address);
        if ((apart && unshare(CLONE_NEWNET) < 0) || setuid(OTHER_USER) < 0)
            _exit(1);
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 1) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &length) < 0)
            _exit(1);
        const uint16_t port = ntohs(address.sin_port);
        if (write(said[1], &port, sizeof(port)) != sizeof(port))
            _exit(1);
        for (;;)
            pause();
    }
    close(said[1]);
    const bool told = pid > 0 && read(said[0], ret_port, sizeof(*ret_port)) == sizeof(*ret_port);
    close(said[0]);
    return told ? pid : -1;
}

static struct listener_table *look(struct listener_helper *helper, const char *netns)
{
    struct listener_table *table = NULL;
    const struct listener_request request = {.netns = netns, .owners = true, .helper = helper, .now = moment_now()};
    return listener_source_find("kernel")->collect(&request, &table) < 0 ? NULL : table;
}

static const struct listener *listener_at(const struct listener_table *table, uint16_t port)
{
    for (size_t i = 0; table && i < table->count; i++)
        if (table->items[i].transport == TRANSPORT_TCP && table->items[i].port == port)
            return &table->items[i];
    return NULL;
}

/* Looks again while a helper has not had its turn: the machine may be busy. */
static struct listener_table *look_patiently(struct listener_helper *helper, const char *netns, uint16_t port)
{
    for (;;) {
        struct listener_table *table = look(helper, netns);
        const struct listener *listener = listener_at(table, port);
        const bool late = table && (table->status == LISTENERS_FAILED ? table->error == -EAGAIN
                                                                      : listener && listener->owner.pid == 0);
        if (!late)
            return table;
        listener_table_free(table);
        sched_yield();
    }
}

/* The owner as a look tells it now; 0: not known, -1: no such listener. */
static int pid_by_look(struct listener_helper *helper, const char *netns, uint16_t port)
{
    struct listener_table *table = look(helper, netns);
    const struct listener *listener = listener_at(table, port);
    const int pid = listener ? listener->owner.pid : -1;
    listener_table_free(table);
    return pid;
}

static int see_other_user(void)
{
    struct listener_helper *helper = NULL;
    uint16_t port;
    CHECK(listener_helper_start(&helper) == 0);
    const pid_t other = start_other(false, &port);
    CHECK(other > 0);
    CHECK(capabilities_keep(0) == 0 && capabilities_held() == 0);
    CHECK(listener_helper_owners(helper) == HELPER_SERVES);
    CHECK(pid_by_look(NULL, NULL, port) == 0); /* what it would see by itself */
    struct listener_table *table = look_patiently(helper, NULL, port);
    const struct listener *listener = listener_at(table, port);
    CHECK(listener != NULL && listener->owner.pid == other);
    CHECK(listener->owner.exe != NULL && strstr(listener->owner.exe, "test_helper") != NULL);
    CHECK(listener->owner.uid == OTHER_USER);
    listener_table_free(table);
    CHECK(!listener_helper_check(helper));
    listener_helper_stop(helper);
    return 0;
}

static int see_namespace(void)
{
    struct listener_helper *helper = NULL;
    uint16_t port;
    char path[64];
    CHECK(listener_helper_start(&helper) == 0);
    const pid_t other = start_other(true, &port);
    CHECK(other > 0);
    snprintf(path, sizeof(path), "/proc/%d/ns/net", other);
    CHECK(capabilities_keep(0) == 0);
    CHECK(listener_helper_namespaces(helper) == HELPER_SERVES);
    struct listener_table *table = look(NULL, path);
    CHECK(table && table->status == LISTENERS_FAILED); /* by itself it may not */
    listener_table_free(table);
    table = look_patiently(helper, path, port);
    CHECK(table && table->status == LISTENERS_SEEN && table->udp_complete && table->count == 1);
    CHECK(table->ephemeral_low > 0 && table->ephemeral_high > table->ephemeral_low);
    CHECK(listener_at(table, port) && listener_at(table, port)->owner.pid == other);
    listener_table_free(table);
    snprintf(path, sizeof(path), "/proc/%d/ns/net", getpid());
    table = look_patiently(helper, path, port);
    CHECK(table && table->status == LISTENERS_SEEN && !listener_at(table, port)); /* our own does not have it */
    listener_table_free(table);
    table = look_patiently(helper, "/etc/passwd", port);
    CHECK(table && table->status == LISTENERS_FAILED && table->error == -EINVAL);
    listener_table_free(table);
    table = look_patiently(helper, "/run/netns/portconform-is-not-there", port);
    CHECK(table && table->status == LISTENERS_FAILED && table->error == -ENOENT);
    listener_table_free(table);
    CHECK(!listener_helper_check(helper));
    listener_helper_stop(helper);
    return 0;
}

/* A helper that hangs costs one wait, and is used again when it answers. */
static int live_with_a_hang(void)
{
    struct listener_helper *helper = NULL;
    uint16_t port;
    int status;
    CHECK(listener_helper_start(&helper) == 0);
    const pid_t other = start_other(false, &port);
    CHECK(other > 0 && capabilities_keep(0) == 0);
    CHECK(kill(helper->owners.pid, SIGSTOP) == 0 && waitpid(helper->owners.pid, &status, WUNTRACED) > 0);
    CHECK(pid_by_look(helper, NULL, port) == 0 && helper->owners.unanswered);
    const uint64_t asked = helper->owners.sequence;
    CHECK(pid_by_look(helper, NULL, port) == 0 && helper->owners.sequence == asked);
    CHECK(kill(helper->owners.pid, SIGCONT) == 0);
    struct listener_table *table = look_patiently(helper, NULL, port);
    CHECK(listener_at(table, port) && listener_at(table, port)->owner.pid == other);
    listener_table_free(table);
    CHECK(!listener_helper_check(helper));
    listener_helper_stop(helper);
    return 0;
}

static int live_without(void)
{
    struct listener_helper *helper = NULL;
    uint16_t port;
    CHECK(listener_helper_start(&helper) == 0);
    const pid_t other = start_other(false, &port);
    CHECK(other > 0 && capabilities_keep(0) == 0);
    CHECK(kill(helper->owners.pid, SIGKILL) == 0);
    CHECK(pid_by_look(helper, NULL, port) == 0); /* the listener is seen all the same */
    while (!listener_helper_check(helper))
        sched_yield();
    CHECK(listener_helper_owners(helper) == HELPER_ENDED && listener_helper_namespaces(helper) == HELPER_SERVES);
    CHECK(!listener_helper_check(helper));
    CHECK(pid_by_look(helper, NULL, port) == 0);
    listener_helper_stop(helper);
    return 0;
}

/* One that lies is not listened to. */
static int refuse_lies(void)
{
    struct listener_helper *helper = NULL;
    struct built built = {.length = 0};
    uint16_t port;
    int ends[2];
    CHECK(listener_helper_start(&helper) == 0);
    CHECK(start_other(false, &port) > 0); /* without a listener it is not asked */
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    close(helper->owners.fd);
    helper->owners.fd = ends[0];
    build(&built, UINT64_MAX, "/bin/z", "");
    built.head.sequence = 1;
    memcpy(built.octets, &built.head, sizeof(built.head));
    CHECK(send(ends[1], built.octets, built.length, 0) > 0);
    struct listener_table *table = look(helper, NULL);
    CHECK(table && table->status == LISTENERS_SEEN);
    listener_table_free(table);
    CHECK(helper->owners.fd == -1);
    CHECK(listener_helper_check(helper) && listener_helper_owners(helper) == HELPER_ENDED);
    close(ends[1]);
    listener_helper_stop(helper);
    return 0;
}

static int start_without_rights(void)
{
    struct listener_helper *helper = NULL;
    CHECK(capabilities_keep(0) == 0);
    CHECK(listener_helper_start(&helper) == 0);
    CHECK(listener_helper_owners(helper) == HELPER_NONE && listener_helper_namespaces(helper) == HELPER_NONE);
    CHECK(!listener_helper_check(helper));
    struct listener_table *table = look(helper, NULL);
    CHECK(table && table->status == LISTENERS_SEEN);
    listener_table_free(table);
    listener_helper_stop(helper);
    return 0;
}

static void test_other_user(void **state)
{
    (void)state;
    run_apart(see_other_user);
}

static void test_namespace(void **state)
{
    (void)state;
    run_apart(see_namespace);
}

static void test_hang(void **state)
{
    (void)state;
    run_apart(live_with_a_hang);
}

static void test_killed(void **state)
{
    (void)state;
    run_apart(live_without);
}

static void test_lies(void **state)
{
    (void)state;
    run_apart(refuse_lies);
}

static void test_without_rights(void **state)
{
    (void)state;
    run_apart(start_without_rights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),     cmocka_unit_test(test_requests),  cmocka_unit_test(test_answers),
        cmocka_unit_test(test_other_user), cmocka_unit_test(test_namespace), cmocka_unit_test(test_hang),
        cmocka_unit_test(test_killed),     cmocka_unit_test(test_lies),      cmocka_unit_test(test_without_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

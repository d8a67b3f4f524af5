/* The kernel source against sockets that this test opens itself, on loopback, on ports that the kernel chooses. */
#include "netns.h"
#include "portconform/error.h"
#include "portconform/listeners.h"
#include "sockdiag.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/skip.h"

/* A bound socket, listening if TCP. `host` may be NULL for the wildcard. Returns -1 where the family is not there. */
static int open_socket(sa_family_t family, int type, const char *host, uint16_t *ret_port)
{
    struct address address = {.family = family};
    if (host)
        assert_int_equal(address_parse(host, &address), 0);
    struct sockaddr_storage storage;
    socklen_t length = address_to_sockaddr(&address, 0, &storage);
    const int fd = socket(family, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&storage, length) < 0) {
        close(fd);
        return -1;
    }
    length = sizeof(storage);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&storage, &length), 0);
    address_from_sockaddr((struct sockaddr *)&storage, ret_port);
    return fd;
}

static int listen_on(sa_family_t family, const char *host, int backlog, uint16_t *ret_port)
{
    const int fd = open_socket(family, SOCK_STREAM, host, ret_port);
    if (fd >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static struct listener_table *collect(const char *netns, bool owners)
{
    const struct listener_source *source = listener_source_find("kernel");
    const struct listener_request request = {.netns = netns, .owners = owners, .now = moment_now()};
    struct listener_table *table = NULL;
    assert_non_null(source);
    assert_int_equal(source->collect(&request, &table), 0);
    assert_non_null(table);
    return table;
}

static struct listener_table *collect_seen(const char *netns, bool owners)
{
    struct listener_table *table = collect(netns, owners);
    assert_int_equal(table->status, LISTENERS_SEEN);
    assert_string_equal(table->source, "kernel");
    return table;
}

static const struct listener *find(const struct listener_table *table, enum transport transport, uint16_t port)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->items[i].transport == transport && table->items[i].port == port)
            return &table->items[i];
    return NULL;
}

static void tcp_on_an_address(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = listen_on(AF_INET, "127.0.0.1", 5, &port);
    assert_true(fd >= 0);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    struct listener_table *table = collect_seen(NULL, false);
    const struct listener *listener = find(table, TRANSPORT_TCP, port);
    assert_non_null(listener);
    struct address loopback;
    assert_int_equal(address_parse("127.0.0.1", &loopback), 0);
    assert_true(address_equal(&listener->address, &loopback));
    assert_true(listener->queue_known);
    assert_int_equal(listener->queue_length, 0);
    assert_int_equal(listener->queue_limit, 5);
    assert_int_equal(listener->inode, status.st_ino);
    assert_true(listener->owner.uid_known);
    assert_int_equal(listener->owner.uid, getuid());
    assert_null(listener->owner.exe); /* not asked for */
    assert_string_equal(listener->device, "");
    assert_true(table->udp_complete);
    assert_true(table->ephemeral_low > 0 && table->ephemeral_low < table->ephemeral_high);
    listener_table_free(table);
    close(fd);
    table = collect_seen(NULL, false);
    assert_null(find(table, TRANSPORT_TCP, port));
    listener_table_free(table);
}

static void a_bound_socket_that_does_not_listen_is_none(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = open_socket(AF_INET, SOCK_STREAM, "127.0.0.1", &port);
    assert_true(fd >= 0);
    struct listener_table *table = collect_seen(NULL, false);
    assert_null(find(table, TRANSPORT_TCP, port));
    listener_table_free(table);
    close(fd);
}

static void wildcards_of_both_families(void **state)
{
    (void)state;
    uint16_t v4_port;
    uint16_t dual_port;
    uint16_t v6_port;
    const int v4 = listen_on(AF_INET, NULL, 1, &v4_port);
    const int dual = listen_on(AF_INET6, NULL, 1, &dual_port);
    if (dual < 0) {
        close(v4);
        SKIP("this machine has no IPv6");
    }
    const int v6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    socklen_t length = sizeof(any);
    assert_int_equal(setsockopt(v6, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
    assert_int_equal(bind(v6, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listen(v6, 1), 0);
    assert_int_equal(getsockname(v6, (struct sockaddr *)&any, &length), 0);
    v6_port = ntohs(any.sin6_port);

    struct listener_table *table = collect_seen(NULL, false);
    const struct listener *listener = find(table, TRANSPORT_TCP, v4_port);
    assert_non_null(listener);
    assert_int_equal(listener->address.family, AF_INET);
    assert_true(address_is_wildcard(&listener->address));
    listener = find(table, TRANSPORT_TCP, dual_port);
    assert_non_null(listener);
    assert_int_equal(listener->address.family, AF_INET6);
    assert_int_equal(listener->v6only, V6ONLY_NO);
    struct address target;
    assert_int_equal(address_parse("192.0.2.1", &target), 0);
    assert_true(listener_serves(listener, &target));
    listener = find(table, TRANSPORT_TCP, v6_port);
    assert_non_null(listener);
    assert_int_equal(listener->v6only, V6ONLY_YES);
    assert_false(listener_serves(listener, &target));
    listener_table_free(table);
    close(v4);
    close(dual);
    close(v6);
}

static void a_mapped_address_is_told_as_ipv4(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = listen_on(AF_INET6, "::ffff:127.0.0.1", 1, &port);
    if (fd < 0) {
        SKIP("this machine has no IPv6");
    }
    struct listener_table *table = collect_seen(NULL, false);
    const struct listener *listener = find(table, TRANSPORT_TCP, port);
    assert_non_null(listener);
    assert_int_equal(listener->address.family, AF_INET);
    assert_true(address_is_loopback(&listener->address));
    listener_table_free(table);
    close(fd);
}

/* hazard: what our own probes leave from waits for answers, and looks like a listener */
static void sockets_of_probes_are_no_listeners(void **state)
{
    (void)state;
    uint16_t ports[3];
    int fds[3];
    uint64_t inodes[3];
    for (int i = 0; i < 3; i++) {
        struct stat status;
        fds[i] = open_socket(AF_INET, SOCK_DGRAM, "127.0.0.1", &ports[i]);
        assert_true(fds[i] >= 0);
        assert_int_equal(fstat(fds[i], &status), 0);
        inodes[i] = status.st_ino;
    }
    uint64_t own[2] = {inodes[0] < inodes[2] ? inodes[0] : inodes[2], inodes[0] < inodes[2] ? inodes[2] : inodes[0]};
    const struct listener_request request = {
        .own_sockets = own, .own_socket_count = 2, .now = moment_now(), .deadline_mono_ms = INT64_MAX};
    struct listener_table *table;
    assert_int_equal(listener_source_find("kernel")->collect(&request, &table), 0);
    assert_int_equal(table->status, LISTENERS_SEEN);
    for (int i = 0; i < 3; i++) {
        assert_true((find(table, TRANSPORT_UDP, ports[i]) != NULL) == (i == 1));
        close(fds[i]);
    }
    listener_table_free(table);
}

static void udp_connected_is_no_listener(void **state)
{
    (void)state;
    uint16_t open_port;
    uint16_t client_port;
    const int server = open_socket(AF_INET, SOCK_DGRAM, "127.0.0.1", &open_port);
    const int client = open_socket(AF_INET, SOCK_DGRAM, "127.0.0.1", &client_port);
    assert_true(server >= 0 && client >= 0);
    struct address loopback;
    struct sockaddr_storage storage;
    assert_int_equal(address_parse("127.0.0.1", &loopback), 0);
    const socklen_t length = address_to_sockaddr(&loopback, open_port, &storage);
    assert_int_equal(connect(client, (struct sockaddr *)&storage, length), 0);
    struct listener_table *table = collect_seen(NULL, false);
    const struct listener *listener = find(table, TRANSPORT_UDP, open_port);
    assert_non_null(listener);
    assert_false(listener->queue_known);
    assert_null(find(table, TRANSPORT_UDP, client_port));
    assert_null(find(table, TRANSPORT_TCP, open_port));
    listener_table_free(table);
    close(server);
    close(client);
}

static void a_device_has_its_name(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = listen_on(AF_INET, "127.0.0.1", 1, &port);
    assert_true(fd >= 0);
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) < 0) {
        close(fd);
        SKIP("binding to a device is not permitted here");
    }
    struct listener_table *table = collect_seen(NULL, false);
    const struct listener *listener = find(table, TRANSPORT_TCP, port);
    assert_non_null(listener);
    assert_string_equal(listener->device, "lo");
    listener_table_free(table);
    close(fd);
}

static void a_full_queue_shows(void **state)
{
    (void)state;
    uint16_t port;
    const int server = listen_on(AF_INET, "127.0.0.1", 1, &port);
    assert_true(server >= 0);
    struct address loopback;
    struct sockaddr_storage storage;
    assert_int_equal(address_parse("127.0.0.1", &loopback), 0);
    const socklen_t length = address_to_sockaddr(&loopback, port, &storage);
    int clients[2]; /* a backlog of 1 takes two, since the kernel asks for more than */
    for (size_t i = 0; i < 2; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(clients[i], (struct sockaddr *)&storage, length), 0);
    }
    struct listener_table *table = collect_seen(NULL, false);
    const struct listener *listener = find(table, TRANSPORT_TCP, port);
    assert_non_null(listener);
    assert_int_equal(listener->queue_limit, 1);
    assert_int_equal(listener->queue_length, 2);
    listener_table_free(table);
    close(clients[0]);
    close(clients[1]);
    close(server);
}

static void the_owner_is_this_program(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = listen_on(AF_INET, "127.0.0.1", 1, &port);
    assert_true(fd >= 0);
    char exe[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    assert_true(length > 0);
    exe[length] = '\0';
    struct listener_table *table = collect_seen(NULL, true);
    const struct listener *listener = find(table, TRANSPORT_TCP, port);
    assert_non_null(listener);
    assert_int_equal(listener->owner.pid, getpid());
    assert_string_equal(listener->owner.exe, exe);
    listener_table_free(table);
    close(fd);
}

/* The cache tells what the scan told; what it does not read again is measured by tests/bench. */
static void the_owner_is_known_the_second_time(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = listen_on(AF_INET, "127.0.0.1", 1, &port);
    assert_true(fd >= 0);
    struct owner_cache *known = owner_cache_new();
    assert_non_null(known);
    char first[PATH_MAX] = "";
    for (int look = 0; look < 3; look++) {
        struct moment now = moment_now();
        now.mono_ms += look == 2 ? 3600000 : 0; /* an hour later it is looked for anew */
        const struct listener_request request = {.owners = true, .known = known, .now = now};
        struct listener_table *table = NULL;
        assert_int_equal(listener_source_find("kernel")->collect(&request, &table), 0);
        const struct listener *listener = find(table, TRANSPORT_TCP, port);
        assert_non_null(listener);
        assert_int_equal(listener->owner.pid, getpid());
        if (look == 0)
            strcpy(first, listener->owner.exe);
        assert_string_equal(listener->owner.exe, first);
        listener_table_free(table);
    }
    owner_cache_free(known);
    owner_cache_free(NULL);
    close(fd);
}

static void a_deadline_that_passed_is_our_own_trouble(void **state)
{
    (void)state;
    const struct listener_source *source = listener_source_find("kernel");
    const struct listener_request request = {.now = moment_now(), .deadline_mono_ms = 1};
    struct listener_table *table = NULL;
    assert_int_equal(source->collect(&request, &table), 0);
    assert_int_equal(table->status, LISTENERS_FAILED);
    assert_int_equal(table->error, PC_EDEADLINE);
    assert_int_equal(table->count, 0);
    listener_table_free(table);
}

/* --- other namespaces -------------------------------------------------------------------------------------------- */

static void a_namespace_that_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int error;
    } cases[] = {
        {"/nonexistent/netns", -ENOENT},
        {"/dev/null", -EINVAL},
        {"/tmp", -EINVAL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct listener_table *table = collect(cases[i].path, false);
        assert_int_equal(table->status, LISTENERS_FAILED);
        assert_int_equal(table->error, cases[i].error);
        assert_non_null(strstr(table->note, cases[i].path));
        listener_table_free(table);
    }
}

/* A process in a network namespace of its own with a listener there; it ends when the pipe is closed. */
struct resident {
    pid_t pid;
    int pipe_in; /* our end, to write */
    uint16_t port;
};

static void resident_main(int ready, int until)
{
    uint16_t port = 0;
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    if (unshare(CLONE_NEWNET) == 0) {
        const int fd = open_socket(AF_INET, SOCK_STREAM, NULL, &port);
        if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &loopback) < 0 || listen(fd, 7) < 0)
            port = 0;
    }
    char octet;
    if (write(ready, &port, sizeof(port)) == sizeof(port))
        while (read(until, &octet, 1) < 0 && errno == EINTR)
            continue;
    _exit(0);
}

static bool resident_start(struct resident *resident)
{
    int ready[2];
    int until[2];
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(until, O_CLOEXEC), 0);
    resident->pid = fork();
    assert_true(resident->pid >= 0);
    if (resident->pid == 0) {
        close(until[1]);
        resident_main(ready[1], until[0]);
    }
    close(ready[1]);
    close(until[0]);
    assert_int_equal(read(ready[0], &resident->port, sizeof(resident->port)), sizeof(resident->port));
    close(ready[0]);
    resident->pipe_in = until[1];
    return resident->port != 0;
}

static void resident_end(struct resident *resident)
{
    close(resident->pipe_in);
    assert_int_equal(waitpid(resident->pid, NULL, 0), resident->pid);
}

static void another_namespace(void **state)
{
    (void)state;
    struct resident resident;
    char path[64];
    if (!resident_start(&resident)) {
        resident_end(&resident);
        SKIP("a network namespace needs CAP_SYS_ADMIN");
    }
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)resident.pid);
    struct listener_table *inside = collect_seen(path, true);
    assert_int_equal(inside->count, 1); /* nothing of ours */
    assert_int_equal(inside->items[0].port, resident.port);
    assert_int_equal(inside->items[0].queue_limit, 7);
    assert_int_equal(inside->items[0].owner.pid, resident.pid);
    listener_table_free(inside);

    uint16_t port;
    const int fd = listen_on(AF_INET, "127.0.0.1", 1, &port); /* this thread is where it was */
    assert_true(fd >= 0);
    struct listener_table *ours = collect_seen(NULL, false);
    assert_non_null(find(ours, TRANSPORT_TCP, port));
    listener_table_free(ours);
    close(fd);

    snprintf(path, sizeof(path), "/proc/%d/ns/uts", (int)resident.pid);
    struct listener_table *wrong = collect(path, false);
    assert_int_equal(wrong->status, LISTENERS_FAILED);
    assert_int_equal(wrong->error, -EINVAL);
    listener_table_free(wrong);
    resident_end(&resident);
}

static int unprivileged_look(void)
{
    if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
        return 10;
    struct listener_table *table = collect("/proc/self/ns/net", false);
    const int error = table->status == LISTENERS_FAILED ? table->error : 0;
    listener_table_free(table);
    table = collect(NULL, true); /* one's own namespace needs no permission, and owners are only unknown */
    const bool seen = table->status == LISTENERS_SEEN;
    listener_table_free(table);
    return error == -EPERM && seen ? 0 : 11;
}

static void a_missing_permission_is_our_own_trouble(void **state)
{
    (void)state;
    if (getuid() != 0)
        SKIP("giving up permissions needs root");
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(unprivileged_look());
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- malformed answers ------------------------------------------------------------------------------------------- */

static void malformed_messages(void **state)
{
    (void)state;
    struct {
        struct nlmsghdr header;
        struct inet_diag_msg socket;
        struct nlattr attribute;
        uint8_t value[8];
    } message;
    struct sockdiag_row row = {.cgroup_id = 4711};
    memset(&message, 0, sizeof(message));
    message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    message.header.nlmsg_len = sizeof(message.header) + 4;
    assert_int_equal(sockdiag_read(&message.header, TRANSPORT_TCP, &row), -EBADMSG);
    message.header.nlmsg_len = sizeof(message.header) + sizeof(message.socket);
    assert_int_equal(sockdiag_read(&message.header, TRANSPORT_TCP, &row), 0); /* no port */
    message.socket.id.idiag_sport = htons(80);
    message.socket.idiag_family = AF_UNIX;
    assert_int_equal(sockdiag_read(&message.header, TRANSPORT_TCP, &row), 0);
    message.header.nlmsg_type = NLMSG_NOOP;
    assert_int_equal(sockdiag_read(&message.header, TRANSPORT_TCP, &row), 0);
    assert_int_equal(row.cgroup_id, 4711);

    message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    message.socket.idiag_family = AF_INET6;
    message.header.nlmsg_len = sizeof(message);
    message.attribute.nla_type = INET_DIAG_CGROUP_ID;
    message.attribute.nla_len = sizeof(message.attribute) + 4; /* too short for an id */
    assert_int_equal(sockdiag_read(&message.header, TRANSPORT_TCP, &row), 1);
    assert_int_equal(row.cgroup_id, 0);
    assert_int_equal(row.listener.v6only, V6ONLY_UNKNOWN);
    message.attribute.nla_len = 0xffff; /* beyond the message */
    assert_int_equal(sockdiag_read(&message.header, TRANSPORT_TCP, &row), 1);
    message.attribute.nla_len = sizeof(message.attribute) + 8;
    message.value[0] = 9;
    assert_int_equal(sockdiag_read(&message.header, TRANSPORT_UDP, &row), 1);
    assert_int_equal(row.cgroup_id, 9);
    assert_false(row.listener.queue_known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_on_an_address),
        cmocka_unit_test(a_bound_socket_that_does_not_listen_is_none),
        cmocka_unit_test(wildcards_of_both_families),
        cmocka_unit_test(a_mapped_address_is_told_as_ipv4),
        cmocka_unit_test(udp_connected_is_no_listener),
        cmocka_unit_test(sockets_of_probes_are_no_listeners),
        cmocka_unit_test(a_device_has_its_name),
        cmocka_unit_test(a_full_queue_shows),
        cmocka_unit_test(the_owner_is_this_program),
        cmocka_unit_test(the_owner_is_known_the_second_time),
        cmocka_unit_test(a_deadline_that_passed_is_our_own_trouble),
        cmocka_unit_test(a_namespace_that_is_none),
        cmocka_unit_test(another_namespace),
        cmocka_unit_test(a_missing_permission_is_our_own_trouble),
        cmocka_unit_test(malformed_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Hazard: systemd holds the sockets of the services that it starts. Process 1, in a namespace made for it, is called
 * systemd and holds a socket; so does a service, at first. */
#include "portconform/listeners.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/skip.h"

/* What the service saw; sent through a pipe. */
struct sight {
    bool refused;          /* this machine does not permit what it takes */
    bool made;             /* everything could be set up */
    int32_t shared_by;     /* the owner of a socket that both hold */
    int32_t service;       /* the service's own process id */
    bool program_is_known; /* of that owner */
    int32_t held_by;       /* the owner of one that process 1 holds alone */
    bool holder_is_named;
};

/* A program that sleeps, under another name. */
static void make_manager(char *path, size_t size)
{
    char folder[] = "/tmp/pc-activation-XXXXXX";
    struct stat status;
    assert_non_null(mkdtemp(folder));
    snprintf(path, size, "%s/systemd", folder);
    int from = open("/bin/sleep", O_RDONLY | O_CLOEXEC), to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_true(from >= 0 && to >= 0 && fstat(from, &status) == 0);
    assert_int_equal(sendfile(to, from, NULL, (size_t)status.st_size), status.st_size);
    close(from);
    close(to);
}

static void remove_manager(char *path)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

static int listen_on(uint16_t *ret_port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(own);
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* inherited across exec, as systemd hands it over */
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, length) < 0 || listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)&own, &length) < 0)
        return -1;
    *ret_port = ntohs(own.sin_port);
    return fd;
}

static bool manager_runs(void)
{
    char name[16] = "";
    int fd = open("/proc/1/comm", O_RDONLY | O_CLOEXEC);
    bool read_it = fd >= 0 && read(fd, name, sizeof(name) - 1) > 0;
    close(fd);
    return read_it && strcmp(name, "systemd\n") == 0;
}

static int32_t owner_of(uint16_t port, bool *ret_named)
{
    const struct listener_request request = {.owners = true, .now = moment_now()};
    struct listener_table *table = NULL;
    int32_t pid = -1;
    if (listener_source_find("kernel")->collect(&request, &table) < 0)
        return pid;
    for (size_t i = 0; i < table->count; i++) {
        if (table->items[i].port != port || table->items[i].transport != TRANSPORT_TCP)
            continue;
        pid = table->items[i].owner.pid;
        *ret_named = table->items[i].owner.exe != NULL;
    }
    listener_table_free(table);
    return pid;
}

static _Noreturn void be_service(int socket, uint16_t port, int out)
{
    struct sight sight = {.made = true, .service = getpid()};
    while (!manager_runs())
        sched_yield();
    sight.shared_by = owner_of(port, &sight.program_is_known);
    close(socket);
    sight.held_by = owner_of(port, &sight.holder_is_named);
    _exit(write(out, &sight, sizeof(sight)) == (ssize_t)sizeof(sight) ? 0 : 1);
}

static _Noreturn void give_up(int out, bool refused)
{
    const struct sight nothing = {.refused = refused};
    _exit(write(out, &nothing, sizeof(nothing)) == (ssize_t)sizeof(nothing) ? 0 : 1);
}

/* Process 1 of a namespace with a /proc of its own. */
static _Noreturn void be_manager(const char *path, int out)
{
    uint16_t port;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
        give_up(out, true);
    int socket = listen_on(&port);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* and with process 1 everything in the namespace ends */
    pid_t service = socket < 0 ? -1 : fork();
    if (service == 0)
        be_service(socket, port, out);
    if (service > 0)
        execl(path, "systemd", "600", (char *)NULL);
    give_up(out, false);
}

/* In a process of its own: the next child of one that calls unshare() is process 1, and only the first. */
static _Noreturn void be_outside(const char *path, int out)
{
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
        give_up(out, true);
    pid_t manager = fork();
    if (manager == 0)
        be_manager(path, out);
    if (manager < 0)
        _exit(1);
    close(out);
    (void)pause(); /* until the test has heard */
    _exit(0);
}

static struct sight look(const char *path)
{
    struct sight sight = {.made = false, .refused = false};
    int channel[2];
    assert_int_equal(pipe2(channel, O_CLOEXEC), 0);
    pid_t outside = fork();
    assert_true(outside >= 0);
    if (outside == 0)
        be_outside(path, channel[1]);
    close(channel[1]);
    if (read(channel[0], &sight, sizeof(sight)) != (ssize_t)sizeof(sight))
        sight.made = false;
    kill(outside, SIGKILL);
    waitpid(outside, NULL, 0);
    close(channel[0]);
    return sight;
}

static void who_holds_it_for_another_is_no_owner(void **state)
{
    (void)state;
    char path[PATH_MAX];
    make_manager(path, sizeof(path));
    struct sight sight = look(path);
    remove_manager(path);
    if (sight.refused)
        SKIP("processes and mounts of their own need root, for unshare() and mount()");
    assert_true(sight.made);
    assert_int_equal(sight.shared_by, sight.service);
    assert_true(sight.program_is_known);
    assert_int_equal(sight.held_by, 0);
    assert_false(sight.holder_is_named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_holds_it_for_another_is_no_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Units and containers out of cgroup paths, and a real cgroup where one may be made. */
#include "cgroup.h"
#include "owners.h"
#include "portconform/listeners.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/skip.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect_name(const char *got, const char *wanted)
{
    if (wanted)
        assert_string_equal(got, wanted);
    else
        assert_null(got);
}

static void units_out_of_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path, *unit;
    } cases[] = {
        {"/system.slice/jp1.service", "jp1.service"},
        {"/sys/fs/cgroup/unified/system.slice/jp1.service", "jp1.service"},
        {"/system.slice/jp1.service/worker/3", "jp1.service"},
        {"/user.slice/user-1000.slice/user@1000.service/app.slice/x11vnc.service", "x11vnc.service"},
        {"/user.slice/user-1000.slice/session-4.scope", "session-4.scope"},
        {"/system.slice/sshd.socket", "sshd.socket"},
        {"/system.slice/docker-" ID ".scope", "docker-" ID ".scope"},
        {"/docker/" ID, "docker/" ID},
        {"/docker/" ID "/app", "docker/" ID},
        {"/kubepods/besteffort/pod12/" ID, "pod12/" ID},
        {"/" ID, ID},
        {"/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope"},
        {"/system.slice/_cpu.service", "cpu.service"},
        {"/system.slice", NULL},
        {"/", NULL},
        {"", NULL},
        {"//", NULL},
        {"/.service", NULL},
        {"/0123456789abcdef", NULL},
        {"/docker/" ID "0", NULL},
        {"/docker/G123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde", NULL},
    };
    struct arena *arena = arena_new();
    assert_non_null(arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = 0;
        expect_name(cgroup_unit(cases[i].path, arena, &status), cases[i].unit);
        assert_int_equal(status, 0);
    }
    arena_free(arena);
}

static void units_out_of_proc(void **state)
{
    (void)state;
    static const struct {
        const char *content, *unit;
    } cases[] = {
        {"0::/system.slice/jp1.service\n", "jp1.service"},
        {"0::/system.slice/jp1.service", "jp1.service"},
        {"2:memory:/x.service\n1:name=systemd:/system.slice/jp1.service\n0::/\n", "jp1.service"},
        {"1:name=systemd:/system.slice/old.service\n0::/system.slice/new.service\n", "new.service"},
        {"9:name=systemd:/\n4:memory:/docker/" ID "\n0::/\n", "docker/" ID},
        {"0::/\n", NULL},
        {"", NULL},
        {"\n\n", NULL},
        {"rubbish", NULL},
        {"0::", NULL},
    };
    struct arena *arena = arena_new();
    assert_non_null(arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = 0;
        expect_name(cgroup_unit_of_process(cases[i].content, arena, &status), cases[i].unit);
        assert_int_equal(status, 0);
    }
    arena_free(arena);
}

static void ids_that_do_not_exist_stay_unknown(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_non_null(arena);
    struct cgroup_name names[] = {{.id = 1}, {.id = UINT64_MAX - 1}, {.id = UINT64_MAX}};
    assert_int_equal(cgroup_find(names, 3, arena), 0);
    for (size_t i = 0; i < 3; i++)
        assert_null(names[i].unit);
    assert_int_equal(cgroup_find(NULL, 0, arena), 0);
    arena_free(arena);
}

/* --- a real one -------------------------------------------------------------------------------------------------- */

/* Makes a cgroup that looks like a unit's; false where that is not possible. */
static bool make_cgroup(char *path, size_t size)
{
    static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
        char probe[64];
        snprintf(probe, sizeof(probe), "%s/cgroup.procs", mounts[i]); /* in the root of version 2 alone */
        snprintf(path, size, "%s/pc-test-%d.service", mounts[i], (int)getpid());
        char controllers[64];
        snprintf(controllers, sizeof(controllers), "%s/cgroup.controllers", mounts[i]);
        if (access(controllers, R_OK) == 0 && access(probe, W_OK) == 0 && mkdir(path, 0755) == 0)
            return true;
    }
    return false;
}

/* Joins the cgroup, listens, and looks: with all permissions by handle, then without any by walking the tree. */
static int look_from_inside(const char *path, const char *unit)
{
    char procs[PATH_MAX];
    snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
    const int join = open(procs, O_WRONLY | O_CLOEXEC);
    if (join < 0 || write(join, "0", 1) != 1)
        return 20;
    close(join);
    struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(loopback);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&loopback, length) < 0 || listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)&loopback, &length) < 0)
        return 21;
    for (int round = 0; round < 2; round++) {
        if (round == 1 && (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0))
            return 22;
        struct sockdiag_rows rows = {0};
        struct arena *arena = arena_new();
        if (!arena || sockdiag_collect(TRANSPORT_TCP, NULL, 0, &rows) < 0 || owners_find(&rows, arena, 0) < 0)
            return 23;
        bool found = false;
        for (size_t i = 0; i < rows.count; i++) {
            const struct listener *one = &rows.items[i].listener;
            if (one->port == ntohs(loopback.sin_port) && one->owner.unit && strcmp(one->owner.unit, unit) == 0)
                found = true;
        }
        arena_free(arena);
        free(rows.items);
        if (!found)
            return 30 + round;
    }
    return 0;
}

static void a_real_cgroup_names_its_unit(void **state)
{
    (void)state;
    char path[64];
    if (getuid() != 0 || !make_cgroup(path, sizeof(path)))
        SKIP("making a cgroup needs root and a writable cgroup2 mount");
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(look_from_inside(path, strrchr(path, '/') + 1));
    int status = 0;
    const pid_t ended = waitpid(pid, &status, 0);
    const int removed = rmdir(path);
    assert_int_equal(ended, pid);
    assert_int_equal(removed, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void unit_of_an_activated_service(void **state)
{
    (void)state;
    static const struct {
        const char *of_socket, *of_process, *unit;
    } cases[] = {
        {"jp1.service", "jp1.service", "jp1.service"},
        {"jp1.service", "session-4.scope", "jp1.service"},
        {"sshd.socket", "sshd.service", "sshd.service"},
        {"sshd.socket", NULL, "sshd.socket"},
        {".socket", "sshd.service", ".socket"},
        {NULL, "jp1.service", "jp1.service"},
        {NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_name(owners_unit(cases[i].of_socket, cases[i].of_process), cases[i].unit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_out_of_paths),
        cmocka_unit_test(unit_of_an_activated_service),
        cmocka_unit_test(units_out_of_proc),
        cmocka_unit_test(ids_that_do_not_exist_stay_unknown),
        cmocka_unit_test(a_real_cgroup_names_its_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

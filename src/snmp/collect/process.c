/* Starting the child: the same program once more, with one socket, no environment but what keeps net-snmp from files.
 */
#include "process.h"

#include "portconform/collect.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

const char spawn_argument[] = "--collect-listeners";

bool collector_is_child(int argc, char **argv)
{
    return argc == 2 && strcmp(argv[1], spawn_argument) == 0;
}

static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int fd)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int r = posix_spawn_file_actions_adddup2(actions, fd, STDIN_FILENO);
    if (r == 0) /* whoever waits for the end of our output must not wait for the child's too */
        r = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (r == 0)
        r = posix_spawnattr_setsigmask(attributes, &none);
    if (r == 0)
        r = posix_spawnattr_setsigdefault(attributes, &all);
    if (r == 0)
        r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return r;
}

static int spawn_on(int fd, pid_t *ret_pid)
{
    static char name[] = "portconform-collector";
    static char variables[][48] = {"LC_ALL=C.UTF-8", "MIBS=", "MIBDIRS=/dev/null", "SNMPCONFPATH=/dev/null",
                                   "SNMP_PERSISTENT_DIR=/dev/null/snmp"};
    char argument[32];
    memcpy(argument, spawn_argument, strlen(spawn_argument) + 1);
    char *const argv[] = {name, argument, NULL};
    char *const environment[] = {variables[0], variables[1], variables[2], variables[3], variables[4], NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = posix_spawnattr_init(&attributes);
    if (r == 0) {
        r = set_up(&actions, &attributes, fd);
        if (r == 0)
            r = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, argv, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return -r;
}

int spawn_child(struct spawned *ret)
{
    int ends[2];
    pid_t pid = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return -errno;
    int r = spawn_on(ends[1], &pid);
    close(ends[1]);
    if (r < 0) {
        close(ends[0]);
        return r;
    }
    *ret = (struct spawned){.pid = pid, .fd = ends[0]};
    return 0;
}

void spawn_end(struct spawned *child)
{
    if (child->fd >= 0)
        close(child->fd);
    if (child->pid > 0) {
        kill(child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    *child = (struct spawned){.pid = 0, .fd = -1};
}

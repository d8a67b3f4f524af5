/* Times programs from start to exit, side by side: `spawn_times ROUNDS -- COMMAND [ARGUMENT ...] -- COMMAND ...`. Each
 * round starts every command once, one after the other, in another order each time, since what ran before leaves its
 * traces in the caches; a line of microseconds a round, in the order of the commands. Output of the commands goes to
 * /dev/null; a status above 3 is an error. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

enum { COMMANDS_MAX = 16, STATUS_MAX = 3 };

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Microseconds; negative: it could not be started, or failed. */
static double time_once(char **command, const posix_spawn_file_actions_t *actions)
{
    pid_t pid;
    int status;
    int64_t began = now_ns();
    if (posix_spawn(&pid, command[0], actions, NULL, command, environ) != 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    int64_t ended = now_ns();
    return WIFEXITED(status) && WEXITSTATUS(status) <= STATUS_MAX ? (double)(ended - began) / 1000 : -1;
}

static void shuffle(int *order, int count)
{
    static uint64_t state = 1;
    for (int i = count - 1; i > 0; i--) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        int other = (int)((state >> 33) % (unsigned)(i + 1));
        int taken = order[i];
        order[i] = order[other];
        order[other] = taken;
    }
}

int main(int argc, char **argv)
{
    char **commands[COMMANDS_MAX];
    double times[COMMANDS_MAX];
    int order[COMMANDS_MAX];
    int count = 0;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        argv[i] = NULL;
        if (count < COMMANDS_MAX && i + 1 < argc) {
            order[count] = count;
            commands[count++] = argv + i + 1;
        }
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    int rounds = argc > 1 ? atoi(argv[1]) : 0;
    for (int round = 0; round < rounds; round++) {
        shuffle(order, count);
        for (int i = 0; i < count; i++) {
            int which = order[i];
            times[which] = time_once(commands[which], &actions);
            if (times[which] < 0) {
                fprintf(stderr, "%s fails\n", commands[which][0]);
                return 1;
            }
        }
        for (int i = 0; i < count; i++)
            printf("%.1f%c", times[i], i + 1 < count ? '\t' : '\n');
    }
    posix_spawn_file_actions_destroy(&actions);
    return count > 0 && rounds > 0 ? 0 : 1;
}

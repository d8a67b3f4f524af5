/* Signals that a command waits for, as a descriptor. */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

int cli_signals(const int *signals)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    for (; *signals != 0; signals++) {
        struct sigaction action;
        if (sigaction(*signals, NULL, &action) < 0)
            return -errno;
        if (action.sa_handler != SIG_IGN)
            sigaddset(&wanted, *signals);
    }
    if (sigprocmask(SIG_BLOCK, &wanted, NULL) < 0)
        return -errno;
    int fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

/* Entering network namespaces, without leaving one's own. */
#include "netns.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

struct errand {
    int namespace_fd;
    int (*work)(void *context);
    void *context;
    int status;
};

static void *errand_run(void *argument)
{
    struct errand *errand = argument;
    /* The namespace belongs to this thread alone (setns(2)); it ends with the thread. */
    if (setns(errand->namespace_fd, CLONE_NEWNET) < 0)
        errand->status = -errno;
    else
        errand->status = errand->work(errand->context);
    return NULL;
}

int netns_run(const char *path, int (*work)(void *context), void *context)
{
    struct errand errand = {.work = work, .context = context};
    errand.namespace_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (errand.namespace_fd < 0)
        return -errno;
    /* The program's signals are for its own threads. */
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&thread, NULL, errand_run, &errand);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0)
        pthread_join(thread, NULL);
    close(errand.namespace_fd);
    return failed ? -failed : errand.status;
}

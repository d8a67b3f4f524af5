/* Names of receivers: a lookup that may be abandoned. Whoever of the two threads lets go last frees it. */
#include "resolve.h"

#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lookup {
    char host[SYSLOG_HOST_MAX];
    char port[8];
    int done_fd;
    int eai;
    struct addrinfo *found;
    atomic_bool done; /* orders the result before its reader, which a descriptor that is readable does not */
    atomic_int holders;
};

static const struct addrinfo any_family = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

static void lookup_release(struct lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->holders, 1) > 1)
        return;
    if (lookup->found != NULL)
        freeaddrinfo(lookup->found);
    close(lookup->done_fd);
    free(lookup);
}

static void *lookup_main(void *context)
{
    struct lookup *lookup = context;
    lookup->eai = getaddrinfo(lookup->host, lookup->port, &any_family, &lookup->found);
    atomic_store(&lookup->done, true);
    (void)eventfd_write(lookup->done_fd, 1);
    lookup_release(lookup);
    return NULL;
}

static int lookup_start(struct lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int result = pthread_attr_init(&attributes);
    if (result != 0)
        return -result;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    result = pthread_create(&thread, &attributes, lookup_main, lookup);
    pthread_attr_destroy(&attributes);
    return -result;
}

static int look_up(const char *host, const char *port, int stop_fd, int64_t until_ms, struct addrinfo **ret,
                   int *ret_eai)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    if (lookup == NULL)
        return -ENOMEM;
    snprintf(lookup->host, sizeof(lookup->host), "%s", host);
    snprintf(lookup->port, sizeof(lookup->port), "%s", port);
    lookup->done_fd = eventfd(0, EFD_CLOEXEC);
    if (lookup->done_fd < 0) {
        int error = -errno;
        free(lookup);
        return error;
    }
    atomic_init(&lookup->done, false);
    atomic_init(&lookup->holders, 2);
    int result = lookup_start(lookup);
    if (result < 0)
        atomic_store(&lookup->holders, 1); /* the other holder never was */
    else
        result = channel_wait_for(lookup->done_fd, POLLIN, stop_fd, until_ms);
    if (result == 0 && !atomic_load(&lookup->done))
        result = -EIO; /* nobody else sets the descriptor */
    if (result == 0 && lookup->eai != 0) {
        *ret_eai = lookup->eai;
        result = -ENOENT;
    } else if (result == 0) {
        *ret = lookup->found;
        lookup->found = NULL;
    }
    lookup_release(lookup);
    return result;
}

int resolve(const char *host, uint16_t port, int stop_fd, int64_t until_ms, struct addrinfo **ret, int *ret_eai)
{
    struct addrinfo numeric = any_family;
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    numeric.ai_flags = AI_NUMERICHOST;
    int eai = getaddrinfo(host, service, &numeric, ret);
    if (eai == 0)
        return 0;
    if (eai == EAI_MEMORY)
        return -ENOMEM;
    return look_up(host, service, stop_fd, until_ms, ret, ret_eai);
}

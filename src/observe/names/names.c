/* Names by c-ares, driven by poll(2) against one deadline of ours: its own time-outs only say when to ask again. */
#include "lookup.h"

#include "portconform/clock.h"
#include "portconform/error.h"

#include <ares.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ADDRESSES_MAX = 256, /* of one name */
    TRIES = 4,
    TRY_MIN_MS = 250,
};

struct lookup {
    bool finished;
    int result; /* number of addresses, or a negative code */
    struct address *addresses;
};

/* Who says no, and why. What is not here is -EIO. */
static const struct {
    int status;
    int code;
} status_codes[] = {
    {ARES_ENOTFOUND, -ENOENT},      {ARES_ENODATA, -ENOENT},         {ARES_ENONAME, -ENOENT},
    {ARES_ETIMEOUT, PC_EDEADLINE},  {ARES_ECANCELLED, PC_EDEADLINE}, {ARES_ENOMEM, -ENOMEM},
    {ARES_EBADNAME, -EINVAL},       {ARES_EBADFAMILY, -EINVAL},      {ARES_ECONNREFUSED, -ECONNREFUSED},
    {ARES_EREFUSED, -ECONNREFUSED}, {ARES_EFILE, -EACCES},
};

static int code_of(int status)
{
    for (size_t i = 0; i < sizeof(status_codes) / sizeof(status_codes[0]); i++)
        if (status_codes[i].status == status)
            return status_codes[i].code;
    return -EIO;
}

static int compare_addresses(const void *a, const void *b)
{
    return address_compare(a, b);
}

/* Sorted and each once: a name's addresses are the same list in every cycle, in whatever order the server rotates them.
 */
static size_t sort_once(struct address *addresses, size_t count)
{
    size_t kept = 0;
    qsort(addresses, count, sizeof(*addresses), compare_addresses);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !address_equal(&addresses[kept - 1], &addresses[i]))
            addresses[kept++] = addresses[i];
    return kept;
}

static int collect(struct lookup *lookup, const struct ares_addrinfo *info)
{
    size_t count = 0;
    struct address *addresses = calloc(ADDRESSES_MAX, sizeof(*addresses));
    if (!addresses)
        return -ENOMEM;
    for (const struct ares_addrinfo_node *node = info->nodes; node && count < ADDRESSES_MAX; node = node->ai_next) {
        addresses[count] = address_from_sockaddr(node->ai_addr, NULL);
        address_normalise(&addresses[count]);
        if (addresses[count].family != AF_UNSPEC)
            count++;
    }
    if (count == 0) {
        free(addresses);
        return -ENOENT;
    }
    lookup->addresses = addresses;
    return (int)sort_once(addresses, count);
}

static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *info)
{
    struct lookup *lookup = context;
    (void)timeouts;
    lookup->finished = true;
    lookup->result = status == ARES_SUCCESS ? collect(lookup, info) : code_of(status);
    if (info)
        ares_freeaddrinfo(info);
}

static int open_channel(const struct names_surroundings *surroundings, unsigned timeout_ms, ares_channel *ret)
{
    unsigned try_ms = timeout_ms / TRIES > TRY_MIN_MS ? timeout_ms / TRIES : TRY_MIN_MS;
    char sources[8] = "";
    struct ares_options options = {.timeout = (int)try_ms, .tries = TRIES, .lookups = sources};
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    if (surroundings->sources) {
        (void)snprintf(sources, sizeof(sources), "%s", surroundings->sources);
        mask |= ARES_OPT_LOOKUPS;
    }
    int status = ares_init_options(ret, &options, mask);
    if (status != ARES_SUCCESS)
        return code_of(status);
    if (!surroundings->servers)
        return 0;
    status = ares_set_servers_ports_csv(*ret, surroundings->servers);
    if (status != ARES_SUCCESS) {
        ares_destroy(*ret);
        return code_of(status);
    }
    return 0;
}

/* How long poll may wait: until our deadline or c-ares' next try. */
static int wait_ms(ares_channel channel, int64_t left_ms)
{
    struct timeval longest = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};
    struct timeval chosen;
    const struct timeval *next = ares_timeout(channel, &longest, &chosen);
    return (int)(next->tv_sec * 1000 + (next->tv_usec + 999) / 1000);
}

/* Waits once, and lets c-ares read and write what is ready. */
static int turn(ares_channel channel, int64_t left_ms)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    struct pollfd polls[ARES_GETSOCK_MAXNUM];
    nfds_t count = 0;
    unsigned bits = (unsigned)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        short events = 0;
        /* as ares_getsock(3) lays them out; its own macros shift a signed number too far */
        if (bits >> i & 1)
            events |= POLLIN;
        if (bits >> (i + ARES_GETSOCK_MAXNUM) & 1)
            events |= POLLOUT;
        if (events)
            polls[count++] = (struct pollfd){.fd = sockets[i], .events = events};
    }
    if (poll(polls, count, wait_ms(channel, left_ms)) < 0 && errno != EINTR)
        return -errno;
    for (nfds_t i = 0; i < count; i++) {
        ares_socket_t readable = (polls[i].revents & ~POLLOUT) ? polls[i].fd : ARES_SOCKET_BAD;
        ares_socket_t writable = (polls[i].revents & POLLOUT) ? polls[i].fd : ARES_SOCKET_BAD;
        ares_process_fd(channel, readable, writable);
    }
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* its time-outs */
    return 0;
}

static int run(ares_channel channel, struct lookup *lookup, unsigned timeout_ms)
{
    int64_t deadline_ms = moment_now().mono_ms + timeout_ms;
    int result = 0;
    while (!lookup->finished && result == 0) {
        int64_t left_ms = deadline_ms - moment_now().mono_ms;
        result = left_ms > 0 ? turn(channel, left_ms) : PC_EDEADLINE;
    }
    return result;
}

int names_lookup_in(const struct names_surroundings *surroundings, const char *name, unsigned timeout_ms,
                    struct address **ret)
{
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_flags = ARES_AI_NOSORT};
    struct lookup lookup = {0};
    ares_channel channel;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
        return -ENOMEM;
    int result = open_channel(surroundings, timeout_ms, &channel);
    if (result < 0) {
        ares_library_cleanup();
        return result;
    }
    ares_getaddrinfo(channel, name, NULL, &hints, on_answer, &lookup);
    result = run(channel, &lookup, timeout_ms);
    ares_destroy(channel); /* calls on_answer for what is unfinished */
    ares_library_cleanup();
    if (result < 0) {
        free(lookup.addresses);
        return result;
    }
    if (lookup.result > 0)
        *ret = lookup.addresses;
    return lookup.result;
}

int names_lookup(const char *name, unsigned timeout_ms, struct address **ret)
{
    static const struct names_surroundings system = {.sources = NULL};
    return names_lookup_in(&system, name, timeout_ms, ret);
}

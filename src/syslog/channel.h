/* Channels: the way to one receiver, open or not. Used by one thread. What goes wrong is told in `error`. */
#pragma once

#include "portconform/syslog_target.h"

#include <sys/types.h>

struct addrinfo; /* of netdb.h */
struct ssl_st;   /* OpenSSL's */

enum {
    CHANNEL_ERROR = 256,
    CHANNEL_SOONER_MS = 10000,
    CHANNEL_DRAIN_MOST = 64, /* reads at a time of what a receiver says: one that never stops must not hold us */
};

struct channel_kind;
struct channel {
    const struct channel_kind *kind;
    const struct syslog_target *target;
    int stop_fd; /* readable: who waits for something gives up (-ECANCELED) */
    int fd;      /* -1: not open */
    struct ssl_st *tls;
    bool wants_write; /* what was to be read needs a write first */
    uint64_t written; /* octets that the kernel has taken since it was opened */
    uint32_t window;  /* the largest that the receiver offered: no more can lie unread in its kernel */
    dev_t device;     /* of a local socket: which one it was */
    ino_t inode;
    char error[CHANNEL_ERROR];
};

/* When a message that was written may be taken for arrived. */
struct settling {
    uint64_t left_us;     /* octets that are out of our kernel, from the beginning of the channel */
    uint64_t keep_octets; /* the newest so many may lie unread in the receiver's kernel ... */
    int64_t keep_ms;      /* ... which is believed for so long */
    int64_t least_ms;     /* a refusal would have come within this time */
};

/* What becomes of a read. */
enum { CHANNEL_ENDED = -10100 }; /* the receiver closed in good order: it has read all that it acknowledged */

struct channel_kind {
    const char *name;
    bool is_stream;
    int64_t last_pause_ms;                /* between attempts, where they grow no more */
    int (*open)(struct channel *channel); /* blocks, at most CHANNEL_SOONER_MS an address */
    ssize_t (*write)(struct channel *channel, const void *octets, size_t length); /* -EAGAIN: poll for writing */
    int (*drain)(struct channel *channel); /* reads what came; 0, CHANNEL_ENDED, or an error: it is lost */
    void (*settle)(struct channel *channel, struct settling *ret);
    void (*finish)(struct channel *channel); /* no more is written; NULL: nothing to say */
    void (*close)(struct channel *channel);
};
extern const struct channel_kind channel_local, channel_udp, channel_tcp, channel_tls;

void channel_init(struct channel *channel, const struct syslog_target *target, int stop_fd);
int channel_open(struct channel *channel);
void channel_close(struct channel *channel); /* takes one that is not open */
/* Sets `error` and returns `code`, so that a failure is one statement. */
int channel_fail(struct channel *channel, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Waits for `events` on the channel's socket. 0, -ECANCELED, -ETIMEDOUT, or another negated errno. */
int channel_wait(struct channel *channel, short events, int64_t until_ms);
int channel_wait_for(int fd, short events, int stop_fd, int64_t until_ms); /* the same of any descriptor */
/* Resolves the target's name and tries `connect_one`, which leaves a socket in `fd`, for one address after the other
 * until it returns 0; -ECANCELED ends it too. Sets `error`. */
int channel_connect(struct channel *channel, int (*connect_one)(struct channel *channel, const struct addrinfo *one));
int64_t channel_now_ms(void); /* CLOCK_MONOTONIC */

/* A connected TCP socket for stream transports, which never waits; sets `error`. */
int stream_connect(struct channel *channel);
void stream_settle(struct channel *channel, struct settling *ret);

/* What was written and may not have arrived: a ring of (seq, where in the stream it ends, when). Pure. */
#pragma once

#include "channel.h"

enum { FLIGHT_MAX = 65536 }; /* nobody writes more before something has settled */

struct flight_entry {
    uint64_t seq, end; /* `end`: octets written on the channel when it was written */
    int64_t at_ms;
};
struct flight {
    struct flight_entry *entries;
    size_t capacity, head, count;
};

void flight_done(struct flight *flight);
void flight_clear(struct flight *flight);
int flight_add(struct flight *flight, uint64_t seq, uint64_t end, int64_t now_ms); /* 0, -ENOMEM, -ENOSPC */
/* Takes out what has settled and returns its last seq; 0: nothing has. */
uint64_t flight_settle(struct flight *flight, const struct settling *settling, int64_t now_ms);
/* Has the oldest held for `settling->least_ms`, whatever may still be unread? Then the connection is good. */
bool flight_proves(const struct flight *flight, const struct settling *settling, int64_t now_ms);
/* Milliseconds until time alone may change something; -1: never. */
int64_t flight_wait_ms(const struct flight *flight, const struct settling *settling, int64_t now_ms);

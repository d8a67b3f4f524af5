/* Syslog senders: one thread a target, which takes the target's events from its outbox, writes them as a receiver reads
 * them, and acknowledges what has arrived as far as the transport lets anybody know.
 *
 * The structured data of RFC 5424 (SD-ID portconform@PEN) holds, in this order and where they have a value: v, key, id,
 * seq, boot, site, vantage, host, addr, transport, port, ports, verdict, was, severity, reason, blame, class, guide,
 * ref, rule, since, owner, target, from, to, count. `v` is 1, the version of this list, which only grows.
 *
 * How sure is sure: a local socket tells how much its receiver has not read yet, so nothing is acknowledged before it
 * was read. Over TCP and TLS nobody confirms anything: what was written last is kept, and written again with the same
 * seq on the next connection, for as long as the receiver's kernel may hold it unread, or it is younger than two
 * seconds. Over UDP what was sent within the second before a refusal is sent again; what is lost silently is seen by
 * the receiver as a gap in seq.
 */
#pragma once

#include "portconform/status.h"
#include "portconform/store.h"
#include "portconform/syslog_target.h"
#include "portconform/text.h"

/* What all messages of this program have in common. */
struct syslog_origin {
    const char *hostname; /* FQDN of this machine; NULL: unknown */
    long pid;
    uint32_t pen; /* 0: 32473 */
};

struct sender;
/* Starts the thread, which takes the outbox (transferred; on failure it stays the caller's) and closes it at its end.
 * `target` and `origin` are copied. Connects at once, so that trouble is known before the first event. To be started
 * anew when syslog_target_same() says so after a reload: stop the old one first, then open the outbox again. 0, -ENOMEM
 * or what eventfd(2) and pthread_create(3) give. */
int sender_start(const struct syslog_target *target, const struct syslog_origin *origin, struct outbox *outbox,
                 struct sender **ret);
/* Any thread; strings live in `arena`. 0 or -ENOMEM. `state` is damped, so it may be polled (once a second) and each
 * change told to the other targets as it is: DOWN after ten seconds of trouble without a break, UP when a message or a
 * connection has held for two. */
int sender_status(struct sender *sender, struct arena *arena, struct sink_status *ret);
/* Tells the sender to end at the latest after `timeout_ms`, without waiting for it: so that several end at once. It
 * sends what is in its outbox till then, and gives up at once where the receiver is absent: the store keeps the rest.
 */
void sender_end(struct sender *sender, unsigned timeout_ms);
/* Ends it, waits for the thread, and frees it. Takes NULL. After sender_end() that call's time holds. */
void sender_stop(struct sender *sender, unsigned timeout_ms);

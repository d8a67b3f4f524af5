/* Syslog events: messages as a SIEM reads them, and the ways they travel.
 *
 * The structured data of RFC 5424 (SD-ID portconform@PEN) holds, in this order and where they have a value: v, key, id,
 * seq, boot, site, vantage, host, addr, transport, port, ports, verdict, was, severity, reason, blame, class, guide,
 * ref, rule, since, owner. `v` is 1, the version of this list, which only grows.
 *
 * The text begins with a byte order mark where it holds letters beyond ASCII, as RFC 5424 section 6.4 demands of a text
 * that is declared to be UTF-8, and without one where it is plain ASCII, as nearly every text is.
 */
#pragma once

#include "portconform/finding.h"
#include "portconform/text.h"

struct syslog_event {
    uint64_t id, seq; /* id: of the event; seq: per target and boot, gapless: the sender sets it */
    const char *boot; /* hexadecimal, of the store or the process */
    const char *site, *vantage;
    const char *hostname; /* FQDN of this machine, "-" unknown */
    long pid;
    uint32_t pen;                 /* 0: 32473 */
    int facility;                 /* LOG_DAEMON ...; 0: LOG_DAEMON */
    struct transition transition; /* its finding may be NULL: an event about the program itself; then msgid is set */
    const char *message;          /* one sentence that stands alone, made by the caller (tell_sentence); NULL: none */
    const char *owner;            /* who has to act: the waiver's owner, or the contact of the team; NULL: unknown */
    const char *msgid;            /* NULL: the transition's */
    int level;                    /* of an event without a finding, of others the finding decides; 0: LOG_NOTICE */
};

/* <PRI>1 TIMESTAMP HOSTNAME portconformd PID MSGID [portconform@PEN ...] MSG (RFC 5424); at most `max` octets, which
 * are at least SYSLOG_LEAST: the text is shortened, the structure never broken. Only when the structure alone would
 * leave no room for a short text, parameters are left out, whole, the last ones first. */
enum { SYSLOG_LEAST = 480, SYSLOG_MOST = 2048 }; /* octets that every receiver takes, and should take */
void syslog_format_rfc5424(struct text *out, const struct syslog_event *event, size_t max);
/* <PRI>Mmm dd hh:mm:ss portconformd[pid]: MSGID: text, what /dev/log understands; at most SYSLOG_MOST octets. */
void syslog_format_local(struct text *out, const struct syslog_event *event);

struct syslog_sender;
/* target: "local" (/dev/log), "local:/path", "udp:10.0.9.5:514", "udp:[::1]:514" (without a port 514; no names). Thread
 * of its own, bounded queue (`queue` messages, at least one; the oldest are dropped and counted). An absent or blocked
 * receiver is tried again with growing pauses. PC_ESYNTAX for a target it cannot read. */
int syslog_sender_start(const char *target, size_t queue, struct syslog_sender **ret);
/* Formats and queues; assigns seq. Never blocks. 0, or -ENOMEM: then the event is lost, counted as dropped, and its seq
 * is missing at the receiver. */
int syslog_sender_push(struct syslog_sender *sender, const struct syslog_event *event);
struct syslog_counters {
    uint64_t sent;    /* handed to the kernel; over UDP nobody knows more */
    uint64_t dropped; /* never sent: the queue was full, there was no memory, or the program ended */
    uint64_t failed;  /* attempts that failed: the message was tried again, or lost where UDP said so later */
    uint64_t queued;  /* waiting now */
};
struct syslog_counters syslog_sender_counters(struct syslog_sender *sender);
/* Tells the sender to end at the latest after `timeout_ms`, without waiting for it: so that several end at once. */
void syslog_sender_end(struct syslog_sender *sender, unsigned timeout_ms);
/* Sends what it can till then, and frees the sender. Takes NULL. Gives up at once where the receiver is absent. After
 * syslog_sender_end() that call's time holds. */
void syslog_sender_stop(struct syslog_sender *sender, unsigned timeout_ms);
/* Checks a target's text without opening it: 0 or PC_ESYNTAX. */
int syslog_target_check(const char *target);

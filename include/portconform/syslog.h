/* Syslog events: messages as a SIEM reads them, and the ways they travel. */
#pragma once

#include "portconform/finding.h"
#include "portconform/text.h"

struct syslog_event {
    uint64_t id, seq; /* id: of the event; seq: per target and boot, gapless */
    const char *boot; /* hexadecimal, of the store or the process */
    const char *site, *vantage;
    const char *hostname; /* FQDN of this machine, "-" unknown */
    long pid;
    uint32_t pen; /* 0: 32473 */
    int facility; /* LOG_DAEMON ... */
    struct transition transition;
};

/* <PRI>1 TIMESTAMP HOSTNAME portconformd PID MSGID [portconform@PEN ...] MSG (RFC 5424); at most `max` octets: the text
 * is shortened, the structure never broken. */
void syslog_format_rfc5424(struct text *out, const struct syslog_event *event, size_t max);
/* <PRI>Mmm dd hh:mm:ss portconformd[pid]: text, what /dev/log understands. */
void syslog_format_local(struct text *out, const struct syslog_event *event);

struct syslog_sender;
/* target: "local" (/dev/log), "local:/path", "udp:10.0.9.5:514", "udp:[::1]:514". Thread of its own, bounded queue
 * (`queue` messages; the oldest are dropped and counted). PC_ESYNTAX for a target it cannot read. */
int syslog_sender_start(const char *target, size_t queue, struct syslog_sender **ret);
/* Copies what it needs; assigns seq. Never blocks. 0 or -ENOMEM. */
int syslog_sender_push(struct syslog_sender *sender, const struct syslog_event *event);
struct syslog_counters {
    uint64_t sent, dropped, failed, queued;
};
struct syslog_counters syslog_sender_counters(struct syslog_sender *sender);
void syslog_sender_stop(struct syslog_sender *sender,
                        unsigned timeout_ms); /* takes NULL; sends what it can till then */
/* Checks a target's text without opening it: 0 or PC_ESYNTAX. */
int syslog_target_check(const char *target);

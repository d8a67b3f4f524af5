/* A syslog target: a receiver of events, as the configuration names it. Plain data; the sender (syslog.h) serves it. */
#pragma once

#include "portconform/event.h"

enum syslog_transport {
    SYSLOG_LOCAL, /* a socket of this machine, /dev/log */
    SYSLOG_UDP,   /* RFC 5426 */
    SYSLOG_TCP,   /* RFC 6587 */
    SYSLOG_TLS    /* RFC 5425 */
};
enum { SYSLOG_HOST_MAX = 256 };
struct syslog_place {
    enum syslog_transport transport;
    char host[SYSLOG_HOST_MAX]; /* a DNS name, an address, or the path of a local socket */
    uint16_t port;              /* 0: local */
};
/* "local", "local:/path", "udp:10.0.9.5", "tcp:siem.example.jp:601", "tls:[2001:db8::5]:6514". Without a port 514, over
 * TLS 6514. False: none of these. */
bool syslog_place_parse(const char *text, struct syslog_place *ret);

/* What the message says, in which header it travels, and how messages follow each other in a stream. The words that the
 * configuration has for them, by code, closed by NULL. */
enum syslog_format {
    SYSLOG_FORMAT_RFC5424, /* structured data, and the sentence */
    SYSLOG_FORMAT_JSON,    /* one object with ECS names */
    SYSLOG_FORMAT_CEE,     /* the same behind the cookie "@cee: " */
    SYSLOG_FORMAT_CEF,
    SYSLOG_FORMAT_TEXT /* MSGID and the sentence */
};
enum syslog_header {
    SYSLOG_HEADER_RFC5424,
    SYSLOG_HEADER_RFC3164, /* what /dev/log understands; over the network with the host's name */
    SYSLOG_HEADER_NONE     /* the message alone, for receivers of JSON lines */
};
enum syslog_framing {
    SYSLOG_FRAMING_OCTETS, /* octet counting */
    SYSLOG_FRAMING_LINES   /* each message ends with a line feed; it holds none itself */
};
extern const char *const syslog_format_words[];
extern const char *const syslog_header_words[];
extern const char *const syslog_framing_words[];
extern const char *const syslog_facility_words[]; /* "kern" ... "local7": index << 3 is the facility */
extern const char *const syslog_level_words[];    /* "emerg" ... "debug" */

struct syslog_tls {
    const char *ca;          /* file of certificates to trust, PEM; NULL: the system's */
    const char *certificate; /* our own and its chain, PEM; NULL: none */
    const char *key;         /* its private key, PEM; nobody but owner and group may read it */
    const char *name;        /* whom the receiver's certificate must name; NULL: the target's name or address */
    enum { SYSLOG_TLS_1_2, SYSLOG_TLS_1_3 } least;
};

enum { SYSLOG_LEAST_OCTETS = 480, SYSLOG_MOST_OCTETS = 65000 }; /* bounds of most_octets */

struct syslog_target {
    const char *name;   /* unique in a site; by it the store finds its queue again */
    const char *target; /* as written */
    struct syslog_place place;
    enum syslog_format format;
    enum syslog_header header;
    enum syslog_framing framing;
    unsigned most_octets;              /* of one message without its framing */
    int facility;                      /* LOG_DAEMON ... */
    int levels[SEVERITY_CRITICAL + 1]; /* LOG_CRIT ... by severity */
    struct event_choice choice;
    struct syslog_tls tls;
    struct origin origin;
};

/* The defaults of a target that says no more than its name and place; both texts are borrowed. False: `target` is no
 * target. */
bool syslog_target_init(struct syslog_target *target, const char *name, const char *text);
/* Copies with all strings into `arena`. 0 or -ENOMEM. */
int syslog_target_copy(struct syslog_target *to, const struct syslog_target *from, struct arena *arena);
/* Would a sender of the one do for the other? (The choice of events, which is the store's, is not compared.) */
bool syslog_target_same(const struct syslog_target *a, const struct syslog_target *b);

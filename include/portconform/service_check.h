/* Checks of TCP services: is what answers on a port the service that is expected there, by its own protocol?
 *
 * A check is one file and one row: what it says, and how it reads what it hears. It is pure: octets in, a verdict out.
 * Who holds the connection (probe_kind_service in plain, the TLS probe inside TLS) keeps a talk:
 *
 *     service_talk_init
 *     verdict = service_talk_read           again whenever more octets were heard
 *         SERVICE_MORE                      wait
 *         SERVICE_SAY                       send what service_talk_say writes, and read again
 *         anything else                     that is the answer
 *     talk.over = true, service_talk_read   the peer closed, the cap or the deadline is reached: never MORE or SAY
 *
 * The verdict depends on the octets, not on the pieces they came in. A check asks for as little as its protocol allows,
 * needs no secret, logs in nowhere and changes nothing on the server.
 */
#pragma once

#include "portconform/probe.h"
#include "portconform/text.h"

enum service_verdict {
    SERVICE_MORE,     /* nothing can be told yet */
    SERVICE_SAY,      /* it is our turn */
    SERVICE_PROVEN,   /* it speaks the service's protocol */
    SERVICE_WRONG,    /* it speaks something else */
    SERVICE_TLS,      /* it speaks TLS, where plain was expected */
    SERVICE_UNPROVEN, /* neither: too little was said */
};

struct service_talk {
    const struct service_check *check;
    const char *host; /* what the server is called there: a name or an address; borrowed */
    uint64_t nonce;
    bool over_tls;
    bool over;            /* no more will be heard */
    unsigned said;        /* messages of ours */
    const uint8_t *heard; /* everything since the connection stands; borrowed */
    size_t length;
};

enum service_speaker { SPEAKER_CLIENT, SPEAKER_SERVER };

/* What a check offers by ALPN (RFC 7301), and what is spoken when the server takes it. */
struct service_alpn {
    const char *protocol;
    const struct service_check *check;
};

struct service_check {
    const char *name;   /* as people call it: "SMTP" */
    const char *source; /* "RFC 5321 section 3.1" */
    enum service_speaker first;
    const char *proof; /* what proves it, for the manual */
    /* Writes the next message; talk->said tells which. Octets, at most `size`; 0: it does not fit. */
    size_t (*say)(const struct service_talk *talk, uint8_t *buffer, size_t size);
    /* Adds to `detail`, escaped, what was seen of a proven service. */
    enum service_verdict (*read)(const struct service_talk *talk, struct text *detail);
    const char *farewell; /* sent before the connection is closed; NULL: nothing */
    size_t farewell_length;
    const struct service_alpn *alpn; /* closed by a row whose protocol is NULL; NULL: none is offered */
};

enum {
    SERVICE_HEARD_MAX = 4096, /* octets that are kept of what a peer says; there the talk is over */
    SERVICE_SAY_MAX = 512,
};

void service_talk_init(struct service_talk *talk, const struct service_check *check, const char *host, uint64_t nonce,
                       bool over_tls);
/* The same for a probe: who it asks by which name, with a nonce of its own. `address` keeps the name where the request
 * has none; borrowed, as the request's is. */
void service_talk_begin(struct service_talk *talk, const struct service_check *check,
                        const struct probe_request *request, bool over_tls, char address[ADDRESS_TEXT]);
/* `detail`: what to tell people about any verdict but MORE and SAY. */
enum service_verdict service_talk_read(const struct service_talk *talk, struct text *detail);
size_t service_talk_say(struct service_talk *talk, uint8_t *buffer, size_t size);
/* Ends a probe by a verdict other than MORE and SAY. `before`: goes in front of the detail ("TLS 1.3, ...; "). */
void service_talk_end(struct probe *probe, enum service_verdict verdict, const char *before, const char *detail);
/* Do these octets begin a TLS record (RFC 8446 section 5.1) of a server? */
bool service_looks_like_tls(const uint8_t *octets, size_t length);
bool service_may_become_tls(const uint8_t *octets, size_t length); /* too few of them to tell, and none against it */

/* A row: which check proves which service of the table of services. Where the service is TLS from the first octet, the
 * check is what is spoken inside. */
struct service_check_row {
    const char *service;
    const struct service_check *check;
};
const struct service_check_row *service_check_table(size_t *ret_count);
const struct service_check *service_check_find(const char *service); /* NULL: none, or the service is NULL */

/* Connects in plain and talks. For services that have a check: service_check_serves() is the condition of its row in
 * the programs' tables. */
extern const struct probe_kind probe_kind_service;
bool service_check_serves(const struct service *service);

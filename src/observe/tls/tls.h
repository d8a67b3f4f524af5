/* What the files of the TLS probe share: its state, and its ends. */
#pragma once

#include "portconform/service_check.h"

#include <openssl/types.h>

enum { TLS_PEEK_MAX = 48 };

struct tls_state {
    SSL *ssl;
    BIO *from_peer;             /* owned by ssl */
    BIO *to_peer;               /* owned by ssl */
    uint32_t watched;           /* epoll events */
    size_t received;            /* octets of the peer, TLS's own included */
    uint8_t peek[TLS_PEEK_MAX]; /* the first of them, to tell what was seen */
    bool connected;
    bool has_turn;       /* one of the handshakes that may go on at a time */
    bool talking;        /* the handshake is done */
    const char *silence; /* how the call for TLS ended, while the peer is asked in plain; NULL: it is not */
    struct text about;   /* "TLS 1.3, certificate CN=mgr01, 12 days left" */
    struct service_talk talk;
    uint8_t *heard; /* SERVICE_HEARD_MAX octets of the talk inside, made when it begins */
    char host[ADDRESS_TEXT];
};

/* Do the first octets look like TLS? Too few of them: only if none speaks against it. */
bool tls_looks_right(const struct tls_state *state);

/* The ends. */
void tls_end_not_tls(struct probe *probe);
void tls_end_failed(struct probe *probe, unsigned long error);  /* in the library's words for it; 0: it just ended */
void tls_end_accepted(struct probe *probe, const char *detail); /* and nothing tells what the peer speaks */
void tls_end_by_close(struct probe *probe, const char *how);
void tls_end_proven(struct probe *probe);
void tls_end_distrusted(struct probe *probe, enum reason reason, const char *why);

/* Sends what the library wants sent. The rest stays with it when the socket is full. False: the probe has ended. */
bool tls_flush(struct probe *probe);

/* Without ending the probe: 0 or a negated errno. */
int tls_send(struct probe *probe);

/* The talk inside, once the handshake is done. tls_talk_begin: 1, 0 if there is nothing to talk about, or a negated
 * errno; tls_talk_hear: what the library has decrypted meanwhile; tls_talk_end: no more will come. */
int tls_talk_begin(struct probe *probe);
void tls_talk_hear(struct probe *probe);
void tls_talk_end(struct probe *probe, const char *silence);
void tls_talk_offer(struct tls_state *state, const struct service_check *check);

/* The call in plain after one that was closed without a word. False: there is nothing to ask. */
bool tls_plain_call(struct probe *probe, const char *silence);
void tls_plain_on_ready(struct probe *probe, uint32_t epoll_events);

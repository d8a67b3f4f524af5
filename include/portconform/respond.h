/* The acceptance test before a product is installed: is every opening there?
 *
 * On the host that will carry the product the responder listens on every port that the plan expects, for a limited
 * time. Elsewhere the check sends, in place of a service's own request, a message with a nonce that is sealed with a
 * key both sides know, and only the responder's sealed answer proves the flow: by UDP as surely as by TCP.
 *
 * The responder is silent to everybody else. It never takes a port that is in use, never sends more than it received,
 * and ends by itself. What somebody recorded and sends again only brings back as many octets, to whoever it claims to
 * come from; it proves nothing to the side that checks, which has another nonce by then. No clock plays a part.
 *
 * A message, in both directions, in octets (numbers in network order):
 *
 *     0  "PCACCEPT"            the mark
 *     8  1                     version
 *     9  1 ask, 2 answer
 *    10  6 TCP, 17 UDP         IANA protocol number of the port below
 *    11  0
 *    12  port                  ask: the one that is called; answer: the one that received it
 *    14  0, 0
 *    16  nonce, 16 octets      the answer repeats the ask's
 *    32  name, 32 octets       answer: the responder's host, ended or filled by NUL; ask: NUL
 *    64  HMAC-SHA-256 of all before (RFC 2104), 32 octets
 */
#pragma once

#include "portconform/plan.h"
#include "portconform/probe.h"

enum { ACCEPTANCE_KEY = 32, ACCEPTANCE_NONCE = 16, ACCEPTANCE_NAME = 32, ACCEPTANCE_LENGTH = 96 };

struct acceptance_key {
    uint8_t octets[ACCEPTANCE_KEY];
};
/* A key file holds 64 hexadecimal digits and a line feed, and nobody but its owner may read it. 0, -EPERM (others may
 * read it), PC_ESYNTAX, or what file_read() gives. */
int acceptance_key_read(const char *path, struct acceptance_key *ret);
/* Makes a new key and a new file, mode 0600. 0, -EEXIST, or another negated errno. */
int acceptance_key_make(const char *path);

struct acceptance_message {
    bool answer;
    enum transport transport;
    uint16_t port;
    uint8_t nonce[ACCEPTANCE_NONCE];
    char name[ACCEPTANCE_NAME + 1];
};
/* 0, or -ENOMEM. */
int acceptance_seal(const struct acceptance_message *message, const struct acceptance_key *key,
                    uint8_t ret[ACCEPTANCE_LENGTH]);
/* False: not a message of this version that was sealed with this key. */
bool acceptance_open(const uint8_t *octets, size_t length, const struct acceptance_key *key,
                     struct acceptance_message *ret);

/* --- the side that checks ----------------------------------------------------------------------------------------- */

/* The key of the two kinds; copied; one a process, before the first probe. */
void acceptance_use_key(const struct acceptance_key *key);
/* They end as PROBE_OPEN with `service_proven` when a responder answered, and with `wrong_protocol` beside it when that
 * was the one of another host or was asked at another port, which the detail names then; a connection without that
 * answer is open and unproven; silence after a datagram means that no answer came where one was due. */
extern const struct probe_kind probe_kind_acceptance_tcp;
extern const struct probe_kind probe_kind_acceptance_udp;

/* --- the side that answers ---------------------------------------------------------------------------------------- */

struct responder;

struct responder_port {
    enum transport transport;
    struct address address;
    uint16_t port;
    uint64_t proven; /* asks for this port that were answered */
    uint64_t strays; /* answered as well, but meant for another port */
    uint64_t others; /* connections and datagrams that were not, because they had no valid seal */
};

int responder_new(const char *host, const struct acceptance_key *key, struct responder **ret);
void responder_free(struct responder *responder); /* takes NULL; closes every port */
/* 0; -EADDRINUSE: somebody has it; -EADDRNOTAVAIL: no address of this machine; -EACCES; -EMFILE; -ENOMEM ... */
int responder_listen(struct responder *responder, enum transport transport, const struct address *address,
                     uint16_t port);
int responder_fd(const struct responder *responder); /* readable when responder_step has work */
/* Monotonic; when the next step is due because a connection has said nothing for too long. INT64_MAX: never. */
int64_t responder_next_ms(const struct responder *responder);
void responder_step(struct responder *responder, struct moment now);
/* In the order of responder_listen(). */
const struct responder_port *responder_ports(const struct responder *responder, size_t *ret_count);

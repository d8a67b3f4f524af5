/* What goes over the socket between a program and its collector, a packet at a time (SOCK_SEQPACKET).
 *
 * Orders are a struct as it is: parent and child are one program. What comes back was made from what strangers sent, by
 * a process that parsed it: each packet is checked as if it came from a stranger. */
#pragma once

#include "portconform/listeners.h"
#include "portconform/site.h"

enum {
    WIRE_TEXT = 256,            /* of names and secrets, with their NUL */
    WIRE_PACKET_MAX = 16 << 10, /* octets of a packet */
    WIRE_ROWS_MAX = 10000,      /* of one order */
    WIRE_EXE_MAX = 512,
    WIRE_NOTE_MAX = 2000,
};

struct wire_order {
    uint64_t id;
    int64_t deadline_mono_ms;
    struct address address;
    uint16_t port;
    bool owners;
    enum access_version version;
    enum access_auth auth;
    enum access_priv priv;
    unsigned timeout_ms, retries, cache_s;
    char user[WIRE_TEXT], context[WIRE_TEXT], community[WIRE_TEXT], auth_secret[WIRE_TEXT], priv_secret[WIRE_TEXT];
};

/* -EINVAL: a text is too long, or there is no address */
int wire_order_make(const struct remote_order *order, uint64_t id, struct wire_order *ret);
/* Wipes the secrets. */
void wire_order_wipe(struct wire_order *order);

struct wire_packet {
    size_t length;
    uint8_t octets[WIRE_PACKET_MAX];
};
/* As many rows as fit from `from` on; returns the first that did not. */
size_t wire_put_rows(struct wire_packet *packet, uint64_t id, const struct listener_table *table, size_t from);
/* All but the rows. */
void wire_put_end(struct wire_packet *packet, uint64_t id, const struct listener_table *table);

enum wire_kind { WIRE_ROWS = 1, WIRE_END = 2 };
struct wire_head {
    enum wire_kind kind;
    uint64_t id;
};
/* 0 or -EBADMSG, as all below. */
int wire_get_head(const void *octets, size_t length, struct wire_head *ret);
struct wire_rows {
    struct listener *items;
    size_t count, capacity;
};
/* Adds the rows of a packet; texts go to `arena`. -ENOMEM too. */
int wire_get_rows(const void *octets, size_t length, struct arena *arena, struct wire_rows *rows);
/* Fills the table of the end in: all but its arena, source and rows. -ENOMEM too. */
int wire_get_end(const void *octets, size_t length, struct listener_table *table);

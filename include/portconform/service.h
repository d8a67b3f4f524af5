/* Application protocols a rule may name: one fixed table.
 *
 * Over UDP three cases differ: `udp_answers` (silence says something), `udp_silent` (silence says nothing, ever), and
 * neither (it may answer, but an unknown client gets silence too, which says nothing). A service that is `keyed`
 * answers clients alone that share a secret with it: without one nothing of it can be proven. */
#pragma once

#include "portconform/address.h"

struct service {
    const char *name;    /* "https" */
    const char *summary; /* "HTTP over TLS" */
    bool tls;            /* TLS from the first octet: the tls probe applies */
    bool udp_answers;    /* over UDP, a client's request is answered by protocol */
    bool udp_silent;     /* over UDP it never answers */
    bool keyed;          /* over UDP it answers whom it shares a secret with */
};

const struct service *service_find(const char *name); /* NULL: no such */
const struct service *service_table(size_t *ret_count);
const char *const *service_names(void); /* NULL-terminated */

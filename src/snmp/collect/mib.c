/* Rows of TCP-MIB and UDP-MIB as listeners (RFC 4022, RFC 4113; the old tables: RFC 1213). */
#include "mib.h"

#include <errno.h>
#include <string.h>

#define MIB2(...)                                                                                                      \
    {                                                                                                                  \
        .ids = {1, 3, 6, 1, 2, 1, __VA_ARGS__}, .length = 6 + sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)     \
    }
#define ENTERPRISE(...)                                                                                                \
    {                                                                                                                  \
        .ids = {1, 3, 6, 1, 4, 1, __VA_ARGS__}, .length = 6 + sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)     \
    }

const struct mib_name mib_sys_descr = MIB2(1, 1, 0);
const struct mib_name mib_sys_object_id = MIB2(1, 2, 0);
const struct mib_name mib_run_name = MIB2(25, 4, 2, 1, 2);
const struct mib_name mib_run_path = MIB2(25, 4, 2, 1, 4);
const struct mib_name mib_microsoft = ENTERPRISE(311);
const struct mib_name mib_net_snmp = ENTERPRISE(8072);

static const struct mib_name tcp_listener_process = MIB2(6, 20, 1, 4);
static const struct mib_name tcp_connection_state = MIB2(6, 19, 1, 7);
static const struct mib_name tcp_conn_state = MIB2(6, 13, 1, 1);
static const struct mib_name udp_endpoint_process = MIB2(7, 7, 1, 8);
static const struct mib_name udp_local_port = MIB2(7, 5, 1, 2);

enum { STATE_LISTEN = 2 };

/* --- names ------------------------------------------------------------------------------------------------------- */

int mib_name_compare(const struct mib_name *a, const struct mib_name *b)
{
    unsigned common = a->length < b->length ? a->length : b->length;
    for (unsigned i = 0; i < common; i++)
        if (a->ids[i] != b->ids[i])
            return a->ids[i] < b->ids[i] ? -1 : 1;
    return (a->length > b->length) - (a->length < b->length);
}

bool mib_name_below(const struct mib_name *name, const struct mib_name *root)
{
    return name->length >= root->length && memcmp(name->ids, root->ids, root->length * sizeof(root->ids[0])) == 0;
}

bool mib_name_add(struct mib_name *name, uint32_t id)
{
    if (name->length >= MIB_NAME_MAX)
        return false;
    name->ids[name->length++] = id;
    return true;
}

/* --- parts of an index ------------------------------------------------------------------------------------------- */

struct index_cursor {
    const uint32_t *at;
    unsigned left;
};

static bool take(struct index_cursor *cursor, uint32_t *ret)
{
    if (cursor->left == 0)
        return false;
    *ret = *cursor->at++;
    cursor->left--;
    return true;
}

static bool take_octets(struct index_cursor *cursor, uint8_t *ret, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t id;
        if (!take(cursor, &id) || id > UINT8_MAX)
            return false;
        ret[i] = (uint8_t)id;
    }
    return true;
}

static bool take_port(struct index_cursor *cursor, uint16_t *ret)
{
    uint32_t id;
    if (!take(cursor, &id) || id > UINT16_MAX)
        return false;
    *ret = (uint16_t)id;
    return true;
}

/* InetAddressType and InetAddress (RFC 4001). A zone is an interface of the other machine: it means nothing here. */
static const struct inet_type {
    uint32_t type;
    sa_family_t family;
    unsigned octets, zone_octets;
} inet_types[] = {
    {0, AF_UNSPEC, 0, 0}, {1, AF_INET, 4, 0}, {2, AF_INET6, 16, 0}, {3, AF_INET, 4, 4}, {4, AF_INET6, 16, 4},
};

/* AF_UNSPEC: any address of any family. */
static bool take_address(struct index_cursor *cursor, struct address *ret)
{
    uint8_t zone[4];
    uint32_t type, length;
    if (!take(cursor, &type) || !take(cursor, &length))
        return false;
    for (size_t i = 0; i < sizeof(inet_types) / sizeof(inet_types[0]); i++) {
        const struct inet_type *known = &inet_types[i];
        if (known->type != type || known->octets + known->zone_octets != length)
            continue;
        *ret = (struct address){.family = known->family};
        return take_octets(cursor, ret->octets, known->octets) && take_octets(cursor, zone, known->zone_octets);
    }
    return false;
}

static bool take_ipv4(struct index_cursor *cursor, struct address *ret)
{
    *ret = (struct address){.family = AF_INET};
    return take_octets(cursor, ret->octets, 4);
}

/* Any address of any family is what RFC 4022 calls a listener of both; net-snmp says "::" of the same, and of one that
 * takes IPv6 alone as well, so that of "::" it stays open whether it takes IPv4. */
static void bind_listener(struct listener *listener, struct address address, uint16_t port)
{
    listener->port = port;
    listener->address = address;
    if (address.family == AF_UNSPEC) {
        listener->address.family = AF_INET6;
        listener->v6only = V6ONLY_NO;
    }
    address_normalise(&listener->address);
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static void read_process(const struct mib_binding *binding, struct listener *listener, bool *ret_odd)
{
    *ret_odd = binding->kind != MIB_NUMBER || binding->number > INT32_MAX;
    if (!*ret_odd)
        listener->owner.pid = (int32_t)binding->number;
}

static int read_tcp_listener(const uint32_t *index, unsigned length, const struct mib_binding *binding,
                             struct listener *ret, bool *ret_odd)
{
    struct index_cursor cursor = {index, length};
    struct address address;
    uint16_t port;
    if (!take_address(&cursor, &address) || !take_port(&cursor, &port) || cursor.left > 0 || port == 0)
        return -EBADMSG;
    bind_listener(ret, address, port);
    read_process(binding, ret, ret_odd);
    return 1;
}

typedef bool take_address_fn(struct index_cursor *cursor, struct address *ret);

/* Local and remote end; one that listens has a remote end of no meaning. */
static int read_tcp_state(const uint32_t *index, unsigned length, const struct mib_binding *binding,
                          take_address_fn *take_end, struct listener *ret)
{
    struct index_cursor cursor = {index, length};
    struct address local, remote;
    uint16_t port, remote_port;
    if (!take_end(&cursor, &local) || !take_port(&cursor, &port) || !take_end(&cursor, &remote) ||
        !take_port(&cursor, &remote_port) || cursor.left > 0 || binding->kind != MIB_NUMBER)
        return -EBADMSG;
    if (binding->number != STATE_LISTEN)
        return 0;
    bind_listener(ret, local, port);
    return port > 0 ? 1 : -EBADMSG;
}

static int read_tcp_connection(const uint32_t *index, unsigned length, const struct mib_binding *binding,
                               struct listener *ret, bool *ret_odd)
{
    (void)ret_odd;
    return read_tcp_state(index, length, binding, take_address, ret);
}

static int read_tcp_conn(const uint32_t *index, unsigned length, const struct mib_binding *binding,
                         struct listener *ret, bool *ret_odd)
{
    (void)ret_odd;
    return read_tcp_state(index, length, binding, take_ipv4, ret);
}

/* No remote end is "any address, port 0" by RFC 4113, and a wildcard of a family with port 0 by net-snmp. */
static int read_udp_endpoint(const uint32_t *index, unsigned length, const struct mib_binding *binding,
                             struct listener *ret, bool *ret_odd)
{
    struct index_cursor cursor = {index, length};
    struct address local, remote;
    uint16_t port, remote_port;
    uint32_t instance;
    if (!take_address(&cursor, &local) || !take_port(&cursor, &port) || !take_address(&cursor, &remote) ||
        !take_port(&cursor, &remote_port) || !take(&cursor, &instance) || cursor.left > 0)
        return -EBADMSG;
    if (remote_port != 0 || (remote.family != AF_UNSPEC && !address_is_wildcard(&remote)) || port == 0)
        return 0;
    bind_listener(ret, local, port);
    read_process(binding, ret, ret_odd);
    return 1;
}

static int read_udp(const uint32_t *index, unsigned length, const struct mib_binding *binding, struct listener *ret,
                    bool *ret_odd)
{
    struct index_cursor cursor = {index, length};
    struct address local;
    uint16_t port;
    if (!take_ipv4(&cursor, &local) || !take_port(&cursor, &port) || cursor.left > 0)
        return -EBADMSG;
    *ret_odd = binding->kind != MIB_NUMBER || binding->number != port;
    bind_listener(ret, local, port);
    return port > 0;
}

bool mib_table_sample(const struct mib_table *table, sa_family_t family, struct mib_name *ret)
{
    unsigned octets = family == AF_INET6 ? 16 : 4;
    if (table->old || table->read == read_tcp_connection)
        return false;
    *ret = *table->column;
    (void)mib_name_add(ret, family == AF_INET6 ? 2 : 1);
    (void)mib_name_add(ret, octets);
    for (unsigned i = 0; i < octets; i++)
        (void)mib_name_add(ret, 0);
    (void)mib_name_add(ret, 1);
    for (unsigned i = 0; table->transport == TRANSPORT_UDP && i < 4; i++)
        (void)mib_name_add(ret, i == 3); /* no remote end, instance 1 */
    return true;
}

const struct mib_table collect_tables[] = {
    {"tcpListenerTable", &tcp_listener_process, TRANSPORT_TCP, false, read_tcp_listener},
    {"tcpConnectionTable", &tcp_connection_state, TRANSPORT_TCP, false, read_tcp_connection},
    {"tcpConnTable", &tcp_conn_state, TRANSPORT_TCP, true, read_tcp_conn},
    {"udpEndpointTable", &udp_endpoint_process, TRANSPORT_UDP, false, read_udp_endpoint},
    {"udpTable", &udp_local_port, TRANSPORT_UDP, true, read_udp},
    {NULL, NULL, TRANSPORT_UNSTATED, false, NULL},
};

int mib_table_read(const struct mib_table *table, const struct mib_binding *binding, struct listener *ret,
                   bool *ret_odd)
{
    const unsigned skip = table->column->length;
    struct listener listener = {.transport = table->transport};
    *ret_odd = false;
    int r = table->read(binding->name.ids + skip, binding->name.length - skip, binding, &listener, ret_odd);
    if (r > 0)
        *ret = listener;
    return r;
}

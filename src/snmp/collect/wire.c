/* Packets between parent and child: writing, and reading with every length checked. */
#include "wire.h"

#include "portconform/text.h"
#include "portconform/vector.h"
#include <errno.h>
#include <string.h>

/* --- orders ------------------------------------------------------------------------------------------------------ */

static bool copy_text(char ret[WIRE_TEXT], const char *text)
{
    size_t length = text ? strlen(text) : 0;
    if (length >= WIRE_TEXT)
        return false;
    if (text)
        memcpy(ret, text, length + 1);
    return true;
}

int wire_order_make(const struct remote_order *order, uint64_t id, struct wire_order *ret)
{
    const struct snmp_access *access = order->access;
    struct wire_order made = {
        .id = id,
        .deadline_mono_ms = order->deadline_mono_ms,
        .address = access->address.family != AF_UNSPEC ? access->address : order->address,
        .port = access->port,
        .owners = order->owners,
        .version = access->version,
        .auth = access->auth,
        .priv = access->priv,
        .timeout_ms = access->timeout_ms,
        .retries = access->retries,
        .cache_s = access->cache_s,
    };
    bool well = made.address.family != AF_UNSPEC && copy_text(made.user, access->user) &&
                copy_text(made.context, access->context) && copy_text(made.community, access->community) &&
                copy_text(made.auth_secret, access->auth_secret) && copy_text(made.priv_secret, access->priv_secret);
    if (well)
        *ret = made;
    wire_order_wipe(&made);
    return well ? 0 : -EINVAL;
}

void wire_order_wipe(struct wire_order *order)
{
    explicit_bzero(order->community, sizeof(order->community));
    explicit_bzero(order->auth_secret, sizeof(order->auth_secret));
    explicit_bzero(order->priv_secret, sizeof(order->priv_secret));
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static void put(struct wire_packet *packet, const void *octets, size_t length)
{
    if (length > 0)
        memcpy(packet->octets + packet->length, octets, length);
    packet->length += length;
}

static void put_number(struct wire_packet *packet, uint64_t number, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        packet->octets[packet->length++] = (uint8_t)(number >> 8 * i);
}

static void put_text(struct wire_packet *packet, const char *text, size_t max)
{
    size_t length = text ? strnlen(text, max) : 0;
    put_number(packet, length, 2);
    put(packet, text, length);
}

static void put_head(struct wire_packet *packet, enum wire_kind kind, uint64_t id)
{
    packet->length = 0;
    put_number(packet, (uint64_t)kind, 1);
    put_number(packet, id, 8);
}

enum { ROW_OCTETS = 1 + 1 + 1 + 2 + 16 + 4 + 2 };

static void put_row(struct wire_packet *packet, const struct listener *row)
{
    put_number(packet, (uint64_t)row->transport, 1);
    put_number(packet, row->address.family == AF_INET6 ? 6 : 4, 1);
    put_number(packet, (uint64_t)row->v6only, 1);
    put_number(packet, row->port, 2);
    put(packet, row->address.octets, sizeof(row->address.octets));
    put_number(packet, (uint32_t)row->owner.pid, 4);
    put_text(packet, row->owner.exe, WIRE_EXE_MAX);
}

size_t wire_put_rows(struct wire_packet *packet, uint64_t id, const struct listener_table *table, size_t from)
{
    put_head(packet, WIRE_ROWS, id);
    while (from < table->count && packet->length + ROW_OCTETS + WIRE_EXE_MAX <= WIRE_PACKET_MAX)
        put_row(packet, &table->items[from++]);
    return from;
}

enum { FLAG_TCP_INCOMPLETE = 1, FLAG_UDP_COMPLETE = 2, FLAG_IPV6_UNTOLD = 4, FLAGS = 7 };

void wire_put_end(struct wire_packet *packet, uint64_t id, const struct listener_table *table)
{
    put_head(packet, WIRE_END, id);
    put_number(packet, table->status == LISTENERS_SEEN, 1);
    put_number(packet, (uint32_t)table->error, 4);
    put_number(packet,
               (table->tcp_incomplete ? FLAG_TCP_INCOMPLETE : 0u) | (table->udp_complete ? FLAG_UDP_COMPLETE : 0u) |
                   (table->ipv6_untold ? FLAG_IPV6_UNTOLD : 0u),
               1);
    put_number(packet, (uint64_t)table->taken.mono_ms, 8);
    put_number(packet, (uint64_t)table->stale_ms, 8);
    put_text(packet, table->note, WIRE_NOTE_MAX);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

struct wire_reader {
    const uint8_t *at;
    size_t left;
    bool bad; /* something was not there: all that was read since is worthless */
};

static const uint8_t *get(struct wire_reader *reader, size_t length)
{
    if (reader->bad || reader->left < length) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *octets = reader->at;
    reader->at += length;
    reader->left -= length;
    return octets;
}

static uint64_t get_number(struct wire_reader *reader, unsigned count)
{
    uint64_t number = 0;
    const uint8_t *octets = get(reader, count);
    for (unsigned i = 0; octets && i < count; i++)
        number |= (uint64_t)octets[i] << 8 * i;
    return number;
}

static bool get_text(struct wire_reader *reader, size_t max, const char **ret, size_t *ret_length)
{
    size_t length = (size_t)get_number(reader, 2);
    const uint8_t *octets = length <= max ? get(reader, length) : NULL;
    if (!octets || memchr(octets, '\0', length)) {
        reader->bad = true;
        return false;
    }
    *ret = (const char *)octets;
    *ret_length = length;
    return true;
}

static struct wire_head get_head(struct wire_reader *reader)
{
    struct wire_head head = {.kind = (enum wire_kind)get_number(reader, 1), .id = get_number(reader, 8)};
    reader->bad = reader->bad || (head.kind != WIRE_ROWS && head.kind != WIRE_END);
    return head;
}

int wire_get_head(const void *octets, size_t length, struct wire_head *ret)
{
    struct wire_reader reader = {octets, length, false};
    struct wire_head head = get_head(&reader);
    if (reader.bad)
        return -EBADMSG;
    *ret = head;
    return 0;
}

static bool is_transport(uint64_t number)
{
    return number == TRANSPORT_TCP || number == TRANSPORT_UDP;
}

static int get_row(struct wire_reader *reader, struct arena *arena, struct listener *ret)
{
    struct listener row = {.transport = TRANSPORT_TCP};
    const char *exe = NULL;
    size_t exe_length = 0;
    uint64_t transport = get_number(reader, 1), version = get_number(reader, 1), v6only = get_number(reader, 1);
    row.port = (uint16_t)get_number(reader, 2);
    const uint8_t *octets = get(reader, sizeof(row.address.octets));
    uint64_t pid = get_number(reader, 4);
    if (!get_text(reader, WIRE_EXE_MAX, &exe, &exe_length) || !octets || !is_transport(transport) ||
        (version != 4 && version != 6) || v6only > V6ONLY_NO || row.port == 0 || pid > INT32_MAX)
        return -EBADMSG;
    row.transport = (enum transport)transport;
    row.v6only = (__typeof__(row.v6only))v6only;
    row.address.family = version == 6 ? AF_INET6 : AF_INET;
    memcpy(row.address.octets, octets, version == 6 ? 16 : 4);
    address_normalise(&row.address);
    row.owner.pid = (int32_t)pid;
    row.owner.exe = exe_length > 0 ? arena_strndup(arena, exe, exe_length) : NULL;
    if (exe_length > 0 && !row.owner.exe)
        return -ENOMEM;
    *ret = row;
    return 0;
}

int wire_get_rows(const void *octets, size_t length, struct arena *arena, struct wire_rows *rows)
{
    struct wire_reader reader = {octets, length, false};
    if (get_head(&reader).kind != WIRE_ROWS || reader.bad)
        return -EBADMSG;
    while (reader.left > 0) {
        struct listener row;
        int r = get_row(&reader, arena, &row);
        if (r < 0)
            return r;
        if (rows->count >= WIRE_ROWS_MAX)
            return -EBADMSG;
        struct listener *slot = VECTOR_PUSH(rows);
        if (!slot)
            return -ENOMEM;
        *slot = row;
    }
    return 0;
}

/* Escaped by the child already; but it is the child's word. */
static const char *keep_note(struct arena *arena, const char *note, size_t length)
{
    struct text text = {0};
    text_escape(&text, note, length, ESCAPE_TEXT, 0);
    const char *kept = text.failed ? NULL : arena_strdup(arena, text_string(&text));
    text_done(&text);
    return kept;
}

int wire_get_end(const void *octets, size_t length, struct listener_table *table)
{
    enum { STALE_MAX_MS = 24 * 60 * 60 * 1000 };
    struct wire_reader reader = {octets, length, false};
    const char *note = NULL;
    size_t note_length = 0;
    if (get_head(&reader).kind != WIRE_END)
        return -EBADMSG;
    uint64_t seen = get_number(&reader, 1);
    int32_t error = (int32_t)(uint32_t)get_number(&reader, 4);
    uint64_t flags = get_number(&reader, 1);
    int64_t taken_ms = (int64_t)get_number(&reader, 8);
    int64_t stale_ms = (int64_t)get_number(&reader, 8);
    if (!get_text(&reader, WIRE_NOTE_MAX, &note, &note_length) || reader.left > 0 || seen > 1 || flags > FLAGS ||
        (seen ? error != 0 : error >= 0) || stale_ms < 0 || stale_ms > STALE_MAX_MS || taken_ms < 0)
        return -EBADMSG;
    table->status = seen ? LISTENERS_SEEN : LISTENERS_FAILED;
    table->error = error;
    table->tcp_incomplete = flags & FLAG_TCP_INCOMPLETE;
    table->udp_complete = flags & FLAG_UDP_COMPLETE;
    table->ipv6_untold = flags & FLAG_IPV6_UNTOLD;
    table->taken.mono_ms = taken_ms;
    table->stale_ms = stale_ms;
    table->note = note_length > 0 ? keep_note(table->arena, note, note_length) : NULL;
    return note_length > 0 && !table->note ? -ENOMEM : 0;
}

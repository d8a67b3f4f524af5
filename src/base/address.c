/* Internet addresses and prefixes. */
#include "portconform/address.h"
#include "portconform/number.h"
#include "portconform/vector.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

enum { V4_OCTETS = 4, V6_OCTETS = 16, MAPPED_PREFIX = 12, LOOPBACK_NET = 127 };

const char *transport_name(enum transport transport)
{
    switch (transport) {
    case TRANSPORT_TCP:
        return "tcp";
    case TRANSPORT_UDP:
        return "udp";
    case TRANSPORT_UNSTATED:
        return "unstated";
    }
    return "unstated";
}

static int zone_parse(const char *text, uint32_t *ret)
{
    uint32_t index = if_nametoindex(text);
    int64_t number;
    if (index == 0 && number_parse(text, 1, INT32_MAX, &number) == 0 && text[0] != '+')
        index = (uint32_t)number;
    if (index == 0)
        return -EINVAL;
    *ret = index;
    return 0;
}

int address_parse(const char *text, struct address *ret)
{
    struct address address = {.family = AF_INET};
    if (inet_pton(AF_INET, text, address.octets) == 1) {
        *ret = address;
        return 0;
    }
    char bare[INET6_ADDRSTRLEN];
    const char *percent = strchr(text, '%');
    const size_t length = percent ? (size_t)(percent - text) : strlen(text);
    if (length >= sizeof(bare))
        return -EINVAL;
    memcpy(bare, text, length);
    bare[length] = '\0';
    address = (struct address){.family = AF_INET6};
    if (inet_pton(AF_INET6, bare, address.octets) != 1)
        return -EINVAL;
    if (percent && zone_parse(percent + 1, &address.zone) < 0)
        return -EINVAL;
    *ret = address;
    return 0;
}

const char *address_format(const struct address *address, char *buffer, size_t size)
{
    if (address->family == AF_UNSPEC || !inet_ntop(address->family, address->octets, buffer, (socklen_t)size)) {
        snprintf(buffer, size, "-");
        return buffer;
    }
    if (address->zone) {
        char name[IF_NAMESIZE];
        const size_t length = strlen(buffer);
        if (if_indextoname(address->zone, name))
            snprintf(buffer + length, size - length, "%%%s", name);
        else
            snprintf(buffer + length, size - length, "%%%u", address->zone);
    }
    return buffer;
}

const char *address_format_port(const struct address *address, uint16_t port, char *buffer, size_t size)
{
    char bare[ADDRESS_TEXT];
    address_format(address, bare, sizeof(bare));
    if (address->family == AF_INET6)
        snprintf(buffer, size, "[%s]:%u", bare, port);
    else if (address_is_wildcard(address))
        snprintf(buffer, size, "*:%u", port);
    else
        snprintf(buffer, size, "%s:%u", bare, port);
    return buffer;
}

int address_compare(const struct address *a, const struct address *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    const int octets = memcmp(a->octets, b->octets, sizeof(a->octets));
    if (octets)
        return octets < 0 ? -1 : 1;
    return (a->zone > b->zone) - (a->zone < b->zone);
}

bool address_equal(const struct address *a, const struct address *b)
{
    return address_compare(a, b) == 0;
}

bool address_is_wildcard(const struct address *address)
{
    static const uint8_t zero[V6_OCTETS];
    return address->family != AF_UNSPEC && memcmp(address->octets, zero, sizeof(zero)) == 0;
}

bool address_is_mapped(const struct address *address)
{
    static const uint8_t prefix[MAPPED_PREFIX] = {[10] = 0xff, [11] = 0xff};
    return address->family == AF_INET6 && memcmp(address->octets, prefix, sizeof(prefix)) == 0;
}

void address_normalise(struct address *address)
{
    if (!address_is_mapped(address))
        return;
    struct address v4 = {.family = AF_INET};
    memcpy(v4.octets, address->octets + MAPPED_PREFIX, V4_OCTETS);
    *address = v4;
}

bool address_is_loopback(const struct address *address)
{
    struct address plain = *address;
    address_normalise(&plain);
    if (plain.family == AF_INET)
        return plain.octets[0] == LOOPBACK_NET;
    return plain.family == AF_INET6 && memcmp(plain.octets, &in6addr_loopback, V6_OCTETS) == 0;
}

struct address address_from_sockaddr(const struct sockaddr *sockaddr, uint16_t *ret_port)
{
    struct address address = {.family = AF_UNSPEC};
    uint16_t port = 0;
    if (sockaddr && sockaddr->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sockaddr, sizeof(in));
        address.family = AF_INET;
        memcpy(address.octets, &in.sin_addr, V4_OCTETS);
        port = ntohs(in.sin_port);
    } else if (sockaddr && sockaddr->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sockaddr, sizeof(in6));
        address.family = AF_INET6;
        memcpy(address.octets, &in6.sin6_addr, V6_OCTETS);
        address.zone = in6.sin6_scope_id;
        port = ntohs(in6.sin6_port);
    }
    if (ret_port)
        *ret_port = port;
    return address;
}

socklen_t address_to_sockaddr(const struct address *address, uint16_t port, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (address->family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&in.sin_addr, address->octets, V4_OCTETS);
        memcpy(ret, &in, sizeof(in));
        return sizeof(in);
    }
    if (address->family == AF_INET6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = address->zone};
        memcpy(&in6.sin6_addr, address->octets, V6_OCTETS);
        memcpy(ret, &in6, sizeof(in6));
        return sizeof(in6);
    }
    ret->ss_family = AF_UNSPEC;
    return sizeof(sa_family_t);
}

/* Are the first `bits` bits of both the same? */
static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    if (memcmp(a, b, bits / 8) != 0)
        return false;
    const unsigned rest = bits % 8;
    return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

int prefix_parse(const char *text, struct prefix *ret)
{
    char bare[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    const size_t length = slash ? (size_t)(slash - text) : 0;
    if (!slash || length >= sizeof(bare) || slash[1] < '0' || slash[1] > '9')
        return -EINVAL;
    memcpy(bare, text, length);
    bare[length] = '\0';
    struct prefix prefix = {0};
    if (strchr(bare, '%') || address_parse(bare, &prefix.address) < 0)
        return -EINVAL;
    int64_t bits;
    const unsigned most = prefix.address.family == AF_INET ? V4_OCTETS * 8 : V6_OCTETS * 8;
    if (number_parse(slash + 1, 0, most, &bits) < 0)
        return -EINVAL;
    prefix.length = (uint8_t)bits;
    for (unsigned bit = prefix.length; bit < most; bit++)
        if (prefix.address.octets[bit / 8] & (0x80 >> bit % 8))
            return -EINVAL;
    *ret = prefix;
    return 0;
}

bool prefix_contains(const struct prefix *prefix, const struct address *address)
{
    struct address plain = *address;
    if (prefix->address.family == AF_INET)
        address_normalise(&plain);
    return plain.family == prefix->address.family && bits_equal(prefix->address.octets, plain.octets, prefix->length);
}

int address_list_local(struct address **ret)
{
    struct ifaddrs *interfaces;
    if (getifaddrs(&interfaces) < 0)
        return -errno;
    struct {
        struct address *items;
        size_t count, capacity;
    } list = {0};
    int status = 0;
    for (const struct ifaddrs *one = interfaces; one && status == 0; one = one->ifa_next) {
        const struct address address = address_from_sockaddr(one->ifa_addr, NULL);
        if (address.family == AF_UNSPEC)
            continue;
        struct address *slot = VECTOR_PUSH(&list);
        if (slot)
            *slot = address;
        else
            status = -ENOMEM;
    }
    freeifaddrs(interfaces);
    if (status < 0) {
        free(list.items);
        return status;
    }
    *ret = list.items;
    return (int)list.count;
}

/* Internet addresses, prefixes, and the transports that carry ports. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* IANA protocol numbers. TRANSPORT_UNSTATED: the guide does not say; it never reaches an expectation. */
enum transport { TRANSPORT_UNSTATED = 0, TRANSPORT_TCP = 6, TRANSPORT_UDP = 17 };

const char *transport_name(enum transport transport); /* "tcp", "udp", "unstated" */

/* `family` is AF_INET, AF_INET6 or AF_UNSPEC (no address). An IPv4 address uses the first four octets, the others are
 * zero, so that addresses compare by memcmp. `zone` is an interface index for link-local IPv6 (RFC 4007), else 0. */
struct address {
    sa_family_t family;
    uint8_t octets[16];
    uint32_t zone;
};

/* Text as inet_pton reads it, "::1%eth0" with a zone; ADDRESS_TEXT octets hold any result with its NUL.
 * Returns 0, or -EINVAL. A v4-mapped IPv6 address stays IPv6 until address_normalise. */
enum { ADDRESS_TEXT = 64 };
int address_parse(const char *text, struct address *ret);
const char *address_format(const struct address *address, char *buffer, size_t size); /* returns buffer; "-" for none */
/* "10.0.1.10:31000", "[2001:db8::1]:80", "*:80" for 0.0.0.0, "[::]:80". */
const char *address_format_port(const struct address *address, uint16_t port, char *buffer, size_t size);

int address_compare(const struct address *a, const struct address *b); /* by family, octets, zone */
bool address_equal(const struct address *a, const struct address *b);
bool address_is_wildcard(const struct address *address);
bool address_is_loopback(const struct address *address); /* 127.0.0.0/8, ::1, and their v4-mapped forms */
bool address_is_mapped(const struct address *address);   /* ::ffff:0:0/96 (RFC 4291 section 2.5.5.2) */
void address_normalise(struct address *address);         /* a v4-mapped address becomes IPv4 */

struct address address_from_sockaddr(const struct sockaddr *sockaddr, uint16_t *ret_port); /* ret_port may be NULL */
socklen_t address_to_sockaddr(const struct address *address, uint16_t port, struct sockaddr_storage *ret);

struct prefix {
    struct address address;
    uint8_t length; /* bits */
};

int prefix_parse(const char *text, struct prefix *ret); /* "10.20.0.0/16"; host bits must be zero: -EINVAL */
bool prefix_contains(const struct prefix *prefix, const struct address *address);

/* Every address of this machine's interfaces in the calling thread's network namespace (getifaddrs(3)).
 * *ret is malloc'ed and transferred. Returns the number, or a negative code. */
int address_list_local(struct address **ret);

/* The tables from ICMP type and code, and from an errno alone, to what they prove. The errno is lossy: several codes
 * become one EHOSTUNREACH, which is why the error queue is read first.
 */
#include "evidence.h"

#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <stddef.h>

/* Codes that no header of the kernel names (RFC 4443 section 3.1) */
enum { ICMPV6_FAILED_POLICY = 5, ICMPV6_ROUTE_REJECTED = 6 };

/* What kind of word it is decides how the sender matters. */
enum word {
    WORD_NEIGHBOUR, /* host unreachable: from ourselves it is ARP or NDP that found nobody */
    WORD_PORT,      /* port unreachable: from the target it is a closed port */
    WORD_STOPPED,   /* anything else that ends a flow, whoever sends it */
};

struct icmp_row {
    enum report_origin origin;
    uint8_t type, code;
    enum word word;
    enum reason reason; /* from a hop */
};

static const struct icmp_row icmp_rows[] = {
    {REPORT_ICMP, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, WORD_STOPPED, REASON_NET_UNREACHABLE},
    {REPORT_ICMP, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, WORD_NEIGHBOUR, REASON_HOST_UNREACHABLE},
    {REPORT_ICMP, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, WORD_STOPPED, REASON_PROTOCOL_UNREACHABLE},
    {REPORT_ICMP, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, WORD_PORT, REASON_PORT_UNREACHABLE_BY_HOP},
    {REPORT_ICMP, ICMP_DEST_UNREACH, ICMP_NET_UNKNOWN, WORD_STOPPED, REASON_NET_UNREACHABLE},
    {REPORT_ICMP, ICMP_DEST_UNREACH, ICMP_HOST_UNKNOWN, WORD_STOPPED, REASON_HOST_UNREACHABLE},
    {REPORT_ICMP, ICMP_DEST_UNREACH, ICMP_NET_ANO, WORD_STOPPED, REASON_NET_PROHIBITED},
    {REPORT_ICMP, ICMP_DEST_UNREACH, ICMP_HOST_ANO, WORD_STOPPED, REASON_HOST_PROHIBITED},
    {REPORT_ICMP, ICMP_DEST_UNREACH, ICMP_NET_UNR_TOS, WORD_STOPPED, REASON_NET_UNREACHABLE},
    {REPORT_ICMP, ICMP_DEST_UNREACH, ICMP_HOST_UNR_TOS, WORD_STOPPED, REASON_HOST_UNREACHABLE},
    {REPORT_ICMP, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, WORD_STOPPED, REASON_ADMIN_PROHIBITED},
    {REPORT_ICMP6, ICMPV6_DEST_UNREACH, ICMPV6_NOROUTE, WORD_STOPPED, REASON_NET_UNREACHABLE},
    {REPORT_ICMP6, ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED, WORD_STOPPED, REASON_ADMIN_PROHIBITED},
    {REPORT_ICMP6, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, WORD_NEIGHBOUR, REASON_HOST_UNREACHABLE},
    {REPORT_ICMP6, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH, WORD_PORT, REASON_PORT_UNREACHABLE_BY_HOP},
    /* RFC 4443: both are more precise words for code 1 */
    {REPORT_ICMP6, ICMPV6_DEST_UNREACH, ICMPV6_FAILED_POLICY, WORD_STOPPED, REASON_ADMIN_PROHIBITED},
    {REPORT_ICMP6, ICMPV6_DEST_UNREACH, ICMPV6_ROUTE_REJECTED, WORD_STOPPED, REASON_ADMIN_PROHIBITED},
};

/* Reports that are advice, not an end: the flow goes on. */
static bool is_advice(enum report_origin origin, uint8_t type, uint8_t code)
{
    if (origin == REPORT_ICMP6)
        return type == ICMPV6_PKT_TOOBIG;
    return type == ICMP_REDIRECT || type == ICMP_SOURCE_QUENCH ||
           (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED);
}

static const struct icmp_row *find_row(enum report_origin origin, uint8_t type, uint8_t code)
{
    /* time exceeded, parameter problem, source route failed: some hop stopped it */
    static const struct icmp_row other = {.word = WORD_STOPPED, .reason = REASON_ICMP_OTHER};
    for (size_t i = 0; i < sizeof(icmp_rows) / sizeof(icmp_rows[0]); i++)
        if (icmp_rows[i].origin == origin && icmp_rows[i].type == type && icmp_rows[i].code == code)
            return &icmp_rows[i];
    return &other;
}

struct evidence evidence_of_icmp(enum report_origin origin, uint8_t type, uint8_t code, enum offender offender)
{
    static const struct evidence neighbour = {true, PROBE_SILENT, REASON_NEIGHBOUR_FAILED};
    static const struct evidence closed = {true, PROBE_REFUSED, REASON_PORT_UNREACHABLE};
    static const struct evidence ourselves = {true, PROBE_LOCAL, REASON_LOCAL_OTHER};
    if (is_advice(origin, type, code))
        return (struct evidence){.ends = false};
    const struct icmp_row *row = find_row(origin, type, code);
    if (offender == OFFENDER_SELF)
        return row->word == WORD_NEIGHBOUR ? neighbour : ourselves;
    if (offender == OFFENDER_TARGET && row->word == WORD_PORT)
        return closed;
    return (struct evidence){true, PROBE_STOPPED, row->reason};
}

struct evidence evidence_of_errno(int error, sa_family_t family, enum transport transport)
{
    switch (error) {
    case ECONNREFUSED:
        /* TCP: no ICMP was queued, so it was a RST. (Old kernels queue none for TCP: there a port-unreachable looks
         * the same.) */
        if (transport == TRANSPORT_TCP)
            return (struct evidence){true, PROBE_REFUSED, REASON_RST};
        return (struct evidence){true, PROBE_REFUSED, REASON_PORT_UNREACHABLE};
    case ENOPROTOOPT:
        return (struct evidence){true, PROBE_STOPPED, REASON_PROTOCOL_UNREACHABLE};
    case EACCES:
        if (family == AF_INET6) /* only 1/1, 1/5 and 1/6 become EACCES */
            return (struct evidence){true, PROBE_STOPPED, REASON_ADMIN_PROHIBITED};
        return (struct evidence){true, PROBE_STOPPED, REASON_UNREACHABLE_BY_ERRNO};
    case ETIMEDOUT: /* the kernel gave up before us */
        return (struct evidence){true, PROBE_SILENT, REASON_SILENT};
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENONET:
    case EPROTO:
        return (struct evidence){true, PROBE_STOPPED, REASON_UNREACHABLE_BY_ERRNO};
    default:
        return (struct evidence){true, PROBE_LOCAL, REASON_NONE};
    }
}

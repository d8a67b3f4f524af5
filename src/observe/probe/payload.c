/* The table of UDP payloads. A payload asks for as little as its protocol allows, needs no secret, and changes nothing
 * on the server. Those that need one belong to kinds of their own. */
#include "payload.h"

#include <string.h>

#define ROW(name, where, writes, reads)                                                                                \
    {                                                                                                                  \
        .service = (name), .source = (where), .build = (writes), .answers = (reads)                                    \
    }

static const struct udp_payload payloads[] = {
    ROW("dns", "RFC 1035 section 4", payload_build_dns, payload_dns_answers),
    ROW("ntp", "RFC 5905 section 7.3", payload_build_ntp, payload_ntp_answers),
    ROW("snmp", "RFC 3414 section 4", payload_build_snmp, payload_snmp_answers),
    ROW("sip", "RFC 3261 section 11, RFC 3581", payload_build_sip, payload_sip_answers),
    ROW("stun", "RFC 8489 section 5", payload_build_stun, payload_stun_answers),
    ROW("tftp", "RFC 1350 section 5", payload_build_tftp, payload_tftp_answers),
    ROW("netbios-ns", "RFC 1002 section 4.2.17", payload_build_netbios, payload_netbios_answers),
    ROW("portmap", "RFC 5531 section 9, RFC 1833 section 3", payload_build_portmap, payload_portmap_answers),
    ROW("kerberos", "RFC 4120 section 5.4.1", payload_build_kerberos, payload_kerberos_answers),
    ROW("cldap", "RFC 4511 section 4.5", payload_build_cldap, payload_cldap_answers),
    ROW("ike", "RFC 7296 sections 1.2 and 3.1", payload_build_ike, payload_ike_answers),
    {.service = "h323-ras",
     .source = "H.225.0 section 7.8.1",
     .build_from = payload_build_ras,
     .answers = payload_ras_answers},
    {.service = "mssql-browser",
     .source = "MC-SQLR section 2.2.2",
     .build = payload_build_sql_browser,
     .answers = payload_sql_browser_answers,
     .opt_in = true},
};

const struct udp_payload *udp_payload_table(size_t *ret_count)
{
    *ret_count = sizeof(payloads) / sizeof(payloads[0]);
    return payloads;
}

const struct udp_payload *udp_payload_find(const char *service)
{
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
        if (strcmp(payloads[i].service, service) == 0)
            return &payloads[i];
    return NULL;
}

size_t udp_payload_build(const struct udp_payload *payload, const struct udp_ask *ask, uint8_t *buffer, size_t size)
{
    if (payload->build_keyed)
        return payload->build_keyed(buffer, size, ask);
    return payload->build_from ? payload->build_from(buffer, size, ask) : payload->build(buffer, size, ask->nonce);
}

int udp_payload_answers(const struct udp_payload *payload, const struct udp_ask *ask, const uint8_t *octets,
                        size_t length)
{
    return payload->answers_keyed ? payload->answers_keyed(octets, length, ask)
                                  : payload->answers(octets, length, ask->nonce);
}

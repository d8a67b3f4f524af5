/* The table of UDP payloads, and the octets they are made of. A payload asks for as little as its protocol allows,
 * needs no secret, and changes nothing on the server. */
#include "payload.h"

#include <string.h>

#define ROW(service, source, build, answers)                                                                           \
    {                                                                                                                  \
        service, source, build, answers, NULL, false                                                                   \
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
    {"h323-ras", "H.225.0 section 7.8.1", NULL, payload_ras_answers, payload_build_ras, false},
    {"mssql-browser", "MC-SQLR section 2.2.2", payload_build_sql_browser, payload_sql_browser_answers, NULL, true},
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
    return payload->build_from ? payload->build_from(buffer, size, ask) : payload->build(buffer, size, ask->nonce);
}

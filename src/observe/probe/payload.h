/* The payloads of UDP services, a pair of functions each: what is asked, and whether a datagram answers it. */
#pragma once

#include "portconform/octets.h"
#include "portconform/probe.h"

size_t payload_build_dns(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_dns_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_netbios(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_netbios_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_ntp(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_ntp_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_snmp(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_snmp_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_sip(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_sip_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_stun(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_stun_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_tftp(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_tftp_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_portmap(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_portmap_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_kerberos(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_kerberos_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_ike(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_ike_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_ras(uint8_t *buffer, size_t size, const struct udp_ask *ask);
bool payload_ras_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_sql_browser(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_sql_browser_answers(const uint8_t *octets, size_t length, uint64_t nonce);
size_t payload_build_cldap(uint8_t *buffer, size_t size, uint64_t nonce);
bool payload_cldap_answers(const uint8_t *octets, size_t length, uint64_t nonce);

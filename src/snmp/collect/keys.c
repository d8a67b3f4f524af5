/* From pass phrases to keys (RFC 3414 section A.2), each phrase once: hundreds of agents have the same. */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/library/keytools.h>

#include "child.h"

#include <string.h>

struct kept_key {
    enum access_auth auth;
    char secret[WIRE_TEXT];
    struct key key;
};
enum { KEPT_MAX = 32 };
static struct kept_key kept[KEPT_MAX];
static size_t kept_count;

struct protocol {
    const oid *name;
    size_t length;
};

const unsigned long *key_auth_protocol(enum access_auth auth, size_t *ret_length)
{
    static const struct protocol protocols[] = {
        [ACCESS_AUTH_NONE] = {usmNoAuthProtocol, OID_LENGTH(usmNoAuthProtocol)},
        [ACCESS_MD5] = {usmHMACMD5AuthProtocol, OID_LENGTH(usmHMACMD5AuthProtocol)},
        [ACCESS_SHA] = {usmHMACSHA1AuthProtocol, OID_LENGTH(usmHMACSHA1AuthProtocol)},
        [ACCESS_SHA224] = {usmHMAC128SHA224AuthProtocol, OID_LENGTH(usmHMAC128SHA224AuthProtocol)},
        [ACCESS_SHA256] = {usmHMAC192SHA256AuthProtocol, OID_LENGTH(usmHMAC192SHA256AuthProtocol)},
        [ACCESS_SHA384] = {usmHMAC256SHA384AuthProtocol, OID_LENGTH(usmHMAC256SHA384AuthProtocol)},
        [ACCESS_SHA512] = {usmHMAC384SHA512AuthProtocol, OID_LENGTH(usmHMAC384SHA512AuthProtocol)},
    };
    if ((size_t)auth >= sizeof(protocols) / sizeof(protocols[0]))
        return NULL;
    *ret_length = protocols[auth].length;
    return protocols[auth].name;
}

const unsigned long *key_priv_protocol(enum access_priv priv, size_t *ret_length)
{
    static const struct protocol protocols[] = {
        [ACCESS_PRIV_NONE] = {usmNoPrivProtocol, OID_LENGTH(usmNoPrivProtocol)},
#ifndef NETSNMP_DISABLE_DES
        [ACCESS_DES] = {usmDESPrivProtocol, OID_LENGTH(usmDESPrivProtocol)},
#endif
        [ACCESS_AES] = {usmAESPrivProtocol, OID_LENGTH(usmAESPrivProtocol)},
#ifdef NETSNMP_DRAFT_BLUMENTHAL_AES_04
        [ACCESS_AES192] = {usmAES192PrivProtocol, OID_LENGTH(usmAES192PrivProtocol)},
        [ACCESS_AES256] = {usmAES256PrivProtocol, OID_LENGTH(usmAES256PrivProtocol)},
#endif
    };
    if ((size_t)priv >= sizeof(protocols) / sizeof(protocols[0]))
        return NULL;
    *ret_length = protocols[priv].length;
    return protocols[priv].name;
}

static bool make(enum access_auth auth, const char *secret, struct key *ret)
{
    size_t name_length = 0;
    const oid *name = key_auth_protocol(auth, &name_length);
    struct key key = {.length = sizeof(key.octets)};
    bool well = name && generate_Ku(name, (u_int)name_length, (const u_char *)secret, strlen(secret), key.octets,
                                    &key.length) == SNMPERR_SUCCESS;
    if (well)
        *ret = key;
    explicit_bzero(&key, sizeof(key));
    return well;
}

bool key_make(enum access_auth auth, const char *secret, struct key *ret)
{
    for (size_t i = 0; i < kept_count; i++) {
        if (kept[i].auth != auth || strcmp(kept[i].secret, secret) != 0)
            continue;
        *ret = kept[i].key;
        return true;
    }
    struct key key;
    if (strlen(secret) >= WIRE_TEXT || !make(auth, secret, &key))
        return false;
    if (kept_count < KEPT_MAX) {
        struct kept_key *slot = &kept[kept_count++];
        slot->auth = auth;
        slot->key = key;
        memcpy(slot->secret, secret, strlen(secret) + 1);
    }
    *ret = key;
    explicit_bzero(&key, sizeof(key));
    return true;
}

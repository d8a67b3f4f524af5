/* Directory services: Kerberos and LDAP over UDP.
 *
 * Kerberos: an AS-REQ for a client and a realm that do not exist; a KDC answers with an error, and no account can be
 * locked by it. LDAP: a search of the root DSE for one attribute, which needs no bind. */
#include "payload.h"

enum {
    KERBEROS_VERSION = 5,
    TAG_AS_REQUEST = 0x6a,
    TAG_AS_REPLY = 0x6b,
    TAG_KERBEROS_ERROR = 0x7e,
    MESSAGE_AS_REQUEST = 10,
    MESSAGE_AS_REPLY = 11,
    MESSAGE_KERBEROS_ERROR = 30,
    TAG_GENERAL_STRING = 0x1b,
    TAG_GENERALIZED_TIME = 0x18,
    NAME_PRINCIPAL = 1,
    NAME_SERVICE_INSTANCE = 2,
    ENCRYPTION_AES256 = 18,
    ENCRYPTION_AES128 = 17,
    TAG_SEARCH_REQUEST = 0x63,
    TAG_SEARCH_ENTRY = 0x64,
    TAG_SEARCH_DONE = 0x65,
    TAG_FILTER_PRESENT = 0x87,
    BER_BOOLEAN = 0x01,
};

static uint32_t positive_id(uint64_t nonce)
{
    return (uint32_t)nonce & 0x7fffffff;
}

/* [number] of a sequence in explicit tagging */
static uint8_t field(uint8_t number)
{
    return (uint8_t)(0xa0 | number);
}

static void put_field_number(struct writer *writer, uint8_t number, uint32_t value)
{
    size_t opened = put_ber_open(writer, field(number));
    put_ber_number(writer, BER_INTEGER, value);
    put_ber_close(writer, opened);
}

static void put_field_text(struct writer *writer, uint8_t number, uint8_t tag, const char *text)
{
    size_t opened = put_ber_open(writer, field(number));
    put_ber_text(writer, tag, text);
    put_ber_close(writer, opened);
}

/* PrincipalName of one part or two */
static void put_principal(struct writer *writer, uint8_t number, uint32_t type, const char *const parts[2])
{
    size_t opened = put_ber_open(writer, field(number));
    size_t sequence = put_ber_open(writer, BER_SEQUENCE);
    put_field_number(writer, 0, type);
    size_t names = put_ber_open(writer, field(1));
    size_t list = put_ber_open(writer, BER_SEQUENCE);
    for (int i = 0; i < 2 && parts[i]; i++)
        put_ber_text(writer, TAG_GENERAL_STRING, parts[i]);
    put_ber_close(writer, list);
    put_ber_close(writer, names);
    put_ber_close(writer, sequence);
    put_ber_close(writer, opened);
}

static void put_ticket_request(struct writer *writer, uint64_t nonce)
{
    static const uint8_t no_options[] = {0, 0, 0, 0, 0}; /* no unused bits, 32 unset ones */
    static const char *const client[2] = {"probe", NULL};
    static const char *const server[2] = {"krbtgt", "INVALID"};
    size_t body = put_ber_open(writer, field(4));
    size_t sequence = put_ber_open(writer, BER_SEQUENCE);
    size_t options = put_ber_open(writer, field(0));
    put_ber_octets(writer, BER_BIT_STRING, no_options, sizeof(no_options));
    put_ber_close(writer, options);
    put_principal(writer, 1, NAME_PRINCIPAL, client);
    put_field_text(writer, 2, TAG_GENERAL_STRING, "INVALID"); /* realm */
    put_principal(writer, 3, NAME_SERVICE_INSTANCE, server);
    put_field_text(writer, 5, TAG_GENERALIZED_TIME, "19700101000000Z"); /* till: as the server likes */
    put_field_number(writer, 7, positive_id(nonce));
    size_t encryption = put_ber_open(writer, field(8));
    size_t list = put_ber_open(writer, BER_SEQUENCE);
    put_ber_number(writer, BER_INTEGER, ENCRYPTION_AES256);
    put_ber_number(writer, BER_INTEGER, ENCRYPTION_AES128);
    put_ber_close(writer, list);
    put_ber_close(writer, encryption);
    put_ber_close(writer, sequence);
    put_ber_close(writer, body);
}

size_t payload_build_kerberos(uint8_t *buffer, size_t size, uint64_t nonce)
{
    struct writer writer = {.octets = buffer, .size = size};
    size_t message = put_ber_open(&writer, TAG_AS_REQUEST);
    size_t sequence = put_ber_open(&writer, BER_SEQUENCE);
    put_field_number(&writer, 1, KERBEROS_VERSION);
    put_field_number(&writer, 2, MESSAGE_AS_REQUEST);
    put_ticket_request(&writer, nonce);
    put_ber_close(&writer, sequence);
    put_ber_close(&writer, message);
    return written(&writer);
}

static bool take_field_number(struct reader *reader, uint8_t number, uint32_t expected)
{
    struct reader content;
    uint32_t value;
    return take_ber_tagged(reader, field(number), &content) && take_ber_integer(&content, &value) && value == expected;
}

/* An error repeats nothing of the request that we could recognise: only the port it comes to is ours. */
bool payload_kerberos_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length}, outer, message;
    uint8_t tag;
    (void)nonce;
    if (!take_ber(&reader, &tag, &outer) || !take_ber_tagged(&outer, BER_SEQUENCE, &message) ||
        !take_field_number(&message, 0, KERBEROS_VERSION))
        return false;
    return (tag == TAG_KERBEROS_ERROR && take_field_number(&message, 1, MESSAGE_KERBEROS_ERROR)) ||
           (tag == TAG_AS_REPLY && take_field_number(&message, 1, MESSAGE_AS_REPLY));
}

size_t payload_build_cldap(uint8_t *buffer, size_t size, uint64_t nonce)
{
    static const uint8_t values_too = 0;
    struct writer writer = {.octets = buffer, .size = size};
    size_t message = put_ber_open(&writer, BER_SEQUENCE);
    put_ber_number(&writer, BER_INTEGER, positive_id(nonce));
    size_t search = put_ber_open(&writer, TAG_SEARCH_REQUEST);
    put_ber_text(&writer, BER_OCTET_STRING, ""); /* the root DSE */
    put_ber_number(&writer, BER_ENUMERATED, 0);  /* it alone */
    put_ber_number(&writer, BER_ENUMERATED, 0);  /* aliases are not followed */
    put_ber_number(&writer, BER_INTEGER, 1);     /* entries */
    put_ber_number(&writer, BER_INTEGER, 3);     /* seconds */
    put_ber_octets(&writer, BER_BOOLEAN, &values_too, 1);
    put_ber_text(&writer, TAG_FILTER_PRESENT, "objectClass");
    size_t attributes = put_ber_open(&writer, BER_SEQUENCE);
    put_ber_text(&writer, BER_OCTET_STRING, "supportedLDAPVersion");
    put_ber_close(&writer, attributes);
    put_ber_close(&writer, search);
    put_ber_close(&writer, message);
    return written(&writer);
}

bool payload_cldap_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length}, message, ignored;
    uint32_t id;
    uint8_t tag;
    return take_ber_tagged(&reader, BER_SEQUENCE, &message) && take_ber_integer(&message, &id) &&
           id == positive_id(nonce) && take_ber(&message, &tag, &ignored) &&
           (tag == TAG_SEARCH_ENTRY || tag == TAG_SEARCH_DONE);
}

/* RADIUS messages, sealed with a shared secret.
 *
 *     code (1)  identifier (1)  length (2)  authenticator (16)  attributes: type (1)  length (1)  value
 *
 * A request's authenticator is random; it comes of the nonce, so that the answer can be verified with nothing else
 * kept. An answer's is MD5 over the answer, with the request's authenticator in that place, and the secret behind it
 * (RFC 2865 section 3). A Message-Authenticator is HMAC-MD5 over the same, with zeros in its own place (RFC 3579
 * section 3.2). MD5 is not ours to choose; with these keys and a fresh nonce a stranger cannot forge what is compared
 * here.
 */
#include "message.h"

#include "portconform/octets.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum {
    ACCESS_ACCEPT = 2, /* of an authentication server */
    ACCESS_REJECT = 3, /* of one that takes the question for a login; who seals it has the secret all the same */
    ACCOUNTING_RESPONSE = 5,
    ACCESS_CHALLENGE = 11,
    STATUS_SERVER = 12,

    NAS_IDENTIFIER = 32,
    MESSAGE_AUTHENTICATOR = 80,

    HEADER = 20,
    AUTHENTICATOR_AT = 4,
    ATTRIBUTE_HEADER = 2,
    DIGEST = 16,
    MESSAGE_MAX = 4096,
};

static const char own_name[] = "portconform";

static uint8_t identifier_of(uint64_t nonce)
{
    return (uint8_t)nonce;
}

/* --- digests: 0, or -ENOTSUP where OpenSSL has none (a policy forbids MD5, or memory is short) -------------------- */

static int request_authenticator(uint64_t nonce, uint8_t ret[DIGEST])
{
    uint8_t octets[sizeof(nonce)], digest[EVP_MAX_MD_SIZE];
    put_u64(&(struct writer){.octets = octets, .size = sizeof(octets)}, nonce);
    if (!EVP_Digest(octets, sizeof(octets), digest, NULL, EVP_sha256(), NULL))
        return -ENOTSUP;
    memcpy(ret, digest, DIGEST);
    return 0;
}

static int seal(const uint8_t *message, size_t length, const char *secret, uint8_t ret[DIGEST])
{
    return HMAC(EVP_md5(), secret, (int)strlen(secret), message, length, ret, NULL) ? 0 : -ENOTSUP;
}

/* MD5 of the message and the secret; the library wipes what it held of them. */
static int response_authenticator(const uint8_t *message, size_t length, const char *secret, uint8_t ret[DIGEST])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestInit_ex(context, EVP_md5(), NULL) && EVP_DigestUpdate(context, message, length) &&
                EVP_DigestUpdate(context, secret, strlen(secret)) && EVP_DigestFinal_ex(context, ret, NULL);
    EVP_MD_CTX_free(context);
    return done ? 0 : -ENOTSUP;
}

/* --- the request -------------------------------------------------------------------------------------------------- */

size_t radius_build(uint8_t *buffer, size_t size, const struct udp_ask *ask)
{
    struct writer writer = {.octets = buffer, .size = size};
    uint8_t authenticator[DIGEST];
    if (request_authenticator(ask->nonce, authenticator) < 0)
        return 0;
    put_u8(&writer, STATUS_SERVER);
    put_u8(&writer, identifier_of(ask->nonce));
    size_t length_at = writer.used;
    put_u16(&writer, 0);
    put_octets(&writer, authenticator, DIGEST);
    put_u8(&writer, MESSAGE_AUTHENTICATOR); /* first, where a server looks for it at once */
    put_u8(&writer, ATTRIBUTE_HEADER + DIGEST);
    size_t sealed_at = writer.used;
    put_zeros(&writer, DIGEST);
    put_u8(&writer, NAS_IDENTIFIER);
    put_u8(&writer, ATTRIBUTE_HEADER + sizeof(own_name) - 1);
    put_text(&writer, own_name);
    size_t length = written(&writer);
    uint8_t digest[DIGEST];
    if (length == 0)
        return 0;
    set_u16(&writer, length_at, (uint16_t)length);
    if (seal(buffer, length, ask->secret, digest) < 0)
        return 0;
    memcpy(buffer + sealed_at, digest, DIGEST);
    return length;
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

/* Are the attributes whole? Where the value of the one Message-Authenticator begins; 0: there is none. */
static bool walk_attributes(const uint8_t *message, size_t length, size_t *ret_sealed_at)
{
    size_t sealed_at = 0;
    for (size_t at = HEADER; at < length;) {
        size_t left = length - at;
        if (left < ATTRIBUTE_HEADER || message[at + 1] < ATTRIBUTE_HEADER || message[at + 1] > left)
            return false;
        if (message[at] == MESSAGE_AUTHENTICATOR) {
            if (sealed_at || message[at + 1] != ATTRIBUTE_HEADER + DIGEST)
                return false;
            sealed_at = at + ATTRIBUTE_HEADER;
        }
        at += message[at + 1];
    }
    *ret_sealed_at = sealed_at;
    return true;
}

/* The length that the header tells, if the header is that of an answer to us; 0: it is not. What comes behind it in a
 * datagram is padding. */
static size_t answer_length(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length};
    uint8_t code, identifier;
    uint16_t told;
    if (!take_u8(&reader, &code) || !take_u8(&reader, &identifier) || !take_u16(&reader, &told))
        return 0;
    bool answers =
        code == ACCESS_ACCEPT || code == ACCESS_REJECT || code == ACCOUNTING_RESPONSE || code == ACCESS_CHALLENGE;
    if (!answers || identifier != identifier_of(nonce))
        return 0;
    return told >= HEADER && told <= MESSAGE_MAX && told <= length ? told : 0;
}

int radius_answers(const uint8_t *octets, size_t length, const struct udp_ask *ask)
{
    uint8_t message[MESSAGE_MAX], digest[DIGEST];
    size_t told = answer_length(octets, length, ask->nonce), sealed_at;
    if (!told || !walk_attributes(octets, told, &sealed_at))
        return 0;
    memcpy(message, octets, told);
    int r = request_authenticator(ask->nonce, message + AUTHENTICATOR_AT);
    if (r == 0)
        r = response_authenticator(message, told, ask->secret, digest);
    if (r < 0)
        return r;
    if (CRYPTO_memcmp(digest, octets + AUTHENTICATOR_AT, DIGEST) != 0)
        return 0;
    if (!sealed_at)
        return 1;
    memset(message + sealed_at, 0, DIGEST);
    r = seal(message, told, ask->secret, digest);
    return r < 0 ? r : CRYPTO_memcmp(digest, octets + sealed_at, DIGEST) == 0;
}

/* Messages of the acceptance test: fixed places, one seal. */
#include "portconform/respond.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const char mark[] = "PCACCEPT";

enum {
    AT_VERSION = 8,
    AT_KIND = 9,
    AT_TRANSPORT = 10,
    AT_PORT = 12,
    AT_NONCE = 16,
    AT_NAME = AT_NONCE + ACCEPTANCE_NONCE,
    AT_SEAL = AT_NAME + ACCEPTANCE_NAME,
    SEAL = ACCEPTANCE_LENGTH - AT_SEAL,
    VERSION = 1,
    KIND_ASK = 1,
    KIND_ANSWER = 2,
};

static bool seal_of(const uint8_t *octets, const struct acceptance_key *key, uint8_t ret[SEAL])
{
    unsigned length = SEAL;
    return HMAC(EVP_sha256(), key->octets, ACCEPTANCE_KEY, octets, AT_SEAL, ret, &length) != NULL && length == SEAL;
}

static void write_message(const struct acceptance_message *message, uint8_t octets[AT_SEAL])
{
    memset(octets, 0, AT_SEAL);
    memcpy(octets, mark, sizeof(mark) - 1);
    octets[AT_VERSION] = VERSION;
    octets[AT_KIND] = message->answer ? KIND_ANSWER : KIND_ASK;
    octets[AT_TRANSPORT] = (uint8_t)message->transport;
    octets[AT_PORT] = (uint8_t)(message->port >> 8);
    octets[AT_PORT + 1] = (uint8_t)message->port;
    memcpy(octets + AT_NONCE, message->nonce, ACCEPTANCE_NONCE);
    memcpy(octets + AT_NAME, message->name, strnlen(message->name, ACCEPTANCE_NAME));
}

int acceptance_seal(const struct acceptance_message *message, const struct acceptance_key *key,
                    uint8_t ret[ACCEPTANCE_LENGTH])
{
    uint8_t octets[ACCEPTANCE_LENGTH];
    write_message(message, octets);
    if (!seal_of(octets, key, octets + AT_SEAL))
        return -ENOMEM;
    memcpy(ret, octets, ACCEPTANCE_LENGTH);
    return 0;
}

/* What would not be written just so is no message: there is one way to say a thing. */
static bool read_message(const uint8_t *octets, struct acceptance_message *ret)
{
    uint8_t again[AT_SEAL];
    *ret = (struct acceptance_message){
        .answer = octets[AT_KIND] == KIND_ANSWER,
        .transport = octets[AT_TRANSPORT] == TRANSPORT_UDP ? TRANSPORT_UDP : TRANSPORT_TCP,
        .port = (uint16_t)(octets[AT_PORT] << 8 | octets[AT_PORT + 1]),
    };
    memcpy(ret->nonce, octets + AT_NONCE, ACCEPTANCE_NONCE);
    memcpy(ret->name, octets + AT_NAME, ACCEPTANCE_NAME);
    write_message(ret, again);
    return memcmp(octets, again, AT_SEAL) == 0;
}

bool acceptance_open(const uint8_t *octets, size_t length, const struct acceptance_key *key,
                     struct acceptance_message *ret)
{
    uint8_t seal[SEAL];
    struct acceptance_message message;
    if (length != ACCEPTANCE_LENGTH || !read_message(octets, &message))
        return false;
    if (!seal_of(octets, key, seal) || CRYPTO_memcmp(seal, octets + AT_SEAL, SEAL) != 0)
        return false;
    *ret = message;
    return true;
}

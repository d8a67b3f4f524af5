/* Answers of hostile agents: an octet of choices, and then one PDU after the other, each behind its length (two
 * octets). The reading asks, the next PDU answers, until it is over; where they are used up, the agent has fallen
 * silent. */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include "answer.h"
#include "fuzz.h"

struct input {
    const uint8_t *at;
    size_t left;
};

static netsnmp_pdu *next_pdu(struct input *input)
{
    if (input->left < 2)
        return NULL;
    size_t length = (size_t)input->at[0] << 8 | input->at[1];
    input->at += 2;
    input->left -= 2;
    if (length > input->left)
        length = input->left;
    uint8_t *copy = malloc(length + 1); /* exactly as long, so that a read beyond it is seen */
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_RESPONSE);
    FUZZ_ASSERT(copy && pdu);
    if (length)
        memcpy(copy, input->at, length);
    input->at += length;
    input->left -= length;
    if (snmp_pdu_parse(pdu, copy, &length) != 0) {
        snmp_free_pdu(pdu);
        pdu = NULL;
    }
    free(copy);
    return pdu;
}

static void check_listeners(const struct listener_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct listener *listener = &table->items[i];
        FUZZ_ASSERT(listener->port > 0 && listener->owner.pid >= 0 && !address_is_mapped(&listener->address));
        FUZZ_ASSERT(listener->address.family == AF_INET || listener->address.family == AF_INET6);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mib_binding bindings[READING_ASK_MAX * 4];
    struct input input = {data, size};
    struct reading_options options = {.port = 161};
    struct reading reading;
    struct reading_ask ask;
    unsigned missed = 0;
    if (size == 0)
        return 0;
    options.bulk = input.at[0] & 1;
    options.owners = input.at[0] & 2;
    input.at++;
    input.left--;
    struct arena *arena = arena_new();
    struct listener_table *table = arena ? ARENA_NEW(arena, struct listener_table) : NULL;
    FUZZ_ASSERT(table);
    table->arena = arena;
    reading_begin(&reading, &options, arena);
    while (reading_next(&reading, &ask)) {
        FUZZ_ASSERT(ask.count > 0 && ask.count <= READING_ASK_MAX && ask.repetitions <= READING_ASK_MAX * 2);
        netsnmp_pdu *pdu = next_pdu(&input);
        if (!pdu) {
            reading_missed(&reading, "the agent fell silent", ++missed > 1);
            continue;
        }
        missed = 0;
        struct reading_answer answer = answer_of(pdu, bindings, sizeof(bindings) / sizeof(bindings[0]));
        FUZZ_ASSERT(reading_take(&reading, &answer) == 0);
        snmp_free_pdu(pdu);
    }
    FUZZ_ASSERT(reading_finish(&reading, table, "fuzz") == 0);
    check_listeners(table);
    reading_done(&reading);
    listener_table_free(table);
    return 0;
}

/* The memory of looks: a hash table with open addressing. Nothing is ever taken out of it one by one; forgetting builds
 * it anew. */
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64 };

struct look_memory *look_memory_new(void)
{
    return calloc(1, sizeof(struct look_memory));
}

void look_memory_free(struct look_memory *memory)
{
    if (!memory)
        return;
    if (memory->canary.engine)
        probe_engine_drop(memory->canary.engine, memory);
    free(memory->places);
    free(memory);
}

static size_t place_of(const struct look *look, size_t room)
{
    uint64_t hash = hash_octets(HASH_BEGIN, look->target.octets, sizeof(look->target.octets));
    hash = hash_octets(hash, &look->port, sizeof(look->port));
    hash = hash_octets(hash, &look->transport, sizeof(look->transport));
    return (size_t)(hash ^ hash >> 32) & (room - 1);
}

static bool same_target(const struct look *a, const struct look *b)
{
    return a->port == b->port && a->transport == b->transport && address_equal(&a->target, &b->target);
}

/* Its own place, or the empty one where it belongs. */
static struct look *search(struct look *places, size_t room, const struct look *wanted)
{
    size_t at = place_of(wanted, room);
    while (places[at].port != 0 && !same_target(&places[at], wanted))
        at = (at + 1) & (room - 1);
    return &places[at];
}

static struct look key_of(enum transport transport, const struct address *target, uint16_t port)
{
    struct look key = {.target = *target, .port = port, .transport = (uint8_t)transport};
    address_normalise(&key.target);
    return key;
}

/* Moves what was looked at since `mono_ms` to `room` places. */
static int rebuild(struct look_memory *memory, size_t room, int64_t mono_ms)
{
    struct look *places = calloc(room, sizeof(*places));
    if (!places)
        return -ENOMEM;
    size_t count = 0;
    for (size_t i = 0; i < memory->room; i++) {
        if (memory->places[i].port == 0 || memory->places[i].mono_ms < mono_ms)
            continue;
        *search(places, room, &memory->places[i]) = memory->places[i];
        count++;
    }
    free(memory->places);
    memory->places = places;
    memory->room = room;
    memory->count = count;
    return 0;
}

const struct look *look_find(const struct look_memory *memory, enum transport transport, const struct address *target,
                             uint16_t port)
{
    if (!memory || memory->room == 0)
        return NULL;
    const struct look key = key_of(transport, target, port);
    const struct look *found = search(memory->places, memory->room, &key);
    return found->port != 0 ? found : NULL;
}

struct look *look_note(struct look_memory *memory, enum transport transport, const struct address *target,
                       uint16_t port)
{
    const struct look key = key_of(transport, target, port);
    if ((memory->count + 1) * 3 > memory->room * 2 &&
        rebuild(memory, memory->room ? memory->room * 2 : ROOM_FIRST, INT64_MIN) < 0)
        return NULL;
    struct look *place = search(memory->places, memory->room, &key);
    if (place->port == 0) {
        *place = key;
        memory->count++;
    }
    return place;
}

void look_memory_forget(struct look_memory *memory, int64_t mono_ms)
{
    /* where there is no room to forget, it stays */
    if (memory->room > 0)
        (void)rebuild(memory, memory->room, mono_ms);
}

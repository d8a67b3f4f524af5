/* Growing arrays: room doubles, so that a push costs little on average. */
#include "portconform/vector.h"
#include <stdint.h>
#include <string.h>

enum { VECTOR_FIRST = 8 };

void *vector_grow(void *items, size_t *count, size_t *capacity, size_t size)
{
    /* copied in and out, because `items` points to a pointer of a type that we do not know */
    void *memory;
    memcpy(&memory, items, sizeof(memory));
    if (*count == *capacity) {
        const size_t room = *capacity ? *capacity * 2 : VECTOR_FIRST;
        size_t octets;
        if (room < *capacity || __builtin_mul_overflow(room, size, &octets) || octets > PTRDIFF_MAX)
            return NULL;
        void *larger = realloc(memory, octets);
        if (!larger)
            return NULL;
        memory = larger;
        memcpy(items, &memory, sizeof(memory));
        *capacity = room;
    }
    void *slot = (unsigned char *)memory + *count * size;
    memset(slot, 0, size);
    ++*count;
    return slot;
}

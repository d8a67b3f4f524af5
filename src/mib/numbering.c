/* Numbers for keys where there is no store: a table of hashes, open addressing. A key keeps its number as long as the
 * process runs, and no number is given to two keys. */
#include "portconform/hash.h"
#include "portconform/mib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_KEYS = 1 << 20, FIRST_SLOTS = 256 };

struct mib_numbering {
    char **keys;     /* owned: "space\nkey"; the slot's place is its hash's */
    uint32_t *given; /* parallel */
    size_t slots;    /* a power of two */
    uint32_t last;
};

struct mib_numbering *mib_numbering_new(void)
{
    return calloc(1, sizeof(struct mib_numbering));
}

void mib_numbering_free(struct mib_numbering *numbering)
{
    if (numbering == NULL)
        return;
    for (size_t i = 0; i < numbering->slots; i++)
        free(numbering->keys[i]);
    free(numbering->keys);
    free(numbering->given);
    free(numbering);
}

/* The slot of the key, or the free one where it belongs. There is always a free one. */
static size_t slot_of(char *const *keys, size_t slots, const char *key, size_t length)
{
    size_t slot = hash_octets(HASH_BEGIN, key, length) & (slots - 1);
    while (keys[slot] != NULL && strcmp(keys[slot], key) != 0)
        slot = (slot + 1) & (slots - 1);
    return slot;
}

static bool grow(struct mib_numbering *numbering)
{
    size_t slots = numbering->slots == 0 ? FIRST_SLOTS : numbering->slots * 2;
    char **keys = calloc(slots, sizeof(char *));
    uint32_t *given = calloc(slots, sizeof(*given));
    if (keys == NULL || given == NULL) {
        free(keys);
        free(given);
        return false;
    }
    for (size_t i = 0; i < numbering->slots; i++) {
        if (numbering->keys[i] == NULL)
            continue;
        size_t slot = slot_of(keys, slots, numbering->keys[i], strlen(numbering->keys[i]));
        keys[slot] = numbering->keys[i];
        given[slot] = numbering->given[i];
    }
    free(numbering->keys);
    free(numbering->given);
    numbering->keys = keys;
    numbering->given = given;
    numbering->slots = slots;
    return true;
}

uint32_t mib_numbering_number(void *context, const char *space, const char *key)
{
    struct mib_numbering *numbering = context;
    char *whole;
    if (numbering->last >= numbering->slots / 2 && !grow(numbering))
        return 0;
    if (asprintf(&whole, "%s\n%s", space, key) < 0)
        return 0;
    size_t slot = slot_of(numbering->keys, numbering->slots, whole, strlen(whole));
    if (numbering->keys[slot] != NULL || numbering->last == MOST_KEYS) {
        free(whole);
        return numbering->given[slot]; /* 0 of a free slot */
    }
    numbering->keys[slot] = whole;
    return numbering->given[slot] = ++numbering->last;
}

/* Pages for secrets. */
#include "portconform/secrets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BLOCK_OCTETS = 16 << 10 };

struct secrets_block {
    struct secrets_block *next;
    size_t used;
    char octets[];
};

struct secrets {
    struct secrets_block *blocks; /* the newest first */
};

struct secrets *secrets_new(void)
{
    return calloc(1, sizeof(struct secrets));
}

void secrets_free(struct secrets *secrets)
{
    while (secrets && secrets->blocks) {
        struct secrets_block *block = secrets->blocks;
        secrets->blocks = block->next;
        explicit_bzero(block, BLOCK_OCTETS);
        munmap(block, BLOCK_OCTETS);
    }
    free(secrets);
}

static struct secrets_block *add_block(struct secrets *secrets)
{
    void *pages = mmap(NULL, BLOCK_OCTETS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    (void)madvise(pages, BLOCK_OCTETS, MADV_DONTDUMP); /* where the kernel knows it */
    struct secrets_block *block = pages;
    block->next = secrets->blocks;
    secrets->blocks = block;
    return block;
}

const char *secrets_keep(struct secrets *secrets, const char *octets, size_t length)
{
    struct secrets_block *block = secrets->blocks;
    if (length > SECRET_MAX)
        return NULL;
    if (!block || BLOCK_OCTETS - sizeof(*block) - block->used <= length)
        block = add_block(secrets);
    if (!block)
        return NULL;
    char *kept = block->octets + block->used;
    memcpy(kept, octets, length);
    kept[length] = '\0';
    block->used += length + 1;
    return kept;
}

/* Arena: a chain of zeroed blocks that are handed out from front to back and freed together. */
#include "portconform/arena.h"
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_ALIGN = alignof(max_align_t),
    BLOCK_FIRST = 4096, /* octets of the first block; each further one is twice as large, up to BLOCK_LAST */
    BLOCK_LAST = 1 << 20,
};

struct block {
    struct block *next;
    size_t size; /* octets of `data` */
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

struct arena {
    struct block *blocks; /* the one that is being filled first */
    size_t next_size;
    size_t handed_out;
};

struct arena *arena_new(void)
{
    struct arena *arena = calloc(1, sizeof(*arena));
    if (arena)
        arena->next_size = BLOCK_FIRST;
    return arena;
}

struct arena *arena_new_sized(size_t octets)
{
    struct arena *arena = arena_new();
    if (!arena || octets > SIZE_MAX / 2)
        return arena;
    struct block *block = calloc(1, sizeof(*block) + octets);
    if (!block) {
        arena_free(arena);
        return NULL;
    }
    block->size = octets;
    arena->blocks = block;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    struct block *next;
    for (struct block *block = arena->blocks; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

static struct block *arena_add_block(struct arena *arena, size_t size)
{
    const bool large = size > arena->next_size / 4; /* a block of its own, so that the current one is not given up */
    const size_t data = large ? size : arena->next_size;
    struct block *block = calloc(1, sizeof(*block) + data);
    if (!block)
        return NULL;
    block->size = data;
    if (large && arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
        return block;
    }
    block->next = arena->blocks;
    arena->blocks = block;
    if (!large && arena->next_size < BLOCK_LAST)
        arena->next_size *= 2;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    const size_t rounded = size ? (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN : ARENA_ALIGN;
    struct block *block = arena->blocks;
    if (!block || block->size - block->used < rounded) {
        block = arena_add_block(arena, rounded);
        if (!block)
            return NULL;
    }
    void *memory = block->data + block->used;
    block->used += rounded;
    arena->handed_out += size;
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    if (length == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, length + 1);
    if (copy && length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    char *text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

size_t arena_used(const struct arena *arena)
{
    return arena->handed_out;
}

/* Allocation that fails on demand: fail_at(n) makes the n-th call from now fail, once; fail_at(0) none. Linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static size_t fail_at_countdown;
static bool fail_at_happened;

static inline void fail_at(size_t n)
{
    fail_at_countdown = n;
    fail_at_happened = false;
}

static bool fail_at_now(void)
{
    if (fail_at_countdown == 0 || --fail_at_countdown > 0)
        return false;
    fail_at_happened = true;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fail_at_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fail_at_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fail_at_now() ? NULL : __real_realloc(memory, size);
}

/* A load that runs out of memory at its n-th allocation, for every n: it ends with -ENOMEM and says so, or, where only
 * a message was lost, as it would have ended. libconfig's own allocations are left alone: it does not survive a failed
 * one, which is why so little is handed to it (src/config/syntax.h). */
#include "portconform/arena.h"
#include "portconform/load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static long allowed = -1; /* allocations until one fails; negative: all succeed */

static bool fails(void)
{
    return allowed >= 0 && allowed-- == 0;
}

/* The linker puts these in the place of the functions of arena.h and vector.h (--wrap). */
struct arena *__real_arena_new(void);
struct arena *__wrap_arena_new(void);
void *__real_arena_alloc(struct arena *arena, size_t size);
void *__wrap_arena_alloc(struct arena *arena, size_t size);
void *__real_arena_array(struct arena *arena, size_t count, size_t size);
void *__wrap_arena_array(struct arena *arena, size_t count, size_t size);
char *__real_arena_strdup(struct arena *arena, const char *text);
char *__wrap_arena_strdup(struct arena *arena, const char *text);
char *__real_arena_strndup(struct arena *arena, const char *text, size_t length);
char *__wrap_arena_strndup(struct arena *arena, const char *text, size_t length);
char *__real_arena_vprintf(struct arena *arena, const char *format, va_list args);
char *__wrap_arena_vprintf(struct arena *arena, const char *format, va_list args);
void *__real_vector_grow(void **items, size_t *count, size_t *capacity, size_t size);
void *__wrap_vector_grow(void **items, size_t *count, size_t *capacity, size_t size);

struct arena *__wrap_arena_new(void)
{
    return fails() ? NULL : __real_arena_new();
}

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
    return fails() ? NULL : __real_arena_alloc(arena, size);
}

void *__wrap_arena_array(struct arena *arena, size_t count, size_t size)
{
    return fails() ? NULL : __real_arena_array(arena, count, size);
}

char *__wrap_arena_strdup(struct arena *arena, const char *text)
{
    return fails() ? NULL : __real_arena_strdup(arena, text);
}

char *__wrap_arena_strndup(struct arena *arena, const char *text, size_t length)
{
    return fails() ? NULL : __real_arena_strndup(arena, text, length);
}

char *__wrap_arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    return fails() ? NULL : __real_arena_vprintf(arena, format, args);
}

void *__wrap_vector_grow(void **items, size_t *count, size_t *capacity, size_t size)
{
    return fails() ? NULL : __real_vector_grow(items, count, capacity, size);
}

/* Returns whether an allocation failed on the way; a wrong answer is printed and counted. */
static bool load_with(const char *path, long n, bool must_fail, unsigned *wrong)
{
    struct diag_list diags;
    struct config *config = NULL;
    struct load_options options = {.path = path, .wall_ms = INT64_C(1795132800000)};
    if (diag_list_init(&diags) < 0)
        return false;
    allowed = n;
    int result = config_load(&options, &config, &diags);
    bool failed = allowed < 0;
    allowed = -1;
    bool told = result == 0 || diags.errors > 0;
    bool right = told && (result == 0) == (config != NULL);
    /* a sound configuration with a piece lost must not pass for the whole */
    if (!must_fail && failed)
        right = right && result == -ENOMEM;
    if (!right) {
        printf("not ok %s, allocation %ld: result %d, %zu errors told\n", path, n, result, diags.errors);
        (*wrong)++;
    }
    config_free(config);
    diag_list_done(&diags);
    return failed;
}

int main(int argc, char **argv)
{
    unsigned wrong = 0;
    bool must_fail = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') { /* those after it have mistakes */
            must_fail = true;
            continue;
        }
        long n = 0;
        while (load_with(argv[i], n, must_fail, &wrong))
            n++;
        printf("%s: %ld allocations\n", argv[i], n);
        wrong += n == 0;
    }
    return wrong > 0 || argc < 2;
}

/* Arena: memory that is given back all at once. A configuration, a plan, a block of findings lives in one each. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
struct arena *arena_new_sized(size_t octets); /* all that it will hold, in one piece; more can be had as usual */
void arena_free(struct arena *arena);         /* takes NULL */

/* Zeroed and aligned for anything; NULL when out of memory. `size` 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);
/* NULL too when count * size overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);
char *arena_strdup(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
size_t arena_used(const struct arena *arena); /* octets handed out, for the figures of status */

#define ARENA_NEW(arena, type)          ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_array((arena), (count), sizeof(type)))

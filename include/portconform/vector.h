/* A growing array for a struct that holds `items`, `count` and `capacity` (size_t) by these names.
 *
 *     struct numbers { int *items; size_t count, capacity; };
 *     int *slot = VECTOR_PUSH(&numbers);   // NULL when out of memory; the vector is as it was
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>

/* Makes room for one more element of `size` octets; the new one is zeroed. Returns it, or NULL. `items` is the address
 * of the vector's pointer, whatever it points to. */
void *vector_grow(void *items, size_t *count, size_t *capacity, size_t size);

#define VECTOR_PUSH(v)                                                                                                 \
    ((__typeof__((v)->items))vector_grow(&(v)->items, &(v)->count, &(v)->capacity, sizeof(*(v)->items)))
#define VECTOR_DONE(v) (free((v)->items), (v)->items = NULL, (v)->count = (v)->capacity = 0)

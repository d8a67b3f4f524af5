/* A place in what is sorted.
 *
 *     size_t at = SORTED_PLACE(i, names->count, strcmp(names->items[i], name) < 0);
 *     bool found = at < names->count && strcmp(names->items[at], name) == 0;
 */
#pragma once

#include <stddef.h>

/* The first of 0 .. `count` - 1 for which `before`, an expression in `i`, is false; `count` where it is true for all.
 * What it is true for has to stand before what it is false for. */
#define SORTED_PLACE(i, count, before)                                                                                 \
    __extension__({                                                                                                    \
        size_t place_ = 0, end_ = (count);                                                                             \
        while (place_ < end_) {                                                                                        \
            const size_t i = place_ + (end_ - place_) / 2;                                                             \
            if (before)                                                                                                \
                place_ = i + 1;                                                                                        \
            else                                                                                                       \
                end_ = i;                                                                                              \
        }                                                                                                              \
        place_;                                                                                                        \
    })

/* What owners_find() asks the owner cache, and tells it. */
#pragma once

#include "sockdiag.h"

#include "portconform/arena.h"

/* Fills in the row's owner: 1; 0: it is not known; -ENOMEM. */
int owner_cache_take(struct owner_cache *cache, struct sockdiag_row *row, struct arena *arena, int64_t now_ms);
/* Keeps what was found, and that nothing was. 0, or -ENOMEM: then some of it. */
int owner_cache_put(struct owner_cache *cache, const struct sockdiag_rows *rows, int64_t now_ms);

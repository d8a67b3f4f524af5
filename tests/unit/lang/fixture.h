/* What the tests of the languages parse into. */
#pragma once

#include "portconform/arena.h"
#include "portconform/diag.h"

#include <stdlib.h>

struct fixture {
    struct arena *arena;
    struct diag_list diags;
};

static inline int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    *state = fixture;
    if (!fixture || diag_list_init(&fixture->diags) < 0)
        return -1;
    fixture->arena = arena_new();
    return fixture->arena ? 0 : -1;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->arena);
    diag_list_done(&fixture->diags);
    free(fixture);
    return 0;
}

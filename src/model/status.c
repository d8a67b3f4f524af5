/* The state of the daemon: its words and its life. */
#include "portconform/status.h"

const char *sink_state_name(enum sink_state state)
{
    switch (state) {
    case SINK_UNKNOWN:
        return "unknown";
    case SINK_UP:
        return "up";
    case SINK_DOWN:
        return "down";
    }
    return "unknown";
}

const char *store_state_name(enum store_state state)
{
    switch (state) {
    case STORE_NONE:
        return "none";
    case STORE_GOOD:
        return "good";
    case STORE_FULL:
        return "full";
    case STORE_READ_ONLY:
        return "read-only";
    case STORE_FAILED:
        return "failed";
    }
    return "failed";
}

struct status *status_new(void)
{
    struct arena *arena = arena_new();
    if (arena == NULL)
        return NULL;
    struct status *status = ARENA_NEW(arena, struct status);
    if (status == NULL) {
        arena_free(arena);
        return NULL;
    }
    status->arena = arena;
    status->references = 1;
    return status;
}

struct status *status_ref(struct status *status)
{
    __atomic_add_fetch(&status->references, 1, __ATOMIC_RELAXED);
    return status;
}

void status_unref(struct status *status)
{
    if (status != NULL && __atomic_sub_fetch(&status->references, 1, __ATOMIC_ACQ_REL) == 0)
        arena_free(status->arena);
}

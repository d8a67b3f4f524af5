/* Events and findings as the store holds them: whatever is read is written the same way again. */
#include "fuzz.h"

#include "pack.h"

#include "portconform/arena.h"

static void try_event(const char *text, size_t length)
{
    struct event *event, *again;
    char *packed;
    if (unpack_event(text, length, &event) < 0)
        return;
    if (pack_event(event, &packed) == 0) {
        FUZZ_ASSERT(unpack_event(packed, strlen(packed), &again) == 0);
        FUZZ_ASSERT(again->kind == event->kind && again->count == event->count);
        FUZZ_ASSERT((again->finding == NULL) == (event->finding == NULL));
        if (event->finding != NULL)
            FUZZ_ASSERT(!pack_findings_differ(event->finding, again->finding, true));
        event_unref(again);
        free(packed);
    }
    event_unref(event);
}

static void try_finding(const char *text, size_t length)
{
    struct arena *arena = arena_new();
    struct finding finding;
    if (arena != NULL && unpack_finding(text, length, &finding, arena) == 0)
        FUZZ_ASSERT(finding.key != NULL);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_event((const char *)data, size);
    try_finding((const char *)data, size);
    return 0;
}

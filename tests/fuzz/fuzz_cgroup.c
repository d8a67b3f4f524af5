/* The text of /proc/PID/cgroup, of which a process in a container may choose a part. */
#include "fuzz.h"
#include "owners.h"
#include "portconform/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    struct arena *arena = arena_new();
    int status = 0;
    FUZZ_ASSERT(arena);
    const char *unit = cgroup_unit_of_process(text, arena, &status);
    FUZZ_ASSERT(!unit || strlen(unit) <= size);
    unit = cgroup_unit(text, arena, &status);
    FUZZ_ASSERT(!unit || (unit[0] != '\0' && strlen(unit) <= size));
    arena_free(arena);
    free(text);
    return 0;
}

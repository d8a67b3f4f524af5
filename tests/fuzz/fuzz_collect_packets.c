/* What comes back from the collector, read by a program that does not believe it. */
#include "fuzz.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_head head;
    struct wire_rows rows = {.items = NULL};
    struct arena *arena = arena_new();
    struct listener_table *table = arena ? ARENA_NEW(arena, struct listener_table) : NULL;
    FUZZ_ASSERT(table);
    table->arena = arena;
    if (wire_get_head(data, size, &head) == 0)
        FUZZ_ASSERT(head.kind == WIRE_ROWS || head.kind == WIRE_END);
    (void)wire_get_rows(data, size, arena, &rows);
    for (size_t i = 0; i < rows.count; i++)
        FUZZ_ASSERT(rows.items[i].port > 0 && rows.items[i].owner.pid >= 0 &&
                    !address_is_mapped(&rows.items[i].address));
    if (wire_get_end(data, size, table) == 0)
        FUZZ_ASSERT(table->status == LISTENERS_SEEN ? table->error == 0 : table->error < 0);
    free(rows.items);
    listener_table_free(table);
    return 0;
}

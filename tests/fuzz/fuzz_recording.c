/* Recordings: what was read can be written, and reads again as the same. */
#include "fuzz.h"
#include "portconform/diag.h"
#include "portconform/listeners.h"
#include "portconform/text.h"

static void check_table(const struct listener_table *table, struct moment now)
{
    struct text first = {0};
    struct text second = {0};
    struct listener_table *again = NULL;
    recording_format(&first, table);
    FUZZ_ASSERT(recording_parse(text_string(&first), "again", now, &again, NULL) == 0);
    FUZZ_ASSERT(again->count == table->count);
    recording_format(&second, again);
    FUZZ_ASSERT(first.length == second.length);
    listener_table_free(again);
    text_done(&first);
    text_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct moment now = {.mono_ms = 1000000, .wall_ms = 1763597564000};
    char *text = fuzz_string(data, size);
    struct listener_table *table = NULL;
    struct diag_list diags;
    FUZZ_ASSERT(diag_list_init(&diags) == 0);
    const int status = recording_parse(text, "fuzz", now, &table, &diags);
    FUZZ_ASSERT((status == 0) == (diags.errors == 0));
    if (status == 0)
        check_table(table, now);
    listener_table_free(table);
    diag_list_done(&diags);
    free(text);
    return 0;
}

/* The port language: what resolves is a range of ports, and what fails says why. */
#include "fuzz.h"
#include "portconform/ports.h"
#include "values.h"

static void check_item(const struct port_item *item)
{
    struct port_range range;
    char why[DIAGNOSIS_TEXT] = "";
    char text[PORT_RANGE_TEXT];
    const char *unset = NULL;
    FUZZ_ASSERT(item->text[0] != '\0' && !strpbrk(item->text, " \t\r\n"));
    if (item->kind != PORT_ITEM_NUMBERS)
        return;
    if (port_item_resolve(item, &fuzz_values, &range, &unset, why) < 0) {
        FUZZ_ASSERT(why[0] != '\0' && strlen(why) < sizeof(why));
        return;
    }
    FUZZ_ASSERT(range.low >= 1 && range.low <= range.high && range.step >= 1);
    FUZZ_ASSERT((range.high - range.low) % range.step == 0);
    FUZZ_ASSERT(port_range_contains(&range, range.low) && port_range_contains(&range, range.high));
    FUZZ_ASSERT(port_range_count(&range) <= 65535);
    FUZZ_ASSERT(strlen(port_range_format(&range, text, sizeof(text))) < sizeof(text) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    struct arena *arena = arena_new();
    struct diag_list diags;
    struct port_items items = {0};
    const struct origin origin = {.file = "fuzz", .line = 1, .column = 1};
    FUZZ_ASSERT(arena && diag_list_init(&diags) == 0);
    const int status = ports_parse(text, origin, arena, &items, &diags);
    FUZZ_ASSERT((status == 0) == (diags.errors == 0));
    FUZZ_ASSERT((status == 0) == (items.count > 0));
    for (size_t i = 0; i < items.count; i++)
        check_item(&items.items[i]);
    diag_list_done(&diags);
    arena_free(arena);
    free(text);
    return 0;
}

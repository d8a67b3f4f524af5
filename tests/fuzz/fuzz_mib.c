/* Requests for objects: any name of any length, one after the other, over a view with all tables. What GETNEXT finds is
 * behind the name, and GET finds it too. */
#include "fuzz.h"
#include "portconform/mib.h"

enum { NAME_MAX_LENGTH = 128 };

static struct mib_view *fuzz_view(void)
{
    static struct mib_view *view;
    static struct mib_numbering *numbering;
    struct finding_block *blocks[3] = {finding_block_new(NULL), finding_block_new("mgr01"), finding_block_new("mgr02")};
    struct mib_source source = {.recorded = true};
    if (view != NULL) {
        for (size_t i = 0; i < 3; i++)
            finding_block_unref(blocks[i]);
        return view;
    }
    numbering = mib_numbering_new();
    FUZZ_ASSERT(numbering != NULL);
    const struct mib_numbers numbers = {mib_numbering_number, numbering};
    for (size_t b = 1; b < 3; b++) {
        for (unsigned i = 0; i < 5; i++) {
            struct finding *finding = finding_block_add(blocks[b]);
            FUZZ_ASSERT(finding != NULL);
            finding->key = arena_printf(blocks[b]->arena, "%s|%u", blocks[b]->host, i);
            finding->host = blocks[b]->host;
            finding->severity = i % 2 == 0 ? SEVERITY_CRITICAL : SEVERITY_OK;
        }
    }
    const struct snapshot head = {.site = "s", .vantage = "-", .acts_as = "", .config_hash = ""};
    source.snapshot = snapshot_new(&head, blocks, 3);
    FUZZ_ASSERT(source.snapshot != NULL && mib_view_new(&source, NULL, &numbers, &view) == 0);
    snapshot_unref(source.snapshot);
    return view;
}

static int compare(const unsigned long *a, size_t a_length, const unsigned long *b, size_t b_length)
{
    for (size_t i = 0; i < a_length && i < b_length; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return (a_length > b_length) - (a_length < b_length);
}

/* An octet is a number; from 250 on it stands for the large ones. */
static unsigned long number_of(uint8_t octet)
{
    static const unsigned long large[] = {
        4294967294, 4294967295, 4294967296, 4294967297, 9223372036854775808UL, 18446744073709551615UL};
    return octet < 250 ? octet : large[octet - 250];
}

static void ask(const struct mib_view *view, const unsigned long *name, size_t length)
{
    struct mib_instance next;
    struct mib_value value;
    const struct moment now = {.mono_ms = 1, .wall_ms = 1};
    (void)mib_get(view, now, name, length, &value);
    if (!mib_next(view, now, name, length, &next))
        return;
    FUZZ_ASSERT(next.length <= MIB_OID_MAX && compare(name, length, next.oid, next.length) < 0);
    FUZZ_ASSERT(mib_get(view, now, next.oid, next.length, &value) == MIB_FOUND);
    FUZZ_ASSERT(value.type == next.value.type && (value.type == MIB_OCTETS || value.number == next.value.number));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct mib_view *view = fuzz_view();
    for (size_t at = 0; at < size;) { /* names: their length, their numbers */
        unsigned long name[NAME_MAX_LENGTH];
        size_t length = data[at++] % NAME_MAX_LENGTH;
        for (size_t i = 0; i < length; i++)
            name[i] = at < size ? number_of(data[at++]) : 0;
        ask(view, name, length);
    }
    return 0;
}

/* Rows of what a host has: made once for a block of findings or a listing, which do not change, and kept with it. */
#include "internal.h"

#include "portconform/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int row_order(const void *a, const void *b)
{
    const struct mib_row *one = a, *other = b;
    return (one->index > other->index) - (one->index < other->index);
}

size_t mib_rows_sort(struct mib_row *rows, size_t count)
{
    size_t kept = 0;
    bool sorted = true;
    for (size_t i = 1; sorted && i < count; i++)
        sorted = rows[i - 1].index < rows[i].index;
    if (sorted)
        return count;
    qsort(rows, count, sizeof(*rows), row_order);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || rows[kept - 1].index != rows[i].index)
            rows[kept++] = rows[i];
    }
    return kept;
}

/* --- findings ----------------------------------------------------------------------------------------------------- */

static bool is_problem(const struct finding *finding)
{
    return finding->severity != SEVERITY_OK && !finding->waived && !finding->held && !finding->dynamic;
}

/* The oldest finding of the worst severity says since when. */
static void take_since(struct mib_host *facts, const struct finding_block *block)
{
    if (facts->tally.worst == SEVERITY_OK)
        return;
    for (size_t i = 0; i < block->count; i++) {
        const struct finding *finding = &block->items[i];
        if (!is_problem(finding) || finding->severity != facts->tally.worst || finding->since_ms == 0)
            continue;
        if (facts->since_ms == 0 || finding->since_ms < facts->since_ms)
            facts->since_ms = finding->since_ms;
    }
}

static void take_facts(struct mib_host *facts, const struct finding_block *block)
{
    facts->name = block->host == NULL ? "-" : block->host;
    for (size_t i = 0; i < block->count; i++) {
        const struct finding *finding = &block->items[i];
        tally_add(&facts->tally, finding);
        if (finding->verdict == VERDICT_UNREACHABLE)
            facts->unreachable = true;
        if (facts->address.family == AF_UNSPEC)
            facts->address = finding->address;
        if (facts->looked_ms < finding->observed_ms)
            facts->looked_ms = finding->observed_ms;
    }
    take_since(facts, block);
}

static int number_findings(struct mib_block *made, const struct mib_numbers *numbers)
{
    const struct finding_block *block = made->block;
    made->rows = calloc(block->count + 1, sizeof(*made->rows));
    made->problems = calloc(block->count + 1, sizeof(*made->problems));
    if (made->rows == NULL || made->problems == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < block->count; i++) {
        uint32_t index = numbers->number(numbers->context, "finding", block->items[i].key);
        if (index != 0)
            made->rows[made->count++] = (struct mib_row){index, &block->items[i]};
    }
    made->count = mib_rows_sort(made->rows, made->count);
    for (size_t i = 0; i < made->count; i++) {
        const struct finding *finding = made->rows[i].item;
        if (finding != NULL && is_problem(finding))
            made->problems[made->problem_count++] = made->rows[i];
    }
    return 0;
}

int mib_block_new(struct finding_block *block, uint32_t host, const struct mib_numbers *numbers, struct mib_block **ret)
{
    struct mib_block *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return -ENOMEM;
    made->references = 1;
    made->block = finding_block_ref(block);
    made->host = host;
    take_facts(&made->facts, block);
    int result = number_findings(made, numbers);
    if (result < 0) {
        mib_block_unref(made);
        return result;
    }
    *ret = made;
    return 0;
}

void mib_block_unref(struct mib_block *block)
{
    if (block == NULL || --block->references > 0)
        return;
    finding_block_unref(block->block);
    free(block->rows);
    free(block->problems);
    free(block);
}

/* --- listeners ---------------------------------------------------------------------------------------------------- */

static uint32_t number_listener(const struct listing *listing, const struct listener *listener,
                                const struct mib_numbers *numbers, struct text *key)
{
    char address[ADDRESS_TEXT];
    text_clear(key);
    text_printf(key, "%s|%s|%s|%u|%s", listing->host, transport_name(listener->transport),
                address_format(&listener->address, address, sizeof(address)), listener->port, listener->device);
    return key->failed ? 0 : numbers->number(numbers->context, "listener", text_string(key));
}

int mib_listing_new(struct listing *listing, uint32_t host, const struct mib_numbers *numbers, struct mib_listing **ret)
{
    const struct listener_table *table = listing->table;
    struct text key = {0};
    struct mib_listing *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return -ENOMEM;
    made->rows = calloc(table->count + 1, sizeof(*made->rows));
    if (made->rows == NULL) {
        free(made);
        return -ENOMEM;
    }
    made->references = 1;
    made->listing = listing_ref(listing);
    made->host = host;
    for (size_t i = 0; i < table->count; i++) {
        uint32_t index = number_listener(listing, &table->items[i], numbers, &key);
        if (index != 0)
            made->rows[made->count++] = (struct mib_row){index, &table->items[i]};
    }
    made->count = mib_rows_sort(made->rows, made->count);
    text_done(&key);
    *ret = made;
    return 0;
}

void mib_listing_unref(struct mib_listing *listing)
{
    if (listing == NULL || --listing->references > 0)
        return;
    listing_unref(listing->listing);
    free(listing->rows);
    free(listing);
}

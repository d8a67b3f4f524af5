/* Views: what is published, as rows by their indexes. */
#include "internal.h"

#include "portconform/sorted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct finding no_finding;

/* --- what hosts have ---------------------------------------------------------------------------------------------- */

static struct mib_block *last_block(const struct mib_view *last, uint32_t host, const struct finding_block *block)
{
    size_t count = last == NULL ? 0 : last->block_count;
    size_t at = SORTED_PLACE(i, count, last->blocks[i]->host < host);
    bool same = at < count && last->blocks[at]->host == host && last->blocks[at]->block == block;
    return same ? last->blocks[at] : NULL;
}

static struct mib_listing *last_listing(const struct mib_view *last, const struct listing *listing)
{
    for (size_t i = 0; last != NULL && i < last->listing_count; i++) {
        if (last->listings[i]->listing == listing)
            return last->listings[i];
    }
    return NULL;
}

static uint32_t host_number(const struct mib_numbers *numbers, const char *host)
{
    return numbers->number(numbers->context, "host", host == NULL ? "-" : host);
}

static int by_block_host(const void *a, const void *b)
{
    const struct mib_block *one = *(struct mib_block *const *)a, *other = *(struct mib_block *const *)b;
    return (one->host > other->host) - (one->host < other->host);
}

static int by_listing_host(const void *a, const void *b)
{
    const struct mib_listing *one = *(struct mib_listing *const *)a, *other = *(struct mib_listing *const *)b;
    return (one->host > other->host) - (one->host < other->host);
}

/* A host without number is not served; of two with the same, which nobody should give, the first is. */
static int take_block(struct mib_view *view, struct finding_block *block, const struct mib_view *last,
                      const struct mib_numbers *numbers)
{
    uint32_t host = host_number(numbers, block->host);
    if (host == 0)
        return 0;
    struct mib_block *made = last_block(last, host, block);
    int result = 0;
    if (made != NULL)
        made->references++;
    else
        result = mib_block_new(block, host, numbers, &made);
    if (result == 0)
        view->blocks[view->block_count++] = made;
    return result;
}

static int take_blocks(struct mib_view *view, const struct mib_view *last, const struct mib_numbers *numbers)
{
    size_t count = view->snapshot == NULL ? 0 : view->snapshot->block_count;
    view->blocks = calloc(count + 1, sizeof(struct mib_block *));
    view->hosts = calloc(count + 1, sizeof(*view->hosts));
    if (view->blocks == NULL || view->hosts == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int result = take_block(view, view->snapshot->blocks[i], last, numbers);
        if (result < 0)
            return result;
    }
    qsort(view->blocks, view->block_count, sizeof(struct mib_block *), by_block_host);
    size_t kept = 0;
    for (size_t i = 0; i < view->block_count; i++) {
        if (kept > 0 && view->blocks[kept - 1]->host == view->blocks[i]->host)
            mib_block_unref(view->blocks[i]);
        else
            view->blocks[kept++] = view->blocks[i];
    }
    view->block_count = kept;
    return 0;
}

static int take_listing(struct mib_view *view, struct listing *listing, const struct mib_view *last,
                        const struct mib_numbers *numbers)
{
    struct mib_listing *made = last_listing(last, listing);
    int result = 0;
    if (made != NULL) {
        made->references++;
    } else {
        uint32_t host = host_number(numbers, listing->host);
        if (host == 0)
            return 0;
        result = mib_listing_new(listing, host, numbers, &made);
    }
    if (result == 0)
        view->listings[view->listing_count++] = made;
    return result;
}

static int take_listings(struct mib_view *view, const struct mib_source *source, const struct mib_view *last,
                         const struct mib_numbers *numbers)
{
    view->listings = calloc(source->listing_count + 1, sizeof(struct mib_listing *));
    if (view->listings == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < source->listing_count; i++) {
        int result = take_listing(view, source->listings[i], last, numbers);
        if (result < 0)
            return result;
    }
    qsort(view->listings, view->listing_count, sizeof(struct mib_listing *), by_listing_host);
    return 0;
}

/* --- hosts -------------------------------------------------------------------------------------------------------- */

/* What a host's row says beyond its findings; both lists are by number of the host. */
static void fill_hosts(struct mib_view *view)
{
    size_t l = 0;
    for (size_t i = 0; i < view->block_count; i++) {
        const struct mib_block *block = view->blocks[i];
        struct mib_host *host = &view->hosts[i];
        *host = block->facts;
        int64_t looked_ms = finding_looked_ms(block->block, &no_finding);
        if (looked_ms > host->looked_ms)
            host->looked_ms = looked_ms;
        while (l < view->listing_count && view->listings[l]->host < block->host)
            l++;
        if (l == view->listing_count || view->listings[l]->host != block->host)
            continue;
        const struct listener_table *table = view->listings[l]->listing->table;
        host->listener_status = table->status;
        host->listener_source = table->source;
        host->listener_note = table->note;
        host->listener_count = view->listings[l]->count;
        host->listeners_ms = table->taken.wall_ms;
    }
}

const struct mib_host *mib_view_host(const struct mib_view *view, const char *name, uint32_t *ret_index)
{
    for (size_t i = 0; i < view->block_count; i++) {
        if (strcmp(view->hosts[i].name, name) == 0) {
            *ret_index = view->blocks[i]->host;
            return &view->hosts[i];
        }
    }
    return NULL;
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

static void tally_sum(struct tally *sum, const struct tally *one)
{
    sum->expectations += one->expectations;
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        sum->verdicts[i] += one->verdicts[i];
    sum->waived += one->waived;
    sum->held += one->held;
    sum->unexpected += one->unexpected;
    sum->dynamic += one->dynamic;
    sum->nonconforming += one->nonconforming;
    sum->unknown += one->unknown;
    if (one->worst > sum->worst)
        sum->worst = one->worst;
}

static void fill_from_snapshot(struct mib_view *view, const struct mib_source *source)
{
    struct mib_general *general = &view->general;
    const struct snapshot *snapshot = view->snapshot;
    general->severity = SEVERITY_UNKNOWN;
    if (snapshot == NULL)
        return;
    for (size_t i = 0; i < view->block_count; i++)
        tally_sum(&general->tally, &view->blocks[i]->facts.tally);
    general->site = snapshot->site;
    general->vantage = snapshot->vantage;
    general->acts_as = snapshot->acts_as;
    general->config_hash = snapshot->config_hash;
    general->finished_ms = snapshot->finished.wall_ms;
    general->finished_mono_ms = snapshot->finished.mono_ms;
    general->took_ms = snapshot->took_ms;
    general->recorded = source->recorded;
    general->severity = general->tally.worst;
    general->hosts = snapshot->host_count;
}

static void fill_from_status(struct mib_general *general, const struct status *status)
{
    if (status == NULL)
        return;
    general->boot = status->store.boot;
    general->config = status->config;
    general->config_error = status->config_rejected ? status->config_error : NULL;
    general->config_state = status->config_rejected ? MIB_CONFIG_REJECTED : MIB_CONFIG_IN_FORCE;
    if (status->config_hash != NULL)
        general->config_hash = status->config_hash;
    general->started_ms = status->started_ms;
    general->config_loaded_ms = status->config_loaded_ms;
    general->config_rejected_ms = status->config_rejected_ms;
    general->config_generation = status->config_generation;
    general->visits = status->visits;
    general->late = status->late;
    general->probes = status->probes;
    general->storms = status->storms;
    general->store_state = status->store.state;
    general->store_error = status->store.error;
    general->owners_known = status->owners_known;
    general->flows = status->flows;
    general->visits_waiting = status->visits_waiting;
    general->probes_in_flight = status->probes_in_flight;
    general->interval_s = status->interval_s;
    if (status->round_ms > 0) /* a daemon looks at each host by itself: the whole has no beginning */
        general->took_ms = status->round_ms;
}

static void fill_general(struct mib_view *view, const struct mib_source *source)
{
    struct mib_general *general = &view->general;
    general->version = PC_VERSION;
    fill_from_snapshot(view, source);
    fill_from_status(general, view->status);
    general->notifications = source->notifications;
    if (view->event_count > 0) {
        general->event_oldest = view->events[0]->id;
        general->event_newest = view->events[view->event_count - 1]->id;
    }
    for (unsigned i = 0; i < VERDICT_COUNT; i++) {
        const struct verdict_row *row = verdict_row((enum verdict)i);
        view->verdicts[i] =
            (struct mib_verdict){row->name, general->tally.verdicts[i], row->severity, row->blame, row->class};
    }
}

/* --- events ------------------------------------------------------------------------------------------------------- */

struct mib_event mib_event_item(const struct mib_view *view, const struct event *event)
{
    struct mib_event item = {.event = event, .finding = event->finding == NULL ? &no_finding : event->finding};
    uint32_t index;
    item.affected = item.finding->address;
    if (item.affected.family != AF_UNSPEC || item.finding->host == NULL)
        return item;
    const struct mib_host *host = mib_view_host(view, item.finding->host, &index);
    if (host != NULL)
        item.affected = host->address;
    return item;
}

static int take_events(struct mib_view *view, const struct mib_source *source)
{
    view->events = calloc(source->event_count + 1, sizeof(struct event *));
    view->event_items = calloc(source->event_count + 1, sizeof(*view->event_items));
    if (view->events == NULL || view->event_items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < source->event_count; i++) {
        view->events[view->event_count++] = event_ref(source->events[i]);
        view->event_items[i] = mib_event_item(view, source->events[i]);
    }
    return 0;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

/* Where the next rows and groups of a view are put. */
struct room {
    struct mib_row *rows;
    struct mib_group *groups;
};

static void add_group(struct room *room, struct mib_rows *table, struct mib_group group)
{
    if (group.count == 0)
        return;
    if (table->count == 0)
        table->groups = room->groups;
    *room->groups++ = group;
    table->count++;
}

/* The rows that stand in `room` from `from` on are all of a table that is not by host. */
static void end_table(struct room *room, struct mib_rows *table, struct mib_row *from)
{
    size_t count = mib_rows_sort(from, (size_t)(room->rows - from));
    add_group(room, table, (struct mib_group){.rows = from, .count = count});
}

/* The site as a whole stands among the hosts where something is to be said about it: it is never looked at, and would
 * seem forgotten. */
static bool is_a_host(const struct mib_block *block)
{
    return block->block->host != NULL || block->block->count > 0;
}

static void lay_short_tables(struct mib_view *view, struct room *room, const struct mib_numbers *numbers)
{
    struct mib_row *from = room->rows;
    for (unsigned i = VERDICT_NONE + 1; i < VERDICT_COUNT; i++)
        *room->rows++ = (struct mib_row){i, &view->verdicts[i]};
    end_table(room, &view->tables[TABLE_VERDICT], from);
    from = room->rows;
    for (size_t i = 0; i < view->block_count; i++) {
        if (is_a_host(view->blocks[i]))
            *room->rows++ = (struct mib_row){view->blocks[i]->host, &view->hosts[i]};
    }
    end_table(room, &view->tables[TABLE_HOST], from);
    from = room->rows;
    for (size_t i = 0; view->status != NULL && i < view->status->syslog_count; i++) {
        uint32_t index = numbers->number(numbers->context, "target", view->status->syslog[i].name);
        if (index != 0)
            *room->rows++ = (struct mib_row){index, &view->status->syslog[i]};
    }
    end_table(room, &view->tables[TABLE_TARGET], from);
    from = room->rows;
    for (size_t i = 0; i < view->event_count; i++) {
        if ((uint32_t)view->events[i]->id != 0)
            *room->rows++ = (struct mib_row){(uint32_t)view->events[i]->id, &view->event_items[i]};
    }
    end_table(room, &view->tables[TABLE_EVENT], from);
}

static void lay_host_tables(struct mib_view *view, struct room *room)
{
    for (size_t i = 0; i < view->block_count; i++) {
        const struct mib_block *block = view->blocks[i];
        add_group(room, &view->tables[TABLE_FINDING],
                  (struct mib_group){block->host, block->rows, block->count, block->block});
    }
    for (size_t i = 0; i < view->block_count; i++) {
        const struct mib_block *block = view->blocks[i];
        add_group(room, &view->tables[TABLE_PROBLEM],
                  (struct mib_group){block->host, block->problems, block->problem_count, block->block});
    }
    for (size_t i = 0; i < view->listing_count; i++) {
        const struct mib_listing *listing = view->listings[i];
        add_group(room, &view->tables[TABLE_LISTENER],
                  (struct mib_group){listing->host, listing->rows, listing->count, NULL});
    }
}

static int lay_tables(struct mib_view *view, const struct mib_numbers *numbers)
{
    size_t targets = view->status == NULL ? 0 : view->status->syslog_count;
    view->rows = calloc(VERDICT_COUNT + view->block_count + targets + view->event_count, sizeof(*view->rows));
    view->groups = calloc(TABLE_COUNT + 2 * view->block_count + view->listing_count, sizeof(*view->groups));
    if (view->rows == NULL || view->groups == NULL)
        return -ENOMEM;
    struct room room = {view->rows, view->groups};
    lay_short_tables(view, &room, numbers);
    lay_host_tables(view, &room);
    return 0;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

int mib_view_new(const struct mib_source *source, const struct mib_view *last, const struct mib_numbers *numbers,
                 struct mib_view **ret)
{
    struct mib_view *view = calloc(1, sizeof(*view));
    if (view == NULL)
        return -ENOMEM;
    view->snapshot = source->snapshot == NULL ? NULL : snapshot_ref(source->snapshot);
    view->status = source->status == NULL ? NULL : status_ref(source->status);
    int result = take_blocks(view, last, numbers);
    if (result == 0)
        result = take_listings(view, source, last, numbers);
    if (result == 0) {
        fill_hosts(view);
        result = take_events(view, source);
    }
    if (result == 0) {
        fill_general(view, source);
        result = lay_tables(view, numbers);
    }
    if (result < 0) {
        mib_view_free(view);
        return result;
    }
    *ret = view;
    return 0;
}

void mib_view_free(struct mib_view *view)
{
    if (view == NULL)
        return;
    for (size_t i = 0; i < view->block_count; i++)
        mib_block_unref(view->blocks[i]);
    for (size_t i = 0; i < view->listing_count; i++)
        mib_listing_unref(view->listings[i]);
    for (size_t i = 0; i < view->event_count; i++)
        event_unref(view->events[i]);
    free(view->blocks);
    free(view->listings);
    free(view->events);
    free(view->event_items);
    free(view->hosts);
    free(view->rows);
    free(view->groups);
    status_unref(view->status);
    snapshot_unref(view->snapshot);
    free(view);
}

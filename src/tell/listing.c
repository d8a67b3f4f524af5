/* Choosing and ordering what is listed. */
#include "listing.h"

#include "portconform/vector.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum listing_level listing_level(const struct finding *finding, enum severity severity)
{
    if (finding->held || finding->dynamic)
        return LISTING_REST;
    if (finding->waived)
        return finding->verdict == VERDICT_CONFORMING ? LISTING_REST : LISTING_OPEN;
    if (severity > SEVERITY_OK)
        return LISTING_PROBLEM;
    return finding->verdict == VERDICT_CONFORMING ? LISTING_REST : LISTING_OPEN;
}

static int listing_compare(const void *left, const void *right)
{
    const struct listing_item *a = left;
    const struct listing_item *b = right;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    const struct finding *fa = a->finding;
    const struct finding *fb = b->finding;
    if ((fa->host == NULL) != (fb->host == NULL))
        return fa->host == NULL ? 1 : -1;
    /* pc2 before pc10 */
    int order = fa->host != NULL ? strverscmp(fa->host, fb->host) : 0;
    if (order != 0)
        return order;
    if (fa->transport != fb->transport)
        return fa->transport < fb->transport ? -1 : 1;
    if (fa->port != fb->port)
        return fa->port < fb->port ? -1 : 1;
    return strcmp(fa->key != NULL ? fa->key : "", fb->key != NULL ? fb->key : "");
}

static size_t listing_held(const struct finding_block *block, const struct finding_filter *filter)
{
    size_t held = 0;
    for (size_t i = 0; i < block->count; i++)
        held += block->items[i].held && finding_matches(&block->items[i], filter);
    return held;
}

int listing_init(struct listing *listing, const struct snapshot *snapshot, const struct tell_options *options,
                 enum listing_level level)
{
    struct listing made = {0};
    for (size_t b = 0; b < snapshot->block_count; b++) {
        const struct finding_block *block = snapshot->blocks[b];
        for (size_t i = 0; i < block->count; i++) {
            const struct finding *finding = &block->items[i];
            enum severity severity = tell_finding_severity(finding, options);
            if (listing_level(finding, severity) > level || !finding_matches(finding, &options->filter))
                continue;
            struct listing_item *item = VECTOR_PUSH(&made);
            if (item == NULL) {
                listing_done(&made);
                return -ENOMEM;
            }
            item->finding = finding;
            item->severity = listing_level(finding, severity) == LISTING_PROBLEM ? severity : SEVERITY_OK;
            if (finding->verdict == VERDICT_UNREACHABLE)
                item->held = listing_held(block, &options->filter);
        }
    }
    if (made.count > 0)
        qsort(made.items, made.count, sizeof *made.items, listing_compare);
    *listing = made;
    return 0;
}

/* Trouble with a host (no route to it, its listeners unreadable) is one thing a host, any other one for the site. */
static bool listing_is_of_host(enum reason reason)
{
    return reason == REASON_NO_ROUTE || reason == REASON_ROUTE_PROHIBITED || reason == REASON_ROUTE_BLACKHOLE ||
           reason == REASON_LISTENERS_UNREADABLE;
}

static bool listing_same_host(const struct finding *a, const struct finding *b)
{
    return a->host == b->host || (a->host != NULL && b->host != NULL && strcmp(a->host, b->host) == 0);
}

void listing_fold(struct listing *listing)
{
    struct listing_item *latest[REASON_COUNT] = {0};
    const struct finding *last[REASON_COUNT] = {0};
    size_t kept = 0;
    /* the order puts a host's items side by side, so that the latest of a reason is the one to compare with */
    for (size_t i = 0; i < listing->count; i++) {
        const struct listing_item item = listing->items[i];
        enum reason reason = item.finding->reason;
        bool foldable =
            item.severity == SEVERITY_UNKNOWN && item.finding->verdict == VERDICT_NOT_JUDGED && reason_is_local(reason);
        bool same = foldable && latest[reason] != NULL && listing_same_host(last[reason], item.finding);
        if (foldable && latest[reason] != NULL && (same || !listing_is_of_host(reason))) {
            if (latest[reason]->alike++ == 0)
                latest[reason]->hosts = 1;
            latest[reason]->hosts += !same;
            last[reason] = item.finding;
            continue;
        }
        listing->items[kept] = item;
        if (foldable) {
            latest[reason] = &listing->items[kept];
            last[reason] = item.finding;
        }
        kept++;
    }
    listing->count = kept;
}

void listing_done(struct listing *listing)
{
    VECTOR_DONE(listing);
}

/* What the tests of this part look at: findings, listeners, a status and events made by hand. */
#pragma once

#include "portconform/mib.h"

#include <stdlib.h>
#include <string.h>

static const struct moment world_now = {.mono_ms = 100000, .wall_ms = 1795000000000};

struct world {
    struct snapshot *snapshot;
    struct status *status;
    struct listing *listings[2];
    struct event *events[3];
    struct mib_numbering *numbering;
};

/* A block of `host` (NULL: the site's) with a finding a key, all alike: nobody listens on tcp 31000. */
static inline struct finding_block *world_block(const char *host, const char *const *keys, size_t count)
{
    struct finding_block *block = finding_block_new(host);
    for (size_t i = 0; block != NULL && i < count; i++) {
        struct finding *finding = finding_block_add(block);
        if (finding == NULL)
            abort();
        finding->key = arena_strdup(block->arena, keys[i]);
        finding->host = block->host;
        finding->role = "manager";
        finding->ports = "31000";
        finding->port = 31000;
        finding->transport = TRANSPORT_TCP;
        finding->verdict = VERDICT_MISSING;
        finding->severity = SEVERITY_CRITICAL;
        finding->presence = "first-free";
        finding->scope = "peers";
        finding->since_ms = 1794999000000;
        finding->observed_ms = 1794999958700;
        if (address_parse("10.0.1.10", &finding->address) < 0)
            abort();
    }
    return block;
}

/* Takes the references. */
static inline struct snapshot *world_snapshot(struct finding_block **blocks, size_t count)
{
    struct snapshot head = {.site = "osaka-dc", .vantage = "mon1", .acts_as = "", .config_hash = "c0ffee"};
    head.finished = (struct moment){.mono_ms = 58000, .wall_ms = 1794999958700};
    head.took_ms = 940;
    head.host_count = count - 1;
    return snapshot_new(&head, blocks, count);
}

static const char *const world_site_keys[] = {"-|-|parameter|amt"};
static const char *const world_keys[] = {"mgr01|-|site/tcp-22|22", "mgr01|manager|jp1-itdm/agent/1|31001",
                                         "mgr01|manager|jp1-itdm/manager/2|31000"};
static const char *const world_other_keys[] = {"mgr02|-|site/tcp-22|22", "mgr02|agent|jp1-itdm/agent/3|31024"};

static inline struct listing *world_listing(const char *host)
{
    struct listener items[] = {
        {.transport = TRANSPORT_TCP, .port = 22, .owner = {.exe = "/usr/sbin/sshd", .uid_known = true, .pid = 812}},
        {.transport = TRANSPORT_UDP, .port = 161, .v6only = V6ONLY_NO, .device = "eth0"},
    };
    struct listener_table table = {.status = LISTENERS_SEEN, .source = "kernel", .items = items, .count = 2};
    table.taken = world_now;
    if (address_parse("0.0.0.0", &items[0].address) < 0 || address_parse("::", &items[1].address) < 0)
        abort();
    return listing_new(host, &table);
}

static inline struct status *world_status(void)
{
    static const struct sink_status targets[] = {
        {.name = "siem", .target = "udp:10.0.9.5:514", .state = SINK_UP, .sent = 5000000000, .queued = 3},
        {.name = "local", .target = "local", .state = SINK_DOWN, .last_error = "no such file"},
    };
    struct status *status = status_new();
    if (status == NULL)
        abort();
    status->version = "1";
    status->config = "/etc/portconform/site.conf";
    status->config_rejected = true;
    status->config_error = "site.conf:3:1: error: unknown key";
    status->store.state = STORE_GOOD;
    status->store.boot = "0123456789abcdef";
    status->syslog = targets;
    status->syslog_count = 2;
    return status;
}

static inline struct event *world_event(enum event_kind kind, uint64_t id, const struct finding *finding)
{
    struct event *event = event_new(kind, world_now);
    const struct event_texts texts = {.site = "osaka-dc", .message = "one sentence", .finding = finding};
    if (event == NULL || event_fill(event, &texts) < 0)
        abort();
    event->id = id;
    return event;
}

static inline void world_init(struct world *world)
{
    struct finding_block *blocks[] = {world_block(NULL, world_site_keys, 1), world_block("mgr01", world_keys, 3),
                                      world_block("mgr02", world_other_keys, 2)};
    blocks[1]->items[1].verdict = VERDICT_CONFORMING;
    blocks[1]->items[1].severity = SEVERITY_OK;
    blocks[2]->items[0].waived = true;
    world->events[0] = world_event(EVENT_STARTED, 7, NULL);
    world->events[1] = world_event(EVENT_RAISED, 9, &blocks[1]->items[0]);
    world->events[2] = world_event(EVENT_CONFIG_REJECTED, 4294967306, NULL); /* row 10 */
    world->snapshot = world_snapshot(blocks, 3);
    world->status = world_status();
    world->listings[0] = world_listing("mgr01");
    world->listings[1] = world_listing("mgr02");
    world->numbering = mib_numbering_new();
    if (world->snapshot == NULL || world->numbering == NULL)
        abort();
}

static inline struct mib_view *world_view(struct world *world, struct snapshot *snapshot, const struct mib_view *last)
{
    const struct mib_numbers numbers = {mib_numbering_number, world->numbering};
    struct mib_source source = {.snapshot = snapshot, .recorded = true, .status = world->status};
    struct mib_view *view;
    source.listings = world->listings;
    source.listing_count = 2;
    source.events = world->events;
    source.event_count = 3;
    source.notifications.sent = 17;
    if (mib_view_new(&source, last, &numbers, &view) < 0)
        abort();
    return view;
}

static inline void world_done(struct world *world)
{
    for (size_t i = 0; i < 2; i++)
        listing_unref(world->listings[i]);
    for (size_t i = 0; i < 3; i++)
        event_unref(world->events[i]);
    status_unref(world->status);
    snapshot_unref(world->snapshot);
    mib_numbering_free(world->numbering);
}

static inline int world_setup(void **state)
{
    static struct world world;
    world_init(&world);
    *state = &world;
    return 0;
}

static inline int world_teardown(void **state)
{
    world_done(*state);
    return 0;
}

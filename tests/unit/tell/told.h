/* A snapshot made by hand, for the tests of what is told about it. */
#pragma once

#include "portconform/arena.h"
#include "portconform/snapshot.h"
#include "portconform/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-20 05:02:31.250 UTC; the tests set TZ to UTC */
#define TOLD_FINISHED_MS INT64_C(1795150951250)

enum { TOLD_BLOCKS_MAX = 8 };

struct told {
    struct finding_block *blocks[TOLD_BLOCKS_MAX];
    size_t count;
};

static inline struct finding_block *told_block(struct told *told, const char *host)
{
    for (size_t i = 0; i < told->count; i++) {
        const char *name = told->blocks[i]->host;
        if ((name == NULL && host == NULL) || (name != NULL && host != NULL && strcmp(name, host) == 0))
            return told->blocks[i];
    }
    assert_true(told->count < TOLD_BLOCKS_MAX);
    struct finding_block *block = finding_block_new(host);
    assert_non_null(block);
    told->blocks[told->count++] = block;
    return block;
}

/* The site's own block stands first, as in every snapshot. */
static inline void told_init(struct told *told)
{
    told->count = 0;
    told_block(told, NULL);
}

/* Adds a copy with the defaults of its verdict: severity, blame and class, where the example leaves them zero. */
static inline void told_add(struct told *told, const struct finding *example)
{
    struct finding_block *block = told_block(told, example->host);
    struct finding *finding = finding_block_add(block);
    assert_non_null(finding);
    *finding = *example;
    const struct verdict_row *row = verdict_row(example->verdict);
    if (finding->severity == SEVERITY_OK)
        finding->severity = row->severity;
    if (finding->blame == BLAME_NONE)
        finding->blame = row->blame;
    if (finding->class == CLASS_NONE)
        finding->class = row->class;
    if (finding->key == NULL)
        finding->key = arena_printf(block->arena, "%s|%s|%s|%s", finding->host != NULL ? finding->host : "-",
                                    finding->role != NULL ? finding->role : "-",
                                    finding->rule != NULL ? finding->rule : verdict_row(finding->verdict)->name,
                                    finding->ports != NULL ? finding->ports : "-");
    assert_non_null(finding->key);
}

static inline struct snapshot *told_snapshot(struct told *told)
{
    const struct snapshot head = {
        .site = "osaka-dc",
        .vantage = "mon1",
        .acts_as = "jp1-itdm browser, agent",
        .config_hash = "5f0c8e1d2b3a49586776a9b8c7d6e5f400112233445566778899aabbccddeeff",
        .finished = {.mono_ms = 100000, .wall_ms = TOLD_FINISHED_MS},
        .took_ms = 912,
        .host_count = told->count - 1,
    };
    for (size_t i = 0; i < told->count; i++)
        finding_block_sort(told->blocks[i]);
    struct snapshot *snapshot = snapshot_new(&head, told->blocks, told->count);
    assert_non_null(snapshot);
    return snapshot;
}

static inline struct address told_address(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(text, &address), 0);
    return address;
}

/* What stands in most tests: a flow that a firewall stops. */
static inline struct finding told_filtered(void)
{
    return (struct finding){
        .host = "mgr01",
        .role = "manager",
        .component = "manager",
        .address = told_address("10.0.1.10"),
        .transport = TRANSPORT_TCP,
        .ports = "31000",
        .port = 31000,
        .verdict = VERDICT_FILTERED,
        .reason = REASON_ADMIN_PROHIBITED,
        .listener = "jdn_manager (jp1.service) on *:31000",
        .probe = "ICMP 3/13 from 10.0.0.1",
        .path = PATH_PROVEN,
        .guide = "jp1-itdm",
        .ref = "manager-multi-management/2",
        .rule = "jp1-itdm/manager-multi-management/2",
        .about = "Agents call the manager",
        .peers = "agent,site-server",
    };
}

static inline struct finding told_conforming(const char *host, const char *ports, uint16_t port)
{
    return (struct finding){
        .host = host,
        .role = "agent",
        .component = "agent",
        .address = told_address("10.0.2.17"),
        .transport = TRANSPORT_TCP,
        .ports = ports,
        .port = port,
        .verdict = VERDICT_CONFORMING,
        .reason = REASON_ACCEPTED,
        .probe = "open, 0.3 ms",
        .path = PATH_PROVEN,
        .guide = "jp1-itdm",
        .ref = "agent/1",
        .rule = "jp1-itdm/agent/1",
    };
}

static inline struct finding told_unexpected(void)
{
    return (struct finding){
        .key = "mgr01|tcp|0.0.0.0|5900",
        .host = "mgr01",
        .address = told_address("0.0.0.0"),
        .transport = TRANSPORT_TCP,
        .ports = "5900",
        .port = 5900,
        .verdict = VERDICT_UNEXPECTED,
        .reason = REASON_UNEXPLAINED,
        .listener = "x11vnc (uid 1000) on *:5900",
    };
}

static inline struct finding told_unset(void)
{
    return (struct finding){
        .verdict = VERDICT_NOT_JUDGED,
        .reason = REASON_PARAMETER_UNSET,
        .blame = BLAME_CONFIG,
        .class = CLASS_CONFIGURATION,
        .guide = "jp1-itdm",
        .detail = "amt of jp1-itdm has no value on 1 host: 1 rule is not judged",
    };
}

/* What the tests of the formats share: a finding, and an event with all that its message depends on. Each test changes
 * what it is about. */
#pragma once

#include "format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

/* Without verdict, reason and class. */
static inline struct finding sample_finding(void)
{
    struct finding finding = {
        .key = "mgr01|manager|jp1-itdm/manager-multi/2|31000",
        .host = "mgr01",
        .role = "manager",
        .transport = TRANSPORT_TCP,
        .ports = "31000",
        .port = 31000,
        .severity = SEVERITY_CRITICAL,
        .blame = BLAME_SERVER,
        .guide = "jp1-itdm",
        .ref = "manager-multi/2",
        .rule = "jp1-itdm/manager-multi/2",
        .since_ms = 1700000000300,
    };
    assert_int_equal(address_parse("10.0.1.10", &finding.address), 0);
    return finding;
}

struct sample {
    struct event event;
    struct syslog_origin origin;
    struct syslog_target target;
    uint64_t seq;
};

/* Of a finding that was raised, for a target like "udp:10.0.9.5". */
static inline struct sample sample_event(const struct finding *finding, const char *message, const char *where)
{
    struct sample sample = {
        .event = {.id = 7,
                  .kind = EVENT_RAISED,
                  .at = {.wall_ms = 1700000001500},
                  .site = "osaka-dc",
                  .vantage = "mon1",
                  .finding = finding,
                  .message = message,
                  .owner = "unix-ops@example.jp"},
        .origin = {.hostname = "mon1.example.jp", .pid = 812},
        .seq = 3,
    };
    assert_true(syslog_target_init(&sample.target, "siem", where));
    return sample;
}

/* Within the target's limit; the caller frees it. */
static inline struct text sample_text(const struct sample *sample)
{
    struct text text = {0};
    const struct message message = {.event = &sample->event,
                                    .seq = sample->seq,
                                    .boot = "5eed",
                                    .target = &sample->target,
                                    .origin = &sample->origin};
    message_format(&text, &message);
    assert_false(text.failed);
    assert_true(text.length <= sample->target.most_octets);
    return text;
}

static inline int sample_in_utc(void **state)
{
    (void)state;
    setenv("TZ", "UTC0", 1);
    tzset();
    return 0;
}

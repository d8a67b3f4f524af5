/* What the store costs: 100,000 transitions through a slow consumer (memory, events a second, octets on disk), and
 * findings of which few change. Writes one JSON object to the file that the second argument names.
 *
 *     bench_store FOLDER FILE [EVENTS]
 */
#include "portconform/store.h"
#include "portconform/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 50, AHEAD = 100, HOSTS = 100, FINDINGS = 100 };

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_store: %s\n", what);
    exit(1);
}

static long resident_kb(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    need(file != NULL && fscanf(file, "%ld %ld", &pages, &resident) == 2, "/proc/self/statm");
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void wait_readable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    need(poll(&wanted, 1, 60000) == 1, "nothing happens for a minute");
}

static struct event *event_made(size_t number)
{
    char key[64];
    snprintf(key, sizeof key, "mgr%02zu|manager|jp1-itdm/manager-single/1|tcp-31080", number % 100);
    struct finding finding = {.key = key,
                              .host = "mgr01",
                              .role = "manager",
                              .component = "manager",
                              .transport = TRANSPORT_TCP,
                              .ports = "31080",
                              .port = 31080,
                              .verdict = VERDICT_MISSING,
                              .was = VERDICT_CONFORMING,
                              .severity = SEVERITY_CRITICAL,
                              .reason = REASON_NOBODY_LISTENS,
                              .blame = BLAME_SERVER,
                              .class = CLASS_AVAILABILITY,
                              .listener = "no listener",
                              .probe = "refused by 10.0.1.10 in 0.3 ms",
                              .guide = "jp1-itdm",
                              .ref = "manager-single/1",
                              .rule = "jp1-itdm/manager-single/1",
                              .about = "Operation console",
                              .since_ms = moment_now().wall_ms,
                              .looks = 2};
    struct event *event = event_new(EVENT_RAISED, moment_now());
    need(event != NULL, "out of memory");
    struct event_texts texts = {.site = "osaka-dc",
                                .vantage = "mon1",
                                .message =
                                    "mgr01 tcp 31080 (Operation console): nobody listens; the server's team acts",
                                .owner = "unix-ops@example.jp",
                                .finding = &finding};
    need(event_fill(event, &texts) == 0, "out of memory");
    event->count = number;
    return event;
}

static int64_t submit(struct recorder *recorder, size_t first, size_t count)
{
    struct record record = {.events = calloc(count, sizeof(struct event *)), .event_count = count};
    need(record.events != NULL, "out of memory");
    for (size_t i = 0; i < count; i++)
        record.events[i] = event_made(first + i);
    int64_t ticket = recorder_submit(recorder, &record);
    need(ticket > 0, "out of memory");
    return ticket;
}

static void wait_stored(struct recorder *recorder, int64_t ticket)
{
    bool on_disk = false;
    while (recorder_done_ticket(recorder, &on_disk) < ticket || !on_disk)
        wait_readable(recorder_fd(recorder));
}

/* Takes at most `most` events; all that there are where `wait` is set. */
static size_t drain(struct outbox *outbox, size_t most, bool wait)
{
    struct outbox_item item = {.seq = 0};
    size_t taken = 0;
    while (taken < most) {
        if (outbox_next(outbox, &item) == 0) {
            event_unref(item.event);
            taken++;
        } else if (wait) {
            wait_readable(outbox_fd(outbox));
        } else {
            break;
        }
    }
    if (taken > 0)
        outbox_acknowledge(outbox, item.seq);
    return taken;
}

static double seconds_since(int64_t began_us)
{
    return (double)(clock_mono_us() - began_us) / 1e6;
}

/* Ten times as much comes as the consumer takes; then it takes the rest. */
static void bench_events(struct recorder *recorder, size_t events, FILE *out)
{
    struct outbox_target target = {.name = "siem"};
    need(recorder_set_targets(recorder, &target, 1) == 0, "out of memory");
    struct outbox *outbox = outbox_open(recorder, "siem");
    need(outbox != NULL, "out of memory");
    wait_stored(recorder, submit(recorder, 0, BATCH));
    size_t taken = drain(outbox, BATCH, true);
    long before_kb = resident_kb(), most_kb = before_kb;
    int64_t began_us = clock_mono_us();
    for (size_t sent = 0; sent < events; sent += BATCH) {
        int64_t ticket = submit(recorder, sent, BATCH);
        if (ticket % AHEAD == 0)
            wait_stored(recorder, ticket);
        drain(outbox, BATCH / 10, false);
        most_kb = resident_kb() > most_kb ? resident_kb() : most_kb;
    }
    wait_stored(recorder, submit(recorder, events, 1));
    double written_s = seconds_since(began_us);
    uint64_t left = outbox_queued(outbox);
    began_us = clock_mono_us();
    while (outbox_queued(outbox) > 0)
        taken += drain(outbox, BATCH, false);
    double taken_s = seconds_since(began_us);
    fprintf(out,
            "  \"events\": %zu, \"batch\": %d, \"events_per_second\": %.0f, \"queued_at_the_end\": %" PRIu64
            ", \"drained_per_second\": %.0f, \"dropped\": %" PRIu64
            ",\n  \"rss_before_kb\": %ld, \"rss_most_kb\": %ld, \"rss_growth_kb\": %ld,\n",
            events, BATCH, (double)events / written_s, left, (double)left / taken_s, outbox_dropped(outbox), before_kb,
            most_kb, most_kb - before_kb);
    outbox_close(outbox);
    (void)taken;
}

static struct snapshot *snapshot_made(size_t changed)
{
    struct finding_block *blocks[HOSTS + 1] = {finding_block_new(NULL)};
    for (size_t i = 0; i < HOSTS; i++) {
        char host[32], key[96];
        snprintf(host, sizeof host, "host%03zu", i);
        blocks[i + 1] = finding_block_new(host);
        for (size_t k = 0; k < FINDINGS; k++) {
            snprintf(key, sizeof key, "%s|manager|jp1-itdm/manager-single/1|tcp-%zu", host, k);
            struct finding filled = {.key = key,
                                     .host = host,
                                     .role = "manager",
                                     .guide = "jp1-itdm",
                                     .about = "Operation console",
                                     .verdict = i * FINDINGS + k < changed ? VERDICT_MISSING : VERDICT_CONFORMING};
            struct finding *finding = finding_block_add(blocks[i + 1]);
            need(finding != NULL && finding_copy(finding, &filled, blocks[i + 1]->arena) == 0, "out of memory");
        }
        finding_block_sort(blocks[i + 1]);
    }
    struct snapshot *snapshot = snapshot_new(&(struct snapshot){.site = "osaka-dc"}, blocks, HOSTS + 1);
    need(snapshot != NULL, "out of memory");
    return snapshot;
}

static double snapshot_ms(struct recorder *recorder, size_t changed)
{
    struct record record = {.snapshot = snapshot_made(changed)};
    int64_t began_us = clock_mono_us();
    int64_t ticket = recorder_submit(recorder, &record);
    need(ticket > 0, "out of memory");
    wait_stored(recorder, ticket);
    return seconds_since(began_us) * 1000;
}

int main(int argc, char **argv)
{
    need(argc >= 3, "usage: bench_store FOLDER FILE [EVENTS]");
    size_t events = argc > 3 ? (size_t)strtoul(argv[3], NULL, 10) : 100000;
    struct recorder_options options = {.folder = argv[1], .most_queued = events + BATCH + 2};
    struct recorder *recorder;
    struct recorded left;
    need(recorder_start(&options, &recorder, &left) == 0, "cannot start");
    FILE *out = fopen(argv[2], "w");
    need(out != NULL, "cannot write the result");
    fprintf(out, "{\n");
    bench_events(recorder, events, out);
    recorder_stop(recorder, 60000);
    struct stat file;
    char path[4096];
    snprintf(path, sizeof path, "%s/store.db", argv[1]);
    need(stat(path, &file) == 0, path);
    fprintf(out, "  \"octets_per_event\": %.0f,\n", (double)file.st_size / (double)events);
    snapshot_unref(left.snapshot);
    need(recorder_start(&options, &recorder, &left) == 0, "cannot start again");
    snapshot_unref(left.snapshot);
    double whole_ms = snapshot_ms(recorder, 0), same_ms = snapshot_ms(recorder, 0), one_ms = snapshot_ms(recorder, 1);
    fprintf(out,
            "  \"findings\": %d, \"all_written_ms\": %.1f, \"none_differs_ms\": %.1f, \"one_differs_ms\": %.1f\n}\n",
            HOSTS * FINDINGS, whole_ms, same_ms, one_ms);
    fclose(out);
    recorder_stop(recorder, 60000);
    return 0;
}

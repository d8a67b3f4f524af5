/* How fast the judge is: 100,000 expectations against their own earlier cycle, and one changed observation among them.
 *
 *     bench_judge [FILE.json]
 *
 * The site is 4,000 hosts of 25 expectations each, every one with a listener and a probe. Medians of many rounds;
 * allocations are the C library's own. */
#include "portconform/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HOSTS = 4000, EACH = 25, ROUNDS = 41, CHANGES = 2001 };
enum { KEY_ROOM = 80, NAME_ROOM = 24 };

static const double WHOLE_TARGET_MS = 2.0, CHANGE_TARGET_US = 10.0;

struct bed {
    struct guide guide;
    struct component component;
    struct role role;
    struct site site;
    struct config config;
    struct plan plan;
    struct host hosts[HOSTS];
    struct plan_host planned[HOSTS];
    struct plan_address addresses[HOSTS];
    struct rule rules[EACH];
    char ids[EACH][NAME_ROOM];
    char names[HOSTS][NAME_ROOM];
    char keys[HOSTS * EACH][KEY_ROOM];
    struct expectation expectations[HOSTS * EACH];
    struct flow flows[HOSTS * EACH];
    struct listener_table tables[HOSTS];
    struct listener listeners[HOSTS * EACH];
    struct address_seen address_seen[HOSTS];
    struct observations seen;
};

static const struct damping damping = {2, 2};
static const size_t first_address = 0;
static struct moment now = {.mono_ms = 1000000, .wall_ms = 1795176000000};

static void die(const char *what)
{
    fprintf(stderr, "bench_judge: %s\n", what);
    exit(1);
}

static void make_expectation(struct bed *bed, size_t host, size_t rank)
{
    size_t id = host * EACH + rank;
    uint16_t port = (uint16_t)(31000 + rank);
    snprintf(bed->keys[id], KEY_ROOM, "%s|manager|%s|tcp %u", bed->names[host], bed->ids[rank], (unsigned)port);
    bed->flows[id] = (struct flow){.id = id, .port = port};
    bed->expectations[id] = (struct expectation){
        .key = bed->keys[id],
        .host = &bed->hosts[host],
        .role = &bed->role,
        .rule = &bed->rules[rank],
        .range = {TRANSPORT_TCP, port, port, 1},
        .severity = SEVERITY_CRITICAL,
        .instances = 1,
        .addresses = &first_address,
        .address_count = 1,
        .flows = &bed->flows[id],
        .flow_count = 1,
        .ports_sampled = 1,
        .damping = &damping,
    };
    bed->listeners[id] = (struct listener){
        .transport = TRANSPORT_TCP,
        .address = {.family = AF_INET},
        .port = port,
        .queue_known = true,
        .queue_limit = 128,
        .owner = {.exe = "/opt/jp1/jdn_manager", .unit = "jp1.service", .uid_known = true},
    };
}

static void make_host(struct bed *bed, size_t host)
{
    snprintf(bed->names[host], NAME_ROOM, "pc%04zu", host);
    bed->hosts[host] = (struct host){.name = bed->names[host], .damping = damping};
    bed->addresses[host].address = (struct address){.family = AF_INET};
    const uint8_t octets[] = {10, 97, (uint8_t)(host >> 8), (uint8_t)host};
    memcpy(bed->addresses[host].address.octets, octets, sizeof(octets));
    bed->planned[host] = (struct plan_host){
        .host = &bed->hosts[host],
        .addresses = &bed->addresses[host],
        .address_count = 1,
        .expectations = &bed->expectations[host * EACH],
        .expectation_count = EACH,
    };
    for (size_t rank = 0; rank < EACH; rank++)
        make_expectation(bed, host, rank);
    bed->tables[host] = (struct listener_table){.status = LISTENERS_SEEN,
                                                .source = "kernel",
                                                .items = &bed->listeners[host * EACH],
                                                .count = EACH,
                                                .taken = now};
    bed->seen.hosts[host].listeners = &bed->tables[host];
    bed->seen.hosts[host].addresses = &bed->address_seen[host];
}

static struct bed *bed_new(void)
{
    struct bed *bed = calloc(1, sizeof(*bed));
    if (!bed || observations_init(&bed->seen, HOSTS * EACH, HOSTS) < 0)
        die("out of memory");
    bed->guide = (struct guide){.id = "jp1-itdm"};
    bed->component = (struct component){.name = "manager"};
    bed->role = (struct role){.guide = &bed->guide, .component = &bed->component, .name = "manager"};
    bed->site = (struct site){.name = "bench", .hosts = bed->hosts, .host_count = HOSTS};
    bed->config = (struct config){.site = &bed->site, .hash = "0123"};
    bed->plan = (struct plan){.config = &bed->config,
                              .site = &bed->site,
                              .vantage_name = "mon1",
                              .hosts = bed->planned,
                              .host_count = HOSTS,
                              .flow_count = HOSTS * EACH,
                              .serial = 1};
    for (size_t rank = 0; rank < EACH; rank++) {
        snprintf(bed->ids[rank], NAME_ROOM, "jp1-itdm/%zu", rank + 1);
        bed->rules[rank] = (struct rule){.guide = &bed->guide,
                                         .ref = bed->ids[rank] + sizeof("jp1-itdm"),
                                         .id = bed->ids[rank],
                                         .listens = &bed->component,
                                         .about = "Communication from the management server"};
    }
    for (size_t host = 0; host < HOSTS; host++)
        make_host(bed, host);
    return bed;
}

/* A host was visited: every probe answered, at another moment and in another time than before. */
static void visit(struct bed *bed, size_t host)
{
    bed->tables[host].taken = now;
    for (size_t rank = 0; rank < EACH; rank++)
        bed->seen.probes[host * EACH + rank] = (struct probe_result){
            .outcome = PROBE_OPEN,
            .reason = REASON_ACCEPTED,
            .sign_of_life = true,
            .rtt_us = (uint32_t)(200 + (now.mono_ms + (int64_t)rank) % 97),
            .sent = now,
            .ended = now,
            .attempts = 1,
        };
    judge_digest(&bed->plan, &bed->seen, host, NULL);
}

static void change(struct bed *bed, size_t host)
{
    bed->seen.probes[host * EACH + EACH / 2].outcome = PROBE_REFUSED;
    bed->seen.probes[host * EACH + EACH / 2].reason = REASON_RST;
    judge_digest(&bed->plan, &bed->seen, host, NULL);
}

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int order(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), order);
    return values[count / 2];
}

static struct judgement judge_all(struct bed *bed, const struct snapshot *earlier)
{
    const struct judge_input input = {.plan = &bed->plan,
                                      .seen = &bed->seen,
                                      .earlier = earlier,
                                      .now = now,
                                      .began_ms = now.mono_ms,
                                      .mode = JUDGE_CONTINUOUS};
    struct judgement judgement;
    if (judge(&input, &judgement) < 0)
        die("out of memory");
    return judgement;
}

static void later(struct bed *bed)
{
    now.mono_ms += 60000;
    now.wall_ms += 60000;
    for (size_t host = 0; host < HOSTS; host++)
        visit(bed, host);
}

/* Seconds of the first judgement, and the median of those that follow with nothing new. */
static double measure_whole(struct bed *bed, struct judgement *last, double *ret_first)
{
    double times[ROUNDS];
    later(bed);
    double began = seconds();
    *last = judge_all(bed, NULL);
    *ret_first = seconds() - began;
    for (size_t round = 0; round < ROUNDS; round++) {
        later(bed);
        began = seconds();
        struct judgement next = judge_all(bed, last->snapshot);
        times[round] = seconds() - began;
        judgement_done(last);
        *last = next;
    }
    return median(times, ROUNDS);
}

/* What the visit of a host costs the judge when one of its observations has changed: digest and judgement. */
static double measure_change(struct bed *bed, const struct snapshot *earlier)
{
    double *times = calloc(CHANGES, sizeof(*times));
    if (!times)
        die("out of memory");
    const struct judge_input input = {
        .plan = &bed->plan, .seen = &bed->seen, .now = now, .began_ms = now.mono_ms, .mode = JUDGE_CONTINUOUS};
    for (size_t i = 0; i < CHANGES; i++) {
        struct judgement into = {0};
        struct finding_block *block = NULL;
        double began = seconds();
        change(bed, i);
        if (judge_host(&input, i, earlier->blocks[i + 1], &into, &block) < 0)
            die("out of memory");
        times[i] = seconds() - began;
        finding_block_unref(block);
        judgement_done(&into);
    }
    double middle = median(times, CHANGES);
    free(times);
    return middle;
}

int main(int argc, char **argv)
{
    struct bed *bed = bed_new();
    struct judgement last = {0};
    double first, whole_ms = measure_whole(bed, &last, &first) * 1000;
    double change_us = measure_change(bed, last.snapshot) * 1e6;
    judgement_done(&last);
    FILE *out = argc > 1 ? fopen(argv[1], "w") : stdout;
    if (!out)
        die("cannot write");
    fprintf(out,
            "[{\"work\": \"judging 100,000 expectations, nothing new\", \"against\": \"own earlier cycle\", "
            "\"target\": \"at most 2 ms\", \"value\": \"%.2f ms\", \"met\": %s},\n"
            " {\"work\": \"one changed observation of a host with 25\", \"against\": \"own earlier cycle\", "
            "\"target\": \"at most 10 us\", \"value\": \"%.1f us\", \"met\": %s},\n"
            " {\"work\": \"judging 100,000 expectations for the first time\", \"against\": \"-\", \"target\": \"-\", "
            "\"value\": \"%.0f ms\", \"met\": null}]\n",
            whole_ms, whole_ms <= WHOLE_TARGET_MS ? "true" : "false", change_us,
            change_us <= CHANGE_TARGET_US ? "true" : "false", first * 1000);
    if (out != stdout && fclose(out) != 0)
        die("cannot write");
    for (size_t host = 0; host < HOSTS; host++) /* all of it is the bed's */
        bed->seen.hosts[host] = (struct host_seen){0};
    observations_done(&bed->seen);
    free(bed);
    return 0;
}

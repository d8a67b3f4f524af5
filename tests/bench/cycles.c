/* Cycles one after the other, as the daemon makes them: one engine, one memory, one set of observations.
 *
 *     cycles SITE COUNT RESULTS [forget]   a line each: wall and CPU in microseconds, and how many flows ended how
 *
 * RESULTS receives "cycle address port outcome" of every flow. With `forget` each is the first one. */
#include "portconform/cycle.h"
#include "portconform/error.h"
#include "portconform/load.h"
#include "portconform/probe_tls.h"
#include "portconform/service_check.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static const struct probe_choice probes[] = {{TRANSPORT_TCP, true, &probe_kind_tls, NULL},
                                             {TRANSPORT_TCP, false, &probe_kind_service, service_check_serves},
                                             {TRANSPORT_TCP, false, &probe_kind_tcp, NULL},
                                             {TRANSPORT_UDP, false, &probe_kind_udp, NULL},
                                             {.kind = NULL}};

struct bench {
    struct config *config;
    struct plan *plan;
    struct probe_engine *engine;
    struct look_memory *memory;
    struct observations seen;
    struct snapshot *snapshot;
};

static void check(int r, const char *what)
{
    if (r >= 0)
        return;
    (void)fprintf(stderr, "%s: %s\n", what, pc_strerror(r));
    exit(1);
}

static int64_t cpu_us(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

static void wait_for(const struct bench *bench, const struct cycle *cycle)
{
    int64_t next_ms = probe_engine_next_ms(bench->engine), cycle_ms = cycle_next_ms(cycle);
    int64_t left_ms = (cycle_ms < next_ms ? cycle_ms : next_ms) - moment_now().mono_ms;
    struct pollfd ready = {.fd = probe_engine_fd(bench->engine), .events = POLLIN};
    (void)poll(&ready, 1, left_ms <= 0 ? 0 : left_ms > 1000 ? 1000 : (int)left_ms);
}

static void look(struct bench *bench)
{
    const struct cycle_options options = {.engine = bench->engine,
                                          .seen = &bench->seen,
                                          .memory = bench->memory,
                                          .probes = probes,
                                          .deadline_mono_ms = INT64_MAX,
                                          .mode = JUDGE_CONTINUOUS};
    struct cycle *cycle;
    struct judgement judgement = {0};
    check(cycle_new(bench->plan, &options, &cycle), "cycle");
    for (;;) {
        int r = cycle_step(cycle, moment_now());
        check(r, "cycle");
        if (r == 0)
            break;
        if (probe_engine_step(bench->engine, moment_now()) > 0)
            wait_for(bench, cycle);
    }
    for (size_t i = 0; i < bench->plan->host_count; i++) /* as the daemon does, whose cycles these are like */
        judge_digest(bench->plan, &bench->seen, i, NULL);
    check(cycle_judge(cycle, bench->snapshot, moment_now(), &judgement), "judge");
    cycle_free(cycle);
    snapshot_unref(bench->snapshot);
    bench->snapshot = judgement.snapshot;
    judgement.snapshot = NULL;
    judgement_done(&judgement);
}

static void write_results(const struct bench *bench, int cycle, FILE *file)
{
    for (size_t h = 0; h < bench->plan->host_count; h++) {
        const struct plan_host *host = &bench->plan->hosts[h];
        for (size_t e = 0; e < host->expectation_count; e++) {
            const struct expectation *expectation = &host->expectations[e];
            for (size_t f = 0; f < expectation->flow_count; f++) {
                const struct flow *flow = &expectation->flows[f];
                if (flow->id == SIZE_MAX)
                    continue;
                (void)fprintf(file, "%d %s %u %s\n", cycle, host->addresses[flow->address].text, flow->port,
                              probe_outcome_name(bench->seen.probes[flow->id].outcome));
            }
        }
    }
}

static void tell(const struct bench *bench, int64_t wall_us, int64_t spent_us)
{
    size_t counts[PROBE_LOCAL + 1] = {0};
    for (size_t i = 0; i < bench->seen.probe_count; i++)
        counts[bench->seen.probes[i].outcome]++;
    printf("%lld %lld", (long long)wall_us, (long long)spent_us);
    for (int i = 0; i <= PROBE_LOCAL; i++)
        printf(" %zu", counts[i]);
    putchar('\n');
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    struct diag_list diags = {0};
    if (argc < 4)
        return 2;
    probe_raise_descriptors();
    const struct load_options load = {.path = argv[1], .wall_ms = moment_now().wall_ms};
    check(config_load(&load, &bench.config, &diags), "configuration");
    const struct plan_options planning = {.wall_ms = load.wall_ms};
    check(plan_build(bench.config, &planning, &bench.plan, &diags), "plan");
    const struct probe_limits limits = cycle_limits(bench.plan->site);
    check(probe_engine_new(&limits, &bench.engine), "engine");
    bench.memory = argc > 4 ? NULL : look_memory_new();
    check(observations_init(&bench.seen, bench.plan->flow_count, bench.plan->host_count), "observations");
    FILE *results = fopen(argv[3], "w");
    for (int i = 0; i < atoi(argv[2]); i++) {
        int64_t began_us = clock_mono_us(), spent_us = cpu_us();
        look(&bench);
        tell(&bench, clock_mono_us() - began_us, cpu_us() - spent_us);
        if (results)
            write_results(&bench, i, results);
    }
    if (results)
        (void)fclose(results);
    snapshot_unref(bench.snapshot);
    observations_done(&bench.seen);
    look_memory_free(bench.memory);
    probe_engine_free(bench.engine);
    plan_free(bench.plan);
    config_free(bench.config);
    diag_list_done(&diags);
    return 0;
}

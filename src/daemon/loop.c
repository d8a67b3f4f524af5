/* The loop of portconformd.
 *
 *     waiting --(the interval is over)--> planning --> looking --(observations complete)--> judged, published -->
 * waiting ^                                                |
 *        '------------------(reload: at once)-------------'
 *
 * Planning is left out as long as the plan holds (hold.h). Reading, planning and names have a thread of their own;
 * listeners of this machine are read in the loop, a table a step.
 */
#include "loop.h"

#include "hold.h"
#include "publish.h"
#include "reload.h"

#include "portconform/collect.h"
#include "portconform/error.h"
#include "portconform/log.h"
#include "portconform/probe_tls.h"
#include "portconform/service_check.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { STOP_MS = 900, RELOAD_ABANDON_MS = 200 };
enum { CYCLE_LEAST_MS = 60000 }; /* a cycle may take two intervals, but never less */
enum { WAIT_MOST_MS = 60000 };
enum { EXIT_SOFTWARE = 70 };

static const struct probe_choice probes[] = {
    {TRANSPORT_TCP, true, &probe_kind_tls, NULL},
    {TRANSPORT_TCP, false, &probe_kind_service, service_check_serves},
    {TRANSPORT_TCP, false, &probe_kind_tcp, NULL},
    {TRANSPORT_UDP, false, &probe_kind_udp, NULL},
    {0},
};

struct loop {
    const struct daemon_options *options;
    struct check_site site;
    struct outlets *outlets;
    struct snapshot *snapshot; /* of the last cycle; NULL: none yet */
    struct cycle *cycle;       /* NULL: waiting */
    struct moment now;
    int64_t began_ms, next_ms; /* monotonic: this cycle began, the next one begins */
    uint64_t late;             /* cycles that took longer than the interval */
    struct hold hold;          /* of site.plan */
    bool planned;              /* it was made sure that the plan will do for the next cycle */
    size_t lost_names;         /* as logged last */
    struct reload *reload;     /* NULL: none is under way */
    bool planning;             /* the one under way makes a plan, and the next cycle waits for it */
    bool planning_exposure;    /* ... that looks at the ports that are for a host alone */
    bool reload_again;         /* SIGHUP came while one was under way */
    int signals;
    bool ending;
};

static int64_t interval_ms(const struct loop *loop)
{
    return (int64_t)loop->site.plan->site->interval_s * 1000;
}

/* --- cycles ------------------------------------------------------------------------------------------------------- */

static void begin_cycle(struct loop *loop)
{
    int64_t longest_ms = 2 * interval_ms(loop);
    loop->began_ms = loop->now.mono_ms;
    loop->next_ms = loop->began_ms + interval_ms(loop);
    loop->planned = false;
    const struct cycle_options options = {
        .probes = probes,
        .remote = &collector_source,
        .deadline_mono_ms = loop->began_ms + (longest_ms < CYCLE_LEAST_MS ? CYCLE_LEAST_MS : longest_ms),
        .mode = JUDGE_CONTINUOUS,
        .owners = true,
    };
    int result = cycle_new(loop->site.plan, &options, &loop->cycle);
    if (result < 0) {
        loop->cycle = NULL;
        log_line(LOG_ERR, "this cycle is left out: %s", pc_strerror(result));
    }
}

static void drop_cycle(struct loop *loop)
{
    cycle_free(loop->cycle);
    loop->cycle = NULL;
}

static void log_cycle(struct loop *loop)
{
    const struct tally tally = snapshot_tally(loop->snapshot, NULL);
    log_line(LOG_DEBUG, "cycle of %.3f s: %s; hosts %zu, expectations %zu, nonconforming %zu",
             (double)loop->snapshot->took_ms / 1000, severity_name(tally.worst), loop->snapshot->host_count,
             tally.expectations, tally.nonconforming);
    if (cycle_undecided(loop->cycle) > 0)
        log_line(LOG_WARNING, "%zu probes were not done in time and are not judged", cycle_undecided(loop->cycle));
    if (loop->now.mono_ms > loop->next_ms) {
        loop->late++;
        log_line(LOG_WARNING, "the cycle took %.1f s, longer than the interval of %u s (%llu times so far)",
                 (double)(loop->now.mono_ms - loop->began_ms) / 1000, loop->site.plan->site->interval_s,
                 (unsigned long long)loop->late);
    }
}

static void finish_cycle(struct loop *loop)
{
    struct judgement judgement = {0};
    int result = cycle_judge(loop->cycle, loop->snapshot, loop->now, &judgement);
    if (result < 0) {
        log_line(LOG_ERR, "this cycle could not be judged: %s", pc_strerror(result));
        drop_cycle(loop);
        return;
    }
    outlets_publish(loop->outlets, loop->site.plan->site, &judgement);
    snapshot_unref(loop->snapshot);
    loop->snapshot = judgement.snapshot;
    judgement.snapshot = NULL; /* ours now */
    judgement_done(&judgement);
    hold_cycle_done(&loop->hold, loop->snapshot, cycle_undecided(loop->cycle) == 0, loop->now);
    log_cycle(loop);
    outlets_watch(loop->outlets);
    drop_cycle(loop);
}

/* --- planning ----------------------------------------------------------------------------------------------------- */

/* Does the plan do for the cycle that is due? If not, another one is begun. While the configuration is read the old one
 * goes on: what comes of that brings its own plan. */
static bool make_sure_of_plan(struct loop *loop)
{
    if (loop->planned)
        return true;
    if (loop->reload != NULL)
        return !loop->planning;
    if (hold_ask(&loop->hold, loop->now) == HOLD_GOOD)
        return true;
    loop->planning_exposure = hold_wants_exposure(&loop->hold, loop->now);
    int result = reload_plan_start(loop->options, loop->site.config, loop->planning_exposure, &loop->reload);
    loop->planning = result == 0;
    if (result < 0) {
        loop->reload = NULL;
        log_line(LOG_ERR, "cannot plan anew, the old plan stays: %s", pc_strerror(result));
    }
    return result < 0;
}

static void log_lost_names(struct loop *loop, const struct diag_list *diags, size_t lost)
{
    if (lost != loop->lost_names)
        site_log(diags, 0);
    if (lost == 0 && loop->lost_names > 0)
        log_line(LOG_NOTICE, "every name has an address again");
    loop->lost_names = lost;
}

/* A name that nobody answers for at the moment keeps the addresses it had, as long as the old plan will do. */
static void adopt_plan(struct loop *loop, struct plan *plan)
{
    bool keep =
        hold_ask(&loop->hold, loop->now) == HOLD_STALE && hold_lost_names(plan) > hold_lost_names(loop->site.plan);
    struct plan *before = keep ? plan : loop->site.plan;
    if (!keep) {
        loop->site.plan = plan;
        hold_renew(&loop->hold, plan, loop->planning_exposure);
    }
    plan_free(before);
}

static void work_on_cycle(struct loop *loop)
{
    if (loop->cycle == NULL && loop->now.mono_ms >= loop->next_ms && make_sure_of_plan(loop))
        begin_cycle(loop);
    if (loop->cycle == NULL)
        return;
    int result = cycle_step(loop->cycle, loop->now);
    if (result < 0) {
        log_line(LOG_ERR, "this cycle is broken off: %s", pc_strerror(result));
        drop_cycle(loop);
    } else if (result == 0) {
        loop->now = moment_now();
        finish_cycle(loop);
    }
}

/* --- reload ------------------------------------------------------------------------------------------------------- */

static void begin_reload(struct loop *loop)
{
    if (loop->reload != NULL) {
        loop->reload_again = true;
        return;
    }
    loop->reload_again = false;
    int result = reload_start(loop->options, &loop->reload);
    if (result < 0) {
        loop->reload = NULL;
        log_line(LOG_ERR, "the configuration cannot be read again, the old one stays in force: %s",
                 pc_strerror(result));
    }
}

static void log_site(const struct loop *loop, const char *what, const char *msgid)
{
    const struct plan *plan = loop->site.plan;
    size_t expectations = 0;
    for (size_t i = 0; i < plan->host_count; i++)
        expectations += plan->hosts[i].expectation_count;
    outlets_announce(loop->outlets, msgid, LOG_NOTICE,
                     "%s %s, seen from %s: hosts %zu, expectations %zu, one look every %u s", what, plan->site->name,
                     plan->vantage == NULL ? "no vantage" : plan->vantage_name, plan->host_count, expectations,
                     plan->site->interval_s);
    if (cycle_needs_other_kinds(plan, probes, &collector_source))
        log_line(LOG_WARNING, "a source of listeners or a kind of probe that this version does not have is configured; "
                              "what hangs on it is not judged");
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Findings live in the snapshot with all their texts, so nothing told or remembered hangs on the old site. */
static void adopt_site(struct loop *loop, struct check_site *site)
{
    const struct site *before = loop->site.plan->site, *after = site->plan->site;
    if (!same_text(before->agentx_socket, after->agentx_socket) || before->pen != after->pen)
        log_line(LOG_WARNING, "the AgentX socket and the enterprise number of SNMP change at the next start");
    drop_cycle(loop);
    outlets_configure(loop->outlets, after);
    check_site_done(&loop->site);
    loop->site = *site;
    hold_begin(&loop->hold, site->plan);
    loop->lost_names = hold_lost_names(site->plan);
    loop->planned = true;
    loop->next_ms = loop->now.mono_ms;
}

static void end_reading(struct loop *loop, int result, struct check_site *site, const struct diag_list *diags)
{
    site_log(diags, result);
    if (result < 0) {
        outlets_announce(loop->outlets, "CONFIG_REJECTED", LOG_ERR,
                         "the new configuration is rejected, the old one stays in force; errors: %zu", diags->errors);
        return;
    }
    adopt_site(loop, site);
    log_site(loop, "configuration read again:", "CONFIG_LOADED");
}

static void end_planning(struct loop *loop, int result, struct plan *plan, const struct diag_list *diags)
{
    loop->planning = false;
    loop->planned = true;
    if (result < 0) {
        site_log(diags, result);
        log_line(LOG_ERR, "cannot plan anew, the old plan stays");
        return;
    }
    log_lost_names(loop, diags, hold_lost_names(plan));
    adopt_plan(loop, plan);
}

static void end_reload(struct loop *loop)
{
    struct check_site site = {NULL, NULL};
    struct diag_list diags;
    int result = reload_finish(loop->reload, &site, &diags);
    loop->reload = NULL;
    if (loop->planning)
        end_planning(loop, result, site.plan, &diags);
    else
        end_reading(loop, result, &site, &diags);
    diag_list_done(&diags);
    if (loop->reload_again)
        begin_reload(loop);
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static void read_signals(struct loop *loop)
{
    struct signalfd_siginfo info;
    while (read(loop->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            begin_reload(loop);
        else
            loop->ending = true;
    }
}

static int wait_ms(const struct loop *loop)
{
    if (loop->cycle == NULL && loop->planning)
        return WAIT_MOST_MS; /* its end is an event */
    int64_t due_ms = loop->cycle == NULL ? loop->next_ms : cycle_next_ms(loop->cycle);
    int64_t left_ms = due_ms - moment_now().mono_ms;
    if (left_ms < 0)
        return 0;
    return left_ms < WAIT_MOST_MS ? (int)left_ms : WAIT_MOST_MS;
}

/* poll(2) skips negative descriptors: what is not there is not waited for. */
static void turn(struct loop *loop)
{
    struct pollfd waits[] = {
        {.fd = loop->signals, .events = POLLIN},
        {.fd = loop->reload == NULL ? -1 : reload_fd(loop->reload), .events = POLLIN},
        {.fd = loop->cycle == NULL ? -1 : cycle_fd(loop->cycle), .events = POLLIN},
    };
    int ready = poll(waits, sizeof(waits) / sizeof(waits[0]), wait_ms(loop));
    loop->now = moment_now();
    if (ready > 0 && waits[0].revents != 0)
        read_signals(loop);
    if (ready > 0 && waits[1].revents != 0)
        end_reload(loop);
    if (!loop->ending)
        work_on_cycle(loop);
}

static int open_signals(void)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    int fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int loop_run(const struct daemon_options *options, struct check_site *site, bool *ret_clean)
{
    struct loop loop = {.options = options, .site = *site, .now = moment_now(), .signals = open_signals()};
    int result = loop.signals < 0 ? loop.signals : outlets_open(options, loop.site.plan->site, &loop.outlets);
    hold_begin(&loop.hold, loop.site.plan);
    loop.lost_names = hold_lost_names(loop.site.plan);
    loop.planned = true;
    if (result < 0) {
        log_line(LOG_ERR, "cannot start: %s", pc_strerror(result));
    } else {
        log_site(&loop, "portconformd " PC_VERSION " looks at", "STARTED");
        while (!loop.ending)
            turn(&loop);
        outlets_announce(loop.outlets, "STOPPED", LOG_NOTICE, "portconformd ends");
    }
    drop_cycle(&loop);
    bool abandoned = !reload_abandon(loop.reload, RELOAD_ABANDON_MS);
    bool clean = outlets_close(loop.outlets, STOP_MS) && !abandoned;
    snapshot_unref(loop.snapshot);
    if (!abandoned) /* a thread that was left behind may still read it */
        check_site_done(&loop.site);
    if (loop.signals >= 0)
        close(loop.signals);
    *ret_clean = clean;
    return result < 0 ? EXIT_SOFTWARE : 0;
}

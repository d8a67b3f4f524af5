/* The loop of portconformd: one thread, which waits for events alone.
 *
 *     schedule --(due)--> visits --(complete)--> judged --> events, changed findings --> recorder --(on disk)--> told
 *        ^                                          |
 *        '--(interval; a change that waits; somebody asks; a listener of ours came or went)
 *
 * Design, and where it is better than one cycle after the other: a visit is one host, many at a time on one probe
 * engine, so a host that is silent delays nobody, and every host keeps its own interval. A host of which all was seen
 * as before costs no memory and no text (judge.h). Reading, planning and names have a thread of their own; SQLite,
 * SNMP, control and each syslog target have theirs.
 *
 * Time: every wait is by CLOCK_BOOTTIME, so setting the clock moves nothing. A machine that slept, or a process that
 * was stopped, wakes to probes whose time is up although nobody could answer: what was under way then is thrown away
 * and begun anew. */
#include "loop.h"

#include "internal.h"
#include "notify.h"
#include "privileges.h"

#include "portconform/error.h"
#include "portconform/log.h"
#include "portconform/text.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { STOP_MS = 700, FLUSH_MS = 300, RECORD_MS = 300 };
enum { WAIT_MOST_MS = 1000, SECOND_MS = 1000 };
enum { FOLLOW_MOST = 32 }; /* hosts a turn that follow another plan */
enum { FORGET_EVERY_MS = 3600 * 1000 };
enum { EVENTS_MOST = 16 };
enum { EXIT_SOFTWARE = 70 };

/* --- judged ------------------------------------------------------------------------------------------------------- */

static void log_visit(const struct loop *loop, const struct watch_visit *visit, const struct cycle *cycle)
{
    const char *host = loop->site.plan->hosts[visit->host].host->name;
    log_line(LOG_DEBUG, "visit of %s: %.3f s%s", host, (double)(loop->now.mono_ms - visit->due_ms) / 1000,
             visit->late ? ", late" : "");
    if (cycle_undecided(cycle) > 0)
        log_line(LOG_WARNING, "%zu probes of %s were not done in time and are not judged", cycle_undecided(cycle),
                 host);
}

static void show_listeners(struct loop *loop, size_t host)
{
    const struct host_seen *seen = &watch_seen(loop->watch)->hosts[host];
    const struct listener_table *table = seen->listeners_again != NULL ? seen->listeners_again : seen->listeners;
    /* without memory the last ones stay, and are replaced by the next */
    (void)publication_set_listeners(telling_publication(loop->telling), loop->site.plan->hosts[host].host->name, table);
}

static void judge_visit(void *context, const struct watch_visit *visit, const struct cycle *cycle, int64_t begun_ms)
{
    struct loop *loop = context;
    struct judgement judgement = {0};
    bool changed = false;
    loop->now = moment_now();
    int r = watch_judge(loop->watch, visit, loop->now, &judgement, &changed);
    if (r < 0) {
        log_line(LOG_ERR, "a visit could not be judged: %s", pc_strerror(r));
    } else {
        telling_judged(loop->telling, &judgement, changed, outlets_log_twice(loop->outlets));
        show_listeners(loop, visit->host);
        log_visit(loop, visit, cycle);
        planning_visited(loop, visit, cycle_undecided(cycle) > 0);
        asked_visited(loop, visit->host, begun_ms);
    }
    judgement_done(&judgement);
}

static void follow(struct loop *loop)
{
    struct judgement judgement = {0};
    bool changed = false;
    loop->following = watch_follow(loop->watch, FOLLOW_MOST, loop->now, &judgement, &changed);
    if (changed || judgement.transition_count > 0)
        telling_judged(loop->telling, &judgement, changed, outlets_log_twice(loop->outlets));
    judgement_done(&judgement);
}

static void published(void *context)
{
    struct loop *loop = context;
    if (loop->outlets != NULL)
        outlets_wake(loop->outlets);
    asked_published(loop);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static struct clocks clocks_now(void)
{
    return (struct clocks){.now = moment_now(), .awake_ms = clock_mono_us() / 1000};
}

/* Were we away, so that answers had no chance? Then nothing that was under way counts. */
static void see_the_clocks(struct loop *loop)
{
    const struct away_news *news = &loop->news_of_clocks;
    if (news->set_ms != 0) {
        watch_clock_set(loop->watch, news->set_ms);
        log_line(LOG_NOTICE, "the clock was set %s by %.1f s; nothing hangs on it but the times that are told",
                 news->set_ms > 0 ? "forward" : "back", (double)llabs(news->set_ms) / 1000);
    }
    if (!news->slept && !news->stopped)
        return;
    size_t dropped = visits_drop(loop->visits, loop->watch, loop->now);
    log_line(LOG_NOTICE, "%s for %.1f s: visits that were under way begin anew: %zu",
             news->slept ? "this machine slept" : "this process was not run", (double)news->absent_ms / 1000, dropped);
}

static void every_second(struct loop *loop)
{
    if (loop->now.mono_ms < loop->second_ms)
        return;
    loop->second_ms = loop->now.mono_ms + SECOND_MS;
    privileges_check();
    own_look(loop->own, loop->site.plan, loop->watch, loop->visits, loop->now);
    planning_step(loop);
    state_publish(loop);
    notify_alive(loop->now);
    if (loop->now.mono_ms >= loop->forget_ms) {
        visits_forget(loop->visits, loop->now);
        loop->forget_ms = loop->now.mono_ms + FORGET_EVERY_MS;
    }
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int wait_ms(const struct loop *loop)
{
    int64_t due_ms = sooner(loop->second_ms, telling_next_ms(loop->telling));
    due_ms = sooner(due_ms, visits_next_ms(loop->visits));
    if (visits_have_room(loop->visits))
        due_ms = sooner(due_ms, watch_next_ms(loop->watch));
    int64_t left_ms = loop->following ? 0 : due_ms - moment_now().mono_ms;
    if (left_ms < 0)
        return 0;
    return left_ms < WAIT_MOST_MS ? (int)left_ms : WAIT_MOST_MS;
}

/* --- descriptors -------------------------------------------------------------------------------------------------- */

enum source { FROM_SIGNALS, FROM_OTHERS };

static void read_signals(struct loop *loop)
{
    struct signalfd_siginfo info;
    while (read(loop->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            planning_ask_reload(loop);
        else
            loop->ending = true;
    }
}

static int watch_fd(struct loop *loop, int fd, enum source source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)source};
    if (fd < 0)
        return 0;
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* It leaves the set by being closed. Where it cannot be added, its end is seen a little later. */
void loop_watch_reload(struct loop *loop)
{
    (void)watch_fd(loop, reload_fd(loop->reload), FROM_OTHERS);
}

static int open_descriptors(struct loop *loop)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0)
        return -errno;
    loop->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    return loop->signals < 0 ? -errno : watch_fd(loop, loop->signals, FROM_SIGNALS);
}

/* What is there for as long as the loop is. A reload's descriptor comes and goes. */
static int watch_descriptors(struct loop *loop)
{
    struct control_server *control = outlets_control(loop->outlets);
    const int others[] = {visits_engine_fd(loop->visits), visits_remote_fd(loop->visits), telling_fd(loop->telling),
                          control == NULL ? -1 : control_server_fd(control)};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        int r = watch_fd(loop, others[i], FROM_OTHERS);
        if (r < 0)
            return r;
    }
    return 0;
}

/* --- turns -------------------------------------------------------------------------------------------------------- */

static void wait_for_events(struct loop *loop)
{
    struct epoll_event events[EVENTS_MOST];
    int timeout_ms = wait_ms(loop);
    int count = epoll_wait(loop->epoll, events, EVENTS_MOST, timeout_ms);
    const struct clocks clocks = clocks_now();
    loop->now = clocks.now;
    loop->news_of_clocks = away_turn(&loop->away, &clocks, timeout_ms);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u32 == FROM_SIGNALS)
            read_signals(loop);
    }
}

static bool reload_is_finished(const struct loop *loop)
{
    return loop->reload != NULL && reload_is_done(loop->reload);
}

static void turn(struct loop *loop)
{
    wait_for_events(loop);
    see_the_clocks(loop);
    if (reload_is_finished(loop))
        planning_finish(loop);
    asked_take(loop);
    visits_step(loop->visits, loop->watch, loop->now);
    every_second(loop);
    if (loop->following)
        follow(loop);
    if (!loop->ending)
        visits_begin(loop->visits, loop->watch, loop->site.plan, loop->now);
    telling_step(loop->telling, loop->watch, loop->now);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int begin_telling(struct loop *loop, struct recorded *ret_recorded)
{
    const char *folder = loop->options->state;
    const struct telling_options options = {
        .state = strcmp(folder, "none") != 0 ? folder : NULL,
        .published = published,
        .context = loop,
    };
    int r = telling_new(&options, &loop->telling, ret_recorded);
    if (r == -EBUSY)
        log_line(LOG_ERR, "another portconformd keeps its state in %s: end it, or give this one a folder by --state",
                 folder);
    if (r == 0)
        telling_set_bounds(loop->telling, &loop->site.plan->site->store);
    return r;
}

static int begin_watch(struct loop *loop, const struct snapshot *earlier)
{
    const struct plan *plan = loop->site.plan;
    const struct news_source source = {.site = plan->site, .vantage = plan->vantage_name};
    telling_set_source(loop->telling, &source, loop->now);
    int r = watch_new(plan, earlier, loop->now, &loop->watch);
    if (r < 0)
        return r;
    const struct visits_options visits = {.site = plan->site, .judge = judge_visit, .context = loop};
    const struct outlets_options outlets = {.program = loop->options, .telling = loop->telling};
    r = visits_new(&visits, &loop->visits);
    if (r == 0)
        r = own_new(&loop->own);
    if (r == 0)
        r = outlets_open(&outlets, plan, &loop->outlets);
    return r;
}

static int begin(struct loop *loop)
{
    struct recorded recorded = {.snapshot = NULL};
    int r = open_descriptors(loop);
    if (r == 0)
        r = begin_telling(loop, &recorded);
    if (r == 0)
        r = begin_watch(loop, recorded.snapshot);
    snapshot_unref(recorded.snapshot);
    if (r == 0)
        r = watch_descriptors(loop);
    if (r == 0)
        r = planning_begin(loop);
    return r;
}

static bool end(struct loop *loop)
{
    bool clean = planning_end(loop);
    if (!clean) /* a thread that was left behind may still read it */
        loop->site = (struct check_site){NULL, NULL};
    bool told = outlets_close(loop->outlets, STOP_MS);
    asked_end(loop);
    visits_free(loop->visits);
    own_free(loop->own);
    watch_free(loop->watch);
    if (told)
        telling_free(loop->telling, RECORD_MS);
    if (clean)
        check_site_done(&loop->site);
    if (loop->signals >= 0)
        close(loop->signals);
    if (loop->epoll >= 0)
        close(loop->epoll);
    return clean && told;
}

int loop_run(const struct daemon_options *options, struct check_site *site, bool *ret_clean)
{
    struct loop loop = {.options = options, .site = *site, .now = moment_now(), .epoll = -1, .signals = -1};
    int result = begin(&loop);
    if (result < 0) {
        log_line(LOG_ERR, "cannot start: %s", pc_strerror(result));
    } else {
        notify_ready("looking at its hosts");
        const struct clocks clocks = clocks_now();
        away_begin(&loop.away, &clocks);
        while (!loop.ending)
            turn(&loop);
        notify_stopping();
        const struct news_item item = {.kind = EVENT_STOPPED, .level = LOG_NOTICE};
        telling_say(loop.telling, &item, loop.now, "portconformd ends");
        telling_flush(loop.telling, loop.watch, FLUSH_MS);
    }
    *ret_clean = end(&loop);
    return result < 0 ? EXIT_SOFTWARE : 0;
}

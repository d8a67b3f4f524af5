/* The agent's thread: takes what is published, makes a view of it, and lets net-snmp answer from that. */
#include "internal.h"

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <net-snmp/library/large_fd_set.h>

#include "portconform/vector.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* At least so often the loop goes round, whatever net-snmp believes. */
enum { TURN_S = 1 };
enum { ROUNDS = 4 }; /* of reading, before anything else gets its turn */

static atomic_flag agent_exists = ATOMIC_FLAG_INIT;

int64_t agent_now_ms(void)
{
    return moment_now().mono_ms;
}

/* --- log --------------------------------------------------------------------------------------------------------- */

static void remember_error(struct agent *agent, const char *line)
{
    pthread_mutex_lock(&agent->lock);
    snprintf(agent->last_error, sizeof(agent->last_error), "%s", line);
    agent->told.last_error_ms = moment_now().wall_ms;
    pthread_mutex_unlock(&agent->lock);
}

/* net-snmp repeats itself at every attempt to connect; the same line twice in a row is told once. */
void agent_log(struct agent *agent, int level, const char *text)
{
    char line[LOG_TEXT];
    size_t length = strcspn(text, "\n");
    while (length > 0 && strchr(": ", text[length - 1]) != NULL) /* of a reason that it does not know */
        length--;
    if (length == 0)
        return;
    snprintf(line, sizeof(line), "%.*s", (int)(length < sizeof(line) ? length : sizeof(line) - 1), text);
    if (level <= LOG_WARNING)
        remember_error(agent, line);
    if (agent->options.log == NULL || strcmp(line, agent->last_text) == 0)
        return;
    memcpy(agent->last_text, line, sizeof(line));
    agent->options.log(level, line);
}

void agent_set_connected(struct agent *agent, bool connected)
{
    atomic_store(&agent->connected, connected);
    pthread_mutex_lock(&agent->lock);
    agent->told.state = connected ? SINK_UP : SINK_DOWN;
    agent->told.since_ms = moment_now().wall_ms;
    pthread_mutex_unlock(&agent->lock);
}

static void signal_event(int event)
{
    uint64_t one = 1;
    (void)!write(event, &one, sizeof(one)); /* a full counter is an event too */
}

/* --- what is served ----------------------------------------------------------------------------------------------- */

/* The store's numbers, and where there are none, numbers of this process. */
static uint32_t number_of(void *context, const char *space, const char *key)
{
    struct agent *agent = context;
    if (agent->options.number != NULL)
        return agent->options.number(agent->options.number_context, space, key);
    return mib_numbering_number(agent->numbering, space, key);
}

static void drop_listings(struct agent *agent)
{
    for (size_t i = 0; i < agent->listing_count; i++)
        listing_unref(agent->listings[i]);
    free(agent->listings);
    agent->listings = NULL;
    agent->listing_count = 0;
}

static void take_listings(struct agent *agent)
{
    uint64_t generation = publication_listings_generation(agent->options.publication);
    struct listing **listings;
    size_t count;
    if (generation == agent->listings_generation ||
        publication_listings(agent->options.publication, &listings, &count) < 0)
        return;
    drop_listings(agent);
    agent->listings_generation = generation;
    agent->listings = listings;
    agent->listing_count = count;
}

/* Takes the reference. */
static void adopt(struct agent *agent, struct snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    snapshot_unref(agent->snapshot);
    agent->snapshot = snapshot;
}

/* True: there is something new to make a view of. */
static bool take_published(struct agent *agent, struct mib_source *source)
{
    struct publication *publication = agent->options.publication;
    if (publication == NULL)
        return false;
    uint64_t generation = publication_generation(publication);
    if (generation == agent->generation)
        return false;
    agent->generation = generation;
    adopt(agent, publication_snapshot(publication, &source->recorded));
    take_listings(agent);
    return true;
}

static int make_view(struct agent *agent, struct mib_source *source)
{
    struct publication *publication = agent->options.publication;
    struct event **events = NULL;
    struct mib_view *view;
    if (publication != NULL) {
        source->status = publication_status(publication);
        events = calloc(PUBLICATION_EVENTS, sizeof(struct event *));
        if (events != NULL)
            source->event_count = publication_events(publication, 0, events, PUBLICATION_EVENTS);
    }
    source->snapshot = agent->snapshot;
    source->listings = agent->listings;
    source->listing_count = agent->listing_count;
    source->events = events;
    source->notifications = agent->notifier.counters;
    source->notifications.waiting = agent->notifier.in_flight;
    int result =
        publication != NULL && events == NULL ? -ENOMEM : mib_view_new(source, agent->view, &agent->numbers, &view);
    if (result == 0) {
        mib_view_free(agent->view);
        agent->view = view;
    }
    for (size_t i = 0; events != NULL && i < source->event_count; i++)
        event_unref(events[i]);
    free(events);
    status_unref(source->status);
    return result;
}

static void serve_published(struct agent *agent)
{
    struct mib_source source = {.recorded = false};
    if (take_published(agent, &source) && make_view(agent, &source) < 0)
        agent_log(agent, LOG_ERR, "out of memory: SNMP goes on serving what was published before");
}

/* --- the thread -------------------------------------------------------------------------------------------------- */

/* What net-snmp waits for now, and our own event in the first place. -ENOMEM. */
static int collect_descriptors(struct agent *agent, netsnmp_large_fd_set *set, struct timeval *timeout)
{
    int count = 0, block = 0;
    NETSNMP_LARGE_FD_ZERO(set);
    snmp_select_info2(&count, set, timeout, &block);
    agent->polled.count = 0;
    struct pollfd *slot = VECTOR_PUSH(&agent->polled);
    if (slot == NULL)
        return -ENOMEM;
    *slot = (struct pollfd){.fd = agent->wake, .events = POLLIN};
    for (int fd = 0; fd < count; fd++) {
        if (!NETSNMP_LARGE_FD_ISSET(fd, set))
            continue;
        if ((slot = VECTOR_PUSH(&agent->polled)) == NULL)
            return -ENOMEM;
        *slot = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    return 0;
}

/* Lets net-snmp read what is ready. A request goes through two pipes of its own before it is answered: they are asked
 * at once, so that a walk does not go the long way three times a request. True: our own event was among them. */
static bool read_ready(struct agent *agent, netsnmp_large_fd_set *set, int timeout_ms)
{
    bool woken = false;
    for (unsigned round = 0; round < ROUNDS; round++, timeout_ms = 0) {
        uint64_t times;
        if (poll(agent->polled.items, agent->polled.count, timeout_ms) <= 0)
            break;
        if (agent->polled.items[0].revents != 0)
            woken = read(agent->wake, &times, sizeof(times)) > 0;
        NETSNMP_LARGE_FD_ZERO(set);
        for (size_t i = 1; i < agent->polled.count; i++) {
            if (agent->polled.items[i].revents != 0)
                NETSNMP_LARGE_FD_SET(agent->polled.items[i].fd, set);
        }
        snmp_read2(set);
    }
    return woken;
}

/* One wait for whatever comes first: a request, an alarm of net-snmp's, or somebody of ours. True: there may be news;
 * a request alone is none, and in a walk one follows the other. */
static bool agent_turn(struct agent *agent, netsnmp_large_fd_set *set)
{
    struct timeval timeout = {.tv_sec = TURN_S};
    int64_t began_ms = agent_now_ms();
    bool news = collect_descriptors(agent, set, &timeout) < 0;
    news |= read_ready(agent, set, (int)(timeout.tv_sec * 1000 + (timeout.tv_usec + 999) / 1000));
    snmp_timeout();
    run_alarms();
    netsnmp_check_outstanding_agent_requests();
    if (began_ms >= agent->looked_ms + TURN_S * 1000) {
        agent->looked_ms = began_ms;
        news = true;
    }
    return news || agent->notifier.due;
}

static void *agent_main(void *context)
{
    struct agent *agent = context;
    netsnmp_large_fd_set set;
    netsnmp_large_fd_set_init(&set, FD_SETSIZE);
    serve_published(agent);
    bool open = session_open(agent);
    if (!open)
        agent_log(agent, LOG_ERR, "the SNMP side could not be set up: nothing is served by SNMP");
    for (bool news = true; open && !atomic_load(&agent->stop); news = agent_turn(agent, &set)) {
        if (news) {
            session_listen(agent);
            serve_published(agent);
            notify_work(agent);
        }
    }
    session_close(agent);
    agent_set_connected(agent, false);
    netsnmp_large_fd_set_cleanup(&set);
    signal_event(agent->ended);
    return NULL;
}

/* --- what others call -------------------------------------------------------------------------------------------- */

static void agent_free(struct agent *agent)
{
    if (agent == NULL)
        return;
    if (agent->wake >= 0)
        close(agent->wake);
    if (agent->ended >= 0)
        close(agent->ended);
    snapshot_unref(agent->snapshot);
    drop_listings(agent);
    VECTOR_DONE(&agent->polled);
    mib_view_free(agent->view);
    mib_numbering_free(agent->numbering);
    pthread_mutex_destroy(&agent->lock);
    free((char *)agent->options.socket);
    free((char *)agent->options.listen);
    free((char *)agent->options.config);
    free((char *)agent->options.state);
    free(agent);
    atomic_flag_clear(&agent_exists);
}

/* NULL stays NULL. */
static int own(const char **text)
{
    if (*text == NULL)
        return 0;
    *text = strdup(*text);
    return *text == NULL ? -ENOMEM : 0;
}

/* Each string is a copy or NULL afterwards, also on failure. */
static int own_strings(struct agent_options *options)
{
    int results[] = {own(&options->socket), own(&options->listen), own(&options->config), own(&options->state)};
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        if (results[i] < 0)
            return results[i];
    }
    return 0;
}

static int agent_new(const struct agent_options *options, struct agent **ret)
{
    if (atomic_flag_test_and_set(&agent_exists))
        return -EBUSY;
    struct agent *agent = calloc(1, sizeof(*agent));
    if (agent == NULL) {
        atomic_flag_clear(&agent_exists);
        return -ENOMEM;
    }
    pthread_mutex_init(&agent->lock, NULL);
    agent->options = *options;
    int result = own_strings(&agent->options);
    agent->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    agent->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (agent->wake < 0 || agent->ended < 0)
        result = -errno;
    agent->numbers = (struct mib_numbers){number_of, agent};
    agent->numbering = mib_numbering_new();
    if (agent->numbering == NULL)
        result = -ENOMEM;
    if (result == 0)
        result = mib_view_new(&(struct mib_source){.snapshot = NULL}, NULL, &agent->numbers, &agent->view);
    if (result < 0) {
        agent_free(agent);
        return result;
    }
    *ret = agent;
    return 0;
}

int agent_start(const struct agent_options *options, struct agent **ret)
{
    struct agent *agent;
    int result = agent_new(options, &agent);
    if (result < 0)
        return result;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the thread inherits it: signals are for the main loop */
    result = -pthread_create(&agent->thread, NULL, agent_main, agent);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result < 0) {
        agent_free(agent);
        return result;
    }
    *ret = agent;
    return 0;
}

void agent_wake(struct agent *agent)
{
    if (agent != NULL)
        signal_event(agent->wake);
}

bool agent_connected(const struct agent *agent)
{
    return atomic_load(&agent->connected);
}

int agent_status(struct agent *agent, struct arena *arena, struct sink_status *ret)
{
    const struct agent_options *options = &agent->options;
    const char *target = options->listen != NULL ? options->listen : options->socket;
    pthread_mutex_lock(&agent->lock);
    struct sink_status status = agent->told;
    status.last_error = agent->last_error[0] == '\0' ? NULL : arena_strdup(arena, agent->last_error);
    bool good = agent->last_error[0] == '\0' || status.last_error != NULL;
    pthread_mutex_unlock(&agent->lock);
    status.name = "snmp";
    status.target = arena_strdup(arena, target == NULL ? AGENT_USUAL_SOCKET : target);
    if (!good || status.target == NULL)
        return -ENOMEM;
    *ret = status;
    return 0;
}

bool agent_stop(struct agent *agent, unsigned timeout_ms)
{
    if (agent == NULL)
        return true;
    struct pollfd ended = {.fd = agent->ended, .events = POLLIN};
    atomic_store(&agent->stop, true);
    signal_event(agent->wake);
    if (poll(&ended, 1, (int)timeout_ms) <= 0) {
        pthread_detach(agent->thread);
        return false;
    }
    pthread_join(agent->thread, NULL);
    agent_free(agent);
    return true;
}

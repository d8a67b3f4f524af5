/* A daemon without looks, for tests of the control socket: `control_daemon SITE SOCKET [--empty]`. It looks once, as a
 * check does, publishes that, serves the socket, and does what its standard input says, a line each:
 *
 *     look               looks again and publishes
 *     conforming         publishes a snapshot in which every expectation conforms, without a look
 *     unlooked           publishes what a daemon has that was just started: hosts, and nothing known of them
 *     old SECONDS        publishes the last findings as if they were that old
 *     reject TEXT        the next reloads are refused with that text ("\n" is a new line); "accept" ends it
 *     silent             commands from the socket are taken and never done
 *     event HOST TEXT    an event about that host's first finding
 *
 * Each line is answered by "done" on standard output; its end ends the daemon. */
#include "portconform/check.h"
#include "portconform/control_server.h"
#include "portconform/judge.h"
#include "portconform/vector.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct probe_choice probes[] = {
    {.transport = TRANSPORT_TCP, .kind = &probe_kind_tcp},
    {.transport = TRANSPORT_UDP, .kind = &probe_kind_udp},
    {.kind = NULL},
};

struct harness {
    struct check_site site;
    struct publication *publication;
    struct control_server *server;
    struct snapshot *snapshot;
    char *rejected; /* NULL: reloads are accepted */
    bool silent;
    uint64_t last_event;
    struct {
        struct event **items;
        size_t count, capacity;
    } events;
};

static void publish_status(struct harness *harness)
{
    struct status *status = status_new();
    if (!status)
        abort();
    const struct plan *plan = harness->site.plan;
    status->version = PC_VERSION;
    status->site = arena_strdup(status->arena, plan->site->name);
    status->vantage = arena_strdup(status->arena, plan->vantage_name);
    status->at = moment_now();
    status->started_ms = status->at.wall_ms - 3 * 86400000LL - 15060000;
    status->pid = getpid();
    status->config = "/etc/portconform/site.conf";
    status->config_loaded_ms = status->started_ms;
    status->config_generation = 4;
    status->config_rejected = harness->rejected != NULL;
    status->config_error = harness->rejected ? arena_strdup(status->arena, harness->rejected) : NULL;
    status->config_rejected_ms = harness->rejected ? status->at.wall_ms : 0;
    status->hosts = plan->host_count;
    status->flows = plan->flow_count;
    status->interval_s = plan->site->interval_s;
    status->last_visit_ms = status->at.wall_ms;
    status->confinement = "none: this is a test";
    struct sink_status *sinks = ARENA_ARRAY(status->arena, struct sink_status, 2);
    if (!sinks)
        abort();
    sinks[0] =
        (struct sink_status){.name = "siem1", .target = "tls:siem1.example:6514", .state = SINK_UP, .sent = 1204};
    sinks[1] = (struct sink_status){.name = "siem2",
                                    .target = "udp:10.0.9.5:514",
                                    .state = SINK_DOWN,
                                    .queued = 3,
                                    .last_error = "connection refused",
                                    .last_error_ms = status->at.wall_ms};
    status->syslog = sinks;
    status->syslog_count = 2;
    publication_set_status(harness->publication, status);
    status_unref(status);
}

static void publish(struct harness *harness, struct snapshot *snapshot)
{
    publish_status(harness);
    publication_set_snapshot(harness->publication, snapshot, true);
    snapshot_unref(harness->snapshot);
    harness->snapshot = snapshot;
}

static void look(struct harness *harness)
{
    struct cycle_options options = {
        .probes = probes,
        .deadline_mono_ms = moment_now().mono_ms + 60000,
        .mode = JUDGE_ONE_SHOT,
        .owners = true,
    };
    struct cycle *cycle = NULL;
    struct judgement judgement = {.snapshot = NULL};
    if (cycle_run(harness->site.plan, &options, &cycle, &judgement) < 0)
        abort();
    publish(harness, judgement.snapshot);
    judgement.snapshot = NULL;
    judgement_done(&judgement);
    cycle_free(cycle);
}

static struct finding_block *conforming_block(const struct plan_host *host, int64_t now_ms)
{
    struct finding_block *block = finding_block_new(host->host->name);
    for (size_t i = 0; block && i < host->expectation_count; i++) {
        const struct expectation *expectation = &host->expectations[i];
        struct finding *finding = finding_block_add(block);
        if (!finding)
            abort();
        finding->key = arena_strdup(block->arena, expectation->key);
        finding->host = block->host;
        finding->role = "-";
        finding->transport = expectation->range.transport;
        finding->ports = arena_printf(block->arena, "%u", (unsigned)expectation->range.low);
        finding->port = (uint16_t)expectation->range.low;
        finding->verdict = VERDICT_CONFORMING;
        finding->observed_ms = now_ms;
        finding->rule = arena_strdup(block->arena, expectation->rule->id);
    }
    if (block)
        finding_block_sort(block);
    return block;
}

static struct finding_block *unlooked_block(const struct plan *plan, const struct plan_host *host)
{
    struct finding_block *block = finding_block_new(host->host->name);
    if (block)
        block->judged.plan = plan->serial;
    return block;
}

static void conform(struct harness *harness, int64_t age_ms, bool looked)
{
    const struct plan *plan = harness->site.plan;
    struct finding_block **blocks = calloc(plan->host_count + 1, sizeof(struct finding_block *));
    struct snapshot head = {.site = plan->site->name,
                            .vantage = plan->vantage_name,
                            .acts_as = "",
                            .config_hash = plan->config->hash,
                            .finished = moment_now(),
                            .host_count = plan->host_count};
    head.finished.mono_ms -= age_ms;
    head.finished.wall_ms -= age_ms;
    if (!blocks || !(blocks[0] = finding_block_new(NULL)))
        abort();
    for (size_t i = 0; i < plan->host_count; i++)
        if (!(blocks[i + 1] = looked ? conforming_block(&plan->hosts[i], head.finished.wall_ms)
                                     : unlooked_block(plan, &plan->hosts[i])))
            abort();
    struct snapshot *snapshot = snapshot_new(&head, blocks, plan->host_count + 1);
    free(blocks);
    if (!snapshot)
        abort();
    publish(harness, snapshot);
}

static void add_event(struct harness *harness, const char *host, const char *message)
{
    const struct finding *finding = NULL;
    for (size_t i = 0; harness->snapshot && i < harness->snapshot->block_count; i++) {
        const struct finding_block *block = harness->snapshot->blocks[i];
        if (block->host && strcmp(block->host, host) == 0 && block->count > 0)
            finding = &block->items[0];
    }
    struct event *event = event_new(EVENT_RAISED, moment_now());
    const struct event_texts texts = {.site = "lab", .message = message, .finding = finding};
    struct event **slot = VECTOR_PUSH(&harness->events);
    if (!event || !slot || event_fill(event, &texts) < 0)
        abort();
    event->id = ++harness->last_event;
    *slot = event;
    publication_add_event(harness->publication, event);
}

/* The newest first, as the store gives them. */
static int history(void *context, const struct history_query *query, void (*each)(void *, const struct event *),
                   void *each_context)
{
    const struct harness *harness = context;
    size_t most = query->most ? query->most : 100;
    for (size_t i = harness->events.count; i > 0 && most > 0; i--) {
        const struct event *event = harness->events.items[i - 1];
        const struct finding *finding = event->finding;
        if (query->host && (!finding || strcmp(finding->host, query->host) != 0))
            continue;
        if (query->port && (!finding || finding->port != query->port))
            continue;
        each(each_context, event);
        most--;
    }
    return 0;
}

static void take_commands(struct harness *harness)
{
    struct control_command command;
    while (control_server_next(harness->server, &command)) {
        free(command.host);
        if (harness->silent)
            continue;
        if (command.kind == CONTROL_CHECK_NOW)
            look(harness);
        bool refused = command.kind == CONTROL_RELOAD && harness->rejected;
        control_server_done(harness->server, command.ticket, refused ? -EINVAL : 0, refused ? harness->rejected : NULL);
    }
}

static char *unescape(const char *text)
{
    char *copy = strdup(text);
    for (char *at = copy; at && (at = strstr(at, "\\n")); at++) {
        *at = '\n';
        memmove(at + 1, at + 2, strlen(at + 2) + 1);
    }
    return copy;
}

static void obey(struct harness *harness, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    char *rest = line + strcspn(line, " ");
    if (*rest)
        *rest++ = '\0';
    if (strcmp(line, "look") == 0) {
        look(harness);
    } else if (strcmp(line, "conforming") == 0) {
        conform(harness, 0, true);
    } else if (strcmp(line, "unlooked") == 0) {
        conform(harness, 0, false);
    } else if (strcmp(line, "old") == 0) {
        conform(harness, strtoll(rest, NULL, 10) * 1000, true);
    } else if (strcmp(line, "silent") == 0) {
        harness->silent = true;
    } else if (strcmp(line, "event") == 0) {
        char *message = rest + strcspn(rest, " ");
        if (*message)
            *message++ = '\0';
        add_event(harness, rest, message);
    } else if (strcmp(line, "reject") == 0 || strcmp(line, "accept") == 0) {
        free(harness->rejected);
        harness->rejected = line[0] == 'r' ? unescape(rest) : NULL;
        publish_status(harness);
    }
    puts("done");
    fflush(stdout);
}

static void serve(struct harness *harness)
{
    char line[1024];
    struct pollfd waits[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = control_server_fd(harness->server), .events = POLLIN}};
    setvbuf(stdin, NULL, _IONBF, 0);
    for (;;) {
        if (poll(waits, 2, -1) < 0 && errno != EINTR)
            return;
        if (waits[1].revents)
            take_commands(harness);
        if (waits[0].revents && !fgets(line, sizeof(line), stdin))
            return;
        if (waits[0].revents)
            obey(harness, line);
    }
}

static int start(struct harness *harness, char **argv)
{
    struct diag_list diags;
    struct text error = {0};
    const struct check_site_request request = {.path = argv[1], .lookup = check_lookup_none};
    if (diag_list_init(&diags) < 0)
        return -ENOMEM;
    int r = check_site_open(&request, &harness->site, &diags);
    for (size_t i = 0; i < diags.count; i++)
        diag_print(&diags.items[i], stderr);
    diag_list_done(&diags);
    const struct control_server_options options = {
        .socket = argv[2],
        .group = getenv("CONTROL_GROUP"),
        .publication = harness->publication,
        .history = history,
        .history_context = harness,
    };
    if (r == 0)
        r = control_server_start(&options, &harness->server, &error);
    if (r < 0)
        fprintf(stderr, "%s\n", text_string(&error));
    else
        r = control_server_set_site(harness->server, harness->site.plan);
    text_done(&error);
    return r;
}

int main(int argc, char **argv)
{
    struct harness harness = {.publication = publication_new()};
    if (argc < 3 || !harness.publication)
        return 3;
    int r = start(&harness, argv);
    if (r == 0) {
        if (argc == 3)
            look(&harness);
        puts("ready");
        fflush(stdout);
        serve(&harness);
    }
    if (!control_server_stop(harness.server, 5000))
        _exit(4);
    for (size_t i = 0; i < harness.events.count; i++)
        event_unref(harness.events.items[i]);
    VECTOR_DONE(&harness.events);
    snapshot_unref(harness.snapshot);
    publication_free(harness.publication);
    check_site_done(&harness.site);
    free(harness.rejected);
    return r < 0 ? 3 : 0;
}

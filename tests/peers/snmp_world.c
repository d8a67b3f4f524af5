/* The SNMP side without a daemon behind it: a publication with as many hosts and findings as wanted, changed by
 * commands on stdin. For tests with managers and for measurements.
 *
 *     snmp_world [--socket S | --listen L] [--config F] [--state DIR] [--pen N] [--hosts N] [--findings N]
 *
 *     raise HOST N      the first N findings of the host become missing; an event each
 *     clear HOST N      ... conforming
 *     reject TEXT       the configuration is rejected
 *     down NAME, up NAME  the syslog target
 *     connected         waits until the agent is
 *     quit              as the end of the input
 *
 * Each command is answered by a line: "done ID", the newest event's. */
#include "portconform/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOSTS_MAX = 10000, NAME_TEXT = 32, LINE = 512 };

struct world {
    struct publication *publication;
    struct agent *agent;
    struct finding_block *blocks[HOSTS_MAX + 1];
    unsigned hosts, findings;
    uint64_t last_id;
    const char *rejected; /* of the configuration */
    bool down;            /* the syslog target */
};

static void fail(const char *what)
{
    fprintf(stderr, "snmp_world: %s\n", what);
    exit(EXIT_FAILURE);
}

static void *must(void *pointer)
{
    if (pointer == NULL)
        fail("out of memory");
    return pointer;
}

static void log_to_stderr(int level, const char *text)
{
    fprintf(stderr, "<%d>%s\n", level, text);
}

/* A host's findings: the first `missing` of them are. */
static struct finding_block *make_block(unsigned host, unsigned findings, unsigned missing, struct moment now)
{
    char name[NAME_TEXT];
    snprintf(name, sizeof(name), "srv%05u", host);
    struct finding_block *block = must(finding_block_new(name));
    for (unsigned i = 0; i < findings; i++) {
        struct finding *finding = must(finding_block_add(block));
        unsigned port = 1024 + i % 60000;
        finding->key = must(arena_printf(block->arena, "%s|manager|jp1-itdm/manager/%u|tcp %u", name, i, port));
        finding->host = block->host;
        finding->role = finding->component = "manager";
        finding->ports = must(arena_printf(block->arena, "%u", port));
        finding->port = (uint16_t)port;
        finding->transport = TRANSPORT_TCP;
        finding->verdict = i < missing ? VERDICT_MISSING : VERDICT_CONFORMING;
        finding->severity = i < missing ? SEVERITY_CRITICAL : SEVERITY_OK;
        finding->reason = i < missing ? REASON_NOBODY_LISTENS : REASON_ACCEPTED;
        finding->blame = i < missing ? BLAME_SERVER : BLAME_NONE;
        finding->class = i < missing ? CLASS_AVAILABILITY : CLASS_NONE;
        finding->presence = "required";
        finding->scope = "network";
        finding->guide = "jp1-itdm";
        finding->ref = must(arena_printf(block->arena, "manager/%u", i));
        finding->rule = must(arena_printf(block->arena, "jp1-itdm/manager/%u", i));
        finding->about = "Communication from agents";
        finding->listener = i < missing ? "no listener" : "jdn_manager (jp1.service) on *, queue 0/128";
        finding->probe = i < missing ? "RST" : "open, 0.3 ms";
        finding->since_ms = finding->observed_ms = now.wall_ms;
        finding->looks = 3;
        finding->address.family = AF_INET;
        finding->address.octets[0] = 10;
        finding->address.octets[2] = (uint8_t)(host / 250);
        finding->address.octets[3] = (uint8_t)(host % 250 + 1);
    }
    finding_block_sort(block);
    return block;
}

static void publish(struct world *world)
{
    struct snapshot head = {
        .site = "osaka-dc", .vantage = "mon1", .acts_as = "jp1-itdm agent", .config_hash = "c0ffee"};
    struct finding_block **blocks = must(calloc(world->hosts + 1, sizeof(struct finding_block *)));
    head.finished = moment_now();
    head.took_ms = 12;
    head.host_count = world->hosts;
    for (unsigned i = 0; i <= world->hosts; i++)
        blocks[i] = finding_block_ref(world->blocks[i]);
    struct snapshot *snapshot = must(snapshot_new(&head, blocks, world->hosts + 1));
    free(blocks);
    publication_set_snapshot(world->publication, snapshot, true);
    snapshot_unref(snapshot);
}

static void publish_status(struct world *world)
{
    struct status *status = must(status_new());
    struct sink_status *target = must(arena_alloc(status->arena, sizeof(*target)));
    status->version = PC_VERSION;
    status->at = moment_now();
    status->started_ms = status->config_loaded_ms = status->at.wall_ms;
    status->config = "/etc/portconform/site.conf";
    status->config_generation = 1;
    status->config_rejected = world->rejected != NULL;
    status->config_error = world->rejected == NULL ? NULL : must(arena_strdup(status->arena, world->rejected));
    status->interval_s = 60;
    status->store.state = STORE_GOOD;
    status->store.boot = "00112233aabbccdd";
    *target =
        (struct sink_status){.name = "siem", .target = "udp:192.0.2.5:514", .state = world->down ? SINK_DOWN : SINK_UP};
    status->syslog = target;
    status->syslog_count = 1;
    publication_set_status(world->publication, status);
    status_unref(status);
}

static void publish_listeners(struct world *world)
{
    struct listener items[] = {
        {.transport = TRANSPORT_TCP,
         .port = 22,
         .address.family = AF_INET,
         .owner = {.exe = "/usr/sbin/sshd", .pid = 812}},
        {.transport = TRANSPORT_UDP, .port = 161, .address.family = AF_INET6, .v6only = V6ONLY_NO},
    };
    struct listener_table table = {.status = LISTENERS_SEEN, .source = "kernel", .items = items, .count = 2};
    table.taken = moment_now();
    for (unsigned i = 1; i <= world->hosts && i <= 3; i++) {
        if (publication_set_listeners(world->publication, world->blocks[i]->host, &table) < 0)
            fail("out of memory");
    }
}

static void add_event(struct world *world, enum event_kind kind, const struct finding *finding,
                      struct event_texts texts)
{
    struct event *event = must(event_new(kind, moment_now()));
    texts.site = "osaka-dc";
    texts.vantage = "mon1";
    texts.finding = finding;
    if (event_fill(event, &texts) < 0)
        fail("out of memory");
    event->id = ++world->last_id;
    event->was = kind == EVENT_RAISED ? VERDICT_CONFORMING : VERDICT_MISSING;
    publication_add_event(world->publication, event);
    event_unref(event);
}

static void change(struct world *world, unsigned host, unsigned count, bool raise)
{
    if (host < 1 || host > world->hosts || count > world->findings)
        fail("no such host, or not so many findings");
    struct finding_block *block = make_block(host, world->findings, raise ? count : 0, moment_now());
    finding_block_unref(world->blocks[host]);
    world->blocks[host] = block;
    publish(world);
    for (size_t i = 0, told = 0; i < block->count && told < count; i++) {
        if (raise && block->items[i].verdict != VERDICT_MISSING)
            continue;
        add_event(
            world, raise ? EVENT_RAISED : EVENT_CLEARED, &block->items[i],
            (struct event_texts){.message = raise ? "tcp 31000 is missing: no program listens" : "tcp 31000 conforms",
                                 .owner = "unix-ops@example.jp"});
        told++;
    }
}

/* False: to end. */
static bool command(struct world *world, char *line)
{
    unsigned host, count;
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "quit") == 0)
        return false;
    if (sscanf(line, "raise srv%u %u", &host, &count) == 2) {
        change(world, host, count, true);
    } else if (sscanf(line, "clear srv%u %u", &host, &count) == 2) {
        change(world, host, count, false);
    } else if (strncmp(line, "reject ", 7) == 0) {
        world->rejected = line + 7;
        publish_status(world);
        world->rejected = NULL;
        add_event(world, EVENT_CONFIG_REJECTED, NULL,
                  (struct event_texts){.message = "the new configuration is rejected, the old one stays in force"});
    } else if (strncmp(line, "down ", 5) == 0 || strncmp(line, "up ", 3) == 0) {
        world->down = line[0] == 'd';
        publish_status(world);
        add_event(world, world->down ? EVENT_TARGET_DOWN : EVENT_TARGET_UP, NULL,
                  (struct event_texts){.message = "a target of syslog", .target = strchr(line, ' ') + 1});
    } else if (strcmp(line, "connected") == 0) {
        while (!agent_connected(world->agent))
            usleep(20000);
    } else {
        fail(line);
    }
    agent_wake(world->agent);
    printf("done %llu\n", (unsigned long long)world->last_id);
    fflush(stdout);
    return true;
}

static void read_arguments(int argc, char **argv, struct world *world, struct agent_options *options)
{
    world->hosts = 3;
    world->findings = 4;
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "--socket") == 0)
            options->socket = value;
        else if (strcmp(name, "--listen") == 0)
            options->listen = value;
        else if (strcmp(name, "--config") == 0)
            options->config = value;
        else if (strcmp(name, "--state") == 0)
            options->state = value;
        else if (strcmp(name, "--pen") == 0)
            options->pen = (uint32_t)strtoul(value, NULL, 10);
        else if (strcmp(name, "--hosts") == 0)
            world->hosts = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(name, "--findings") == 0)
            world->findings = (unsigned)strtoul(value, NULL, 10);
        else
            fail(name);
    }
    if (world->hosts < 1 || world->hosts > HOSTS_MAX)
        fail("--hosts");
}

int main(int argc, char **argv)
{
    static struct world world;
    char line[LINE];
    struct agent_options options = {.log = log_to_stderr};
    read_arguments(argc, argv, &world, &options);
    if (setenv("MIBS", "", 1) < 0 || setenv("MIBDIRS", "/nowhere", 1) < 0 ||
        setenv("SNMPCONFPATH", "/nowhere", 1) < 0 || setenv("SNMP_PERSISTENT_DIR", "/dev/null/snmp", 1) < 0)
        fail("setenv");
    world.publication = must(publication_new());
    world.blocks[0] = must(finding_block_new(NULL));
    for (unsigned i = 1; i <= world.hosts; i++)
        world.blocks[i] = make_block(i, world.findings, i == 1 ? 1 : 0, moment_now());
    publish(&world);
    publish_status(&world);
    publish_listeners(&world);
    options.publication = world.publication;
    if (agent_start(&options, &world.agent) < 0)
        fail("the agent does not start");
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin) != NULL && command(&world, line))
        ;
    if (!agent_stop(world.agent, 2000))
        _exit(EXIT_FAILURE);
    publication_free(world.publication);
    for (unsigned i = 0; i <= world.hosts; i++)
        finding_block_unref(world.blocks[i]);
    return EXIT_SUCCESS;
}

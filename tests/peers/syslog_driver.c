/* Drives store and senders without a daemon: usage: syslog_driver FOLDER|- MOST_QUEUED, then lines on standard input.
 *
 *   target NAME PLACE [KEY=VALUE]...   one more target; keys: format header framing octets ca certificate key name
 * least start                              opens the store's queues and starts the senders events COUNT findings raised
 * and cleared, in order, a transaction for each hundred status                             NAME STATE SENT QUEUED
 * DROPPED RESENT FAILED LAST_SEQ ERROR, a line a target memory                             resident KiB now, and the
 * most so far stop MS                            ends the senders, then the store
 *
 * Each command answers with what it has to say and a line "done". The end of the input ends it as `stop 2000` does. */
#include "portconform/error.h"
#include "portconform/log.h"
#include "portconform/syslog.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TARGETS = 8, BATCH = 100 };

struct driver {
    struct recorder *recorder;
    struct arena *arena;
    struct syslog_target targets[TARGETS];
    struct sender *senders[TARGETS];
    size_t count;
    unsigned long made; /* events */
};

static void die(const char *what, int result)
{
    fprintf(stderr, "syslog_driver: %s: %s\n", what, pc_strerror(result));
    exit(2);
}

static void log_to_stderr(int level, const char *text)
{
    fprintf(stderr, "<%d>%s\n", level, text);
}

static unsigned word_of(const char *const *words, const char *word)
{
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    fprintf(stderr, "syslog_driver: no such word: %s\n", word);
    exit(2);
}

static void set_key(struct driver *driver, struct syslog_target *target, char *text)
{
    char *value = strchr(text, '=');
    if (value == NULL)
        die(text, PC_ESYNTAX);
    *value++ = '\0';
    const char *kept = arena_strdup(driver->arena, value);
    if (strcmp(text, "format") == 0)
        target->format = word_of(syslog_format_words, value);
    else if (strcmp(text, "header") == 0)
        target->header = word_of(syslog_header_words, value);
    else if (strcmp(text, "framing") == 0)
        target->framing = word_of(syslog_framing_words, value);
    else if (strcmp(text, "octets") == 0)
        target->most_octets = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(text, "ca") == 0)
        target->tls.ca = kept;
    else if (strcmp(text, "certificate") == 0)
        target->tls.certificate = kept;
    else if (strcmp(text, "key") == 0)
        target->tls.key = kept;
    else if (strcmp(text, "name") == 0)
        target->tls.name = kept;
    else if (strcmp(text, "least") == 0)
        target->tls.least = strcmp(value, "1.3") == 0 ? SYSLOG_TLS_1_3 : SYSLOG_TLS_1_2;
    else
        die(text, PC_ESYNTAX);
}

static void add_target(struct driver *driver, char *words)
{
    const char *name = strtok(words, " "), *place = strtok(NULL, " ");
    if (driver->count == TARGETS || place == NULL)
        die("target", PC_ESYNTAX);
    struct syslog_target *target = &driver->targets[driver->count];
    if (!syslog_target_init(target, arena_strdup(driver->arena, name), arena_strdup(driver->arena, place)))
        die(place, PC_ESYNTAX);
    for (char *key = strtok(NULL, " "); key != NULL; key = strtok(NULL, " "))
        set_key(driver, target, key);
    driver->count++;
}

static void start(struct driver *driver)
{
    const struct syslog_origin origin = {.hostname = "mon1.example.jp", .pid = getpid()};
    struct outbox_target queues[TARGETS] = {0};
    for (size_t i = 0; i < driver->count; i++)
        queues[i] = (struct outbox_target){.name = driver->targets[i].name, .choice = driver->targets[i].choice};
    int result = recorder_set_targets(driver->recorder, queues, driver->count);
    for (size_t i = 0; result == 0 && i < driver->count; i++)
        result = sender_start(&driver->targets[i], &origin, outbox_open(driver->recorder, driver->targets[i].name),
                              &driver->senders[i]);
    if (result < 0)
        die("start", result);
}

static struct event *make_event(unsigned long number)
{
    char key[64], message[160];
    const bool is_cleared = number % 2 == 1;
    const unsigned port = (unsigned)(1024 + number / 2 % 60000);
    snprintf(key, sizeof(key), "mgr01|manager|jp1-itdm/agent/%lu|%u", number / 2, port);
    snprintf(message, sizeof(message), "event %lu: tcp %u on mgr01 (10.0.1.10) %s", number, port,
             is_cleared ? "conforms" : "is missing: nobody listens");
    struct finding finding = {
        .key = key,
        .host = "mgr01",
        .role = "manager",
        .transport = TRANSPORT_TCP,
        .ports = "31000",
        .port = (uint16_t)port,
        .verdict = is_cleared ? VERDICT_CONFORMING : VERDICT_MISSING,
        .severity = is_cleared ? SEVERITY_OK : SEVERITY_CRITICAL,
        .reason = is_cleared ? REASON_ACCEPTED : REASON_NOBODY_LISTENS,
        .blame = BLAME_SERVER,
        .class = CLASS_AVAILABILITY,
        .guide = "jp1-itdm",
        .ref = "agent/2",
        .rule = "jp1-itdm/agent/2",
    };
    const struct event_texts texts = {
        .site = "osaka-dc", .vantage = "mon1", .message = message, .finding = &finding, .owner = "unix-ops@example.jp"};
    struct event *event = event_new(is_cleared ? EVENT_CLEARED : EVENT_RAISED, moment_now());
    if (event == NULL || address_parse("10.0.1.10", &finding.address) < 0 || event_fill(event, &texts) < 0)
        die("event", -12);
    event->was = is_cleared ? VERDICT_MISSING : VERDICT_CONFORMING;
    return event;
}

/* Waits until what was submitted is done, so that the memory of what waits for the disk is not what is measured. */
static void wait_for_ticket(struct driver *driver, int64_t ticket)
{
    bool on_disk;
    struct pollfd fd = {.fd = recorder_fd(driver->recorder), .events = POLLIN};
    while (recorder_done_ticket(driver->recorder, &on_disk) < ticket)
        (void)poll(&fd, 1, -1);
}

static void make_events(struct driver *driver, unsigned long count)
{
    while (count > 0) {
        size_t batch = count < BATCH ? count : BATCH;
        struct record record = {.events = calloc(batch, sizeof(struct event *)), .event_count = batch};
        if (record.events == NULL)
            die("events", -12);
        for (size_t i = 0; i < batch; i++)
            record.events[i] = make_event(driver->made++);
        int64_t ticket = recorder_submit(driver->recorder, &record);
        if (ticket < 0)
            die("submit", (int)ticket);
        wait_for_ticket(driver, ticket);
        count -= batch;
    }
}

static void tell_status(struct driver *driver)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < driver->count; i++) {
        struct sink_status status;
        if (arena == NULL || sender_status(driver->senders[i], arena, &status) < 0)
            die("status", -12);
        printf("%s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", status.name,
               sink_state_name(status.state), status.sent, status.queued, status.dropped, status.resent, status.failed,
               status.last_seq, status.last_error == NULL ? "-" : status.last_error);
    }
    arena_free(arena);
}

static void tell_memory(void)
{
    char line[256];
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0 || strncmp(line, "VmHWM:", 6) == 0)
            fputs(line, stdout);
    }
    if (file != NULL)
        fclose(file);
}

static void stop(struct driver *driver, unsigned timeout_ms)
{
    for (size_t i = 0; i < driver->count; i++) {
        if (driver->senders[i] != NULL)
            sender_end(driver->senders[i], timeout_ms);
    }
    for (size_t i = 0; i < driver->count; i++) {
        sender_stop(driver->senders[i], timeout_ms);
        driver->senders[i] = NULL;
    }
    recorder_stop(driver->recorder, timeout_ms);
    driver->recorder = NULL;
}

static void obey(struct driver *driver, char *line)
{
    char *argument = strchr(line, ' ');
    if (argument != NULL)
        *argument++ = '\0';
    if (strcmp(line, "target") == 0 && argument != NULL)
        add_target(driver, argument);
    else if (strcmp(line, "start") == 0)
        start(driver);
    else if (strcmp(line, "events") == 0 && argument != NULL)
        make_events(driver, strtoul(argument, NULL, 10));
    else if (strcmp(line, "status") == 0)
        tell_status(driver);
    else if (strcmp(line, "memory") == 0)
        tell_memory();
    else if (strcmp(line, "stop") == 0 && argument != NULL)
        stop(driver, (unsigned)strtoul(argument, NULL, 10));
    else
        die(line, PC_ESYNTAX);
    puts("done");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct driver driver = {.arena = arena_new()};
    struct recorded state = {0};
    char line[4096];
    if (argc != 3 || driver.arena == NULL)
        die("usage: syslog_driver FOLDER|- MOST_QUEUED", PC_ESYNTAX);
    const struct recorder_options options = {.folder = strcmp(argv[1], "-") == 0 ? NULL : argv[1],
                                             .most_queued = strtoul(argv[2], NULL, 10),
                                             .log = log_to_stderr};
    int result = recorder_start(&options, &driver.recorder, &state);
    if (result < 0)
        die("recorder", result);
    snapshot_unref(state.snapshot);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        obey(&driver, line);
    }
    if (driver.recorder != NULL)
        stop(&driver, 2000);
    arena_free(driver.arena);
    return 0;
}

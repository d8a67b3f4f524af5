/* kill -9 at any moment: a child submits and sends, is killed, and the next one goes on. What it did it says into a
 * pipe, which outlives it. No id and no seq is ever given to two events, no seq is left out, and whatever was confirmed
 * to be on disk arrives. */
#include "store_world.h"

#include <signal.h>
#include <sys/wait.h>

enum { LIVES = 40, NUMBERS = 100000 };

/* A line of the child's: R received, C confirmed. Short enough to be written whole or not at all. */
struct line {
    char what;
    char boot[17];
    uint64_t seq, id, number;
};

static void say(int fd, const struct line *line)
{
    ssize_t written = write(fd, line, sizeof *line);
    if (written != (ssize_t)sizeof *line)
        _exit(1);
}

static void child_receive(struct outbox *outbox, int fd)
{
    struct outbox_item item;
    while (outbox_next(outbox, &item) == 0) {
        struct line line = {.what = 'R', .seq = item.seq, .id = item.event->id, .number = item.event->count};
        memcpy(line.boot, item.boot, sizeof line.boot);
        say(fd, &line);
        event_unref(item.event);
        if (item.seq % 3 == 0)
            outbox_acknowledge(outbox, item.seq);
    }
}

/* Never returns: it is killed. */
static void child_live(const struct place *place, uint64_t number, int fd)
{
    struct recorder *recorder = recorder_at(place, NULL);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    for (;; number += 2) {
        int64_t ticket = submit_range(recorder, number, number + 1);
        bool on_disk = false;
        while (recorder_done_ticket(recorder, &on_disk) < ticket || !on_disk) {
            child_receive(outbox, fd);
            wait_for(recorder_fd(recorder));
        }
        say(fd, &(struct line){.what = 'C', .number = number + 1});
        child_receive(outbox, fd);
    }
}

struct ledger {
    char boot[17];
    uint64_t seq;       /* the highest received */
    uint64_t confirmed; /* the highest number */
    uint64_t *number_of_seq, *id_of_number;
    size_t received;
};

static void ledger_receive(struct ledger *ledger, const struct line *line)
{
    if (ledger->boot[0] == '\0')
        memcpy(ledger->boot, line->boot, sizeof ledger->boot);
    assert_string_equal(line->boot, ledger->boot);
    assert_true(line->seq < NUMBERS && line->number < NUMBERS);
    assert_true(line->seq <= ledger->seq + 1); /* none is left out */
    if (ledger->number_of_seq[line->seq] != 0)
        assert_int_equal(ledger->number_of_seq[line->seq], line->number);
    if (ledger->id_of_number[line->number] != 0)
        assert_int_equal(ledger->id_of_number[line->number], line->id);
    ledger->number_of_seq[line->seq] = line->number;
    ledger->id_of_number[line->number] = line->id;
    if (line->seq > ledger->seq)
        ledger->seq = line->seq;
    ledger->received++;
}

/* What the child says, until it has said `lines`, and then, once it is dead, the rest. */
static void listen_to(struct ledger *ledger, int fd, pid_t child, int lines)
{
    struct line line;
    while (read(fd, &line, sizeof line) == (ssize_t)sizeof line) {
        if (line.what == 'C' && line.number > ledger->confirmed)
            ledger->confirmed = line.number;
        if (line.what == 'R')
            ledger_receive(ledger, &line);
        if (--lines == 0)
            assert_int_equal(kill(child, SIGKILL), 0);
    }
}

static uint64_t live(const struct place *place, struct ledger *ledger, uint64_t number, int lines)
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        child_live(place, number, ends[1]);
    }
    close(ends[1]);
    listen_to(ledger, ends[0], child, lines);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return number + 1000; /* more than it can have submitted */
}

/* Ids of different events differ. */
static int by_value(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

static void expect_unique(const uint64_t *ids)
{
    uint64_t *sorted = calloc(NUMBERS, sizeof *sorted);
    size_t count = 0;
    for (size_t i = 0; i < NUMBERS; i++) {
        if (ids[i] != 0)
            sorted[count++] = ids[i];
    }
    qsort(sorted, count, sizeof *sorted, by_value);
    for (size_t i = 1; i < count; i++)
        assert_true(sorted[i] > sorted[i - 1]);
    free(sorted);
}

static void nothing_is_lost_invented_or_counted_twice(void **state)
{
    (void)state;
    struct place place = place_new();
    struct ledger ledger = {.number_of_seq = calloc(NUMBERS, sizeof(uint64_t)),
                            .id_of_number = calloc(NUMBERS, sizeof(uint64_t))};
    uint64_t number = 1;
    srand(11);
    for (int i = 0; i < LIVES; i++)
        number = live(&place, &ledger, number, 1 + rand() % 60);
    struct recorder *recorder = recorder_at(&place, NULL); /* the last one takes all that is left */
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    wait_on_disk(recorder, submit_range(recorder, number, number));
    for (uint64_t last = 0; last != number;) {
        struct outbox_item item = take(outbox);
        struct line line = {.seq = item.seq, .id = item.event->id, .number = last = item.event->count};
        memcpy(line.boot, item.boot, sizeof line.boot);
        ledger_receive(&ledger, &line);
        event_unref(item.event);
    }
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    for (uint64_t seq = 1; seq <= ledger.seq; seq++)
        assert_int_not_equal(ledger.number_of_seq[seq], 0);
    expect_unique(ledger.id_of_number);
    assert_true(ledger.received > LIVES);
    assert_true(ledger.confirmed > 0);
    assert_int_equal(files_beginning(&place, "store.db.20"), 0);
    free(ledger.number_of_seq);
    free(ledger.id_of_number);
    place_done(&place);
}

/* Within a life the numbers are without a hole: what was confirmed has arrived, for every life. */
static void what_was_confirmed_arrives(void **state)
{
    (void)state;
    srand(5);
    for (int i = 0; i < LIVES / 4; i++) {
        struct place place = place_new();
        struct ledger ledger = {.number_of_seq = calloc(NUMBERS, sizeof(uint64_t)),
                                .id_of_number = calloc(NUMBERS, sizeof(uint64_t))};
        live(&place, &ledger, 1, 1 + rand() % 80);
        struct recorder *recorder = recorder_at(&place, NULL);
        one_target(recorder, "siem");
        struct outbox *outbox = outbox_open(recorder, "siem");
        while (ledger.seq < ledger.confirmed) { /* with one life, the seq of an event is its number */
            struct outbox_item item = take(outbox);
            assert_int_equal(item.event->count, item.seq);
            ledger.seq = item.seq > ledger.seq ? item.seq : ledger.seq;
            event_unref(item.event);
        }
        outbox_close(outbox);
        recorder_stop(recorder, WORLD_STOP_MS);
        free(ledger.number_of_seq);
        free(ledger.id_of_number);
        place_done(&place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_invented_or_counted_twice),
        cmocka_unit_test(what_was_confirmed_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

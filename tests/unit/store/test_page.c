/* The page beside the store: a run that is killed while its disk takes nothing has told what no store knows. The next
 * run gives no id twice, begins a new boot, and says so to every target. */
#include "store_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bad_disk.h"

static struct recorder *quick_recorder_at(const struct place *place)
{
    struct recorder_options options = {.folder = place->folder, .retry_ms = 1};
    return recorder_made_with(&options, NULL);
}

static char *page_path(struct arena *arena, const struct place *place)
{
    return arena_printf(arena, "%s/store.page", place->folder);
}

struct told {
    uint64_t id, seq;
    char boot[17];
};

static struct told told_by(struct outbox *outbox)
{
    struct outbox_item item = take(outbox);
    struct told told = {.id = item.event->id, .seq = item.seq};
    memcpy(told.boot, item.boot, sizeof told.boot);
    event_unref(item.event);
    outbox_acknowledge(outbox, item.seq);
    return told;
}

/* Three events that the disk takes, then so many that it does not; the last thing told is said into the pipe. */
static void child_live(const struct place *place, uint64_t beyond, int fd)
{
    struct told last = {.id = 0};
    struct recorder *recorder = quick_recorder_at(place);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    wait_on_disk(recorder, submit_range(recorder, 1, 3));
    bad_disk_fail(1, SIZE_MAX, SQLITE_FULL);
    for (uint64_t first = 4; first < 4 + beyond; first += 1000) {
        uint64_t left = 4 + beyond - first, count = left < 1000 ? left : 1000;
        wait_done(recorder, submit_range(recorder, first, first + count - 1));
        for (uint64_t i = 0; i < count; i++)
            last = told_by(outbox);
    }
    ssize_t written = write(fd, &last, sizeof last);
    (void)written;
    pause(); /* until it is killed */
}

static struct told live_and_be_killed(const struct place *place, uint64_t beyond)
{
    struct told last = {.id = 0};
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        child_live(place, beyond, ends[1]);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &last, sizeof last), sizeof last);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(ends[0]);
    return last;
}

/* Told first of all. Returns its id. */
static uint64_t expect_left_behind(struct outbox *outbox, const struct told *last)
{
    struct outbox_item item = take(outbox);
    assert_int_equal(item.event->kind, EVENT_EVENTS_LOST);
    assert_int_equal(item.event->count, 0); /* nobody knows how many */
    assert_non_null(strstr(item.event->message, "the program ended while its store could not be written"));
    assert_int_equal(item.seq, 1);
    assert_string_not_equal(item.boot, last->boot);
    uint64_t id = item.event->id;
    event_unref(item.event);
    outbox_acknowledge(outbox, 1);
    return id;
}

static void what_was_told_beyond_the_store_gives_no_number_twice(uint64_t beyond)
{
    struct place place = place_new();
    struct told last = live_and_be_killed(&place, beyond);
    assert_true(last.seq >= beyond);
    struct recorder *recorder = quick_recorder_at(&place);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    assert_true(expect_left_behind(outbox, &last) > last.id);
    struct told next = {.id = last.id};
    for (uint64_t number = 1; number <= 3; number++) { /* what the store held comes again, as events of the new boot */
        struct told again = told_by(outbox);
        assert_true(again.id > next.id);
        next = again;
    }
    submit_range(recorder, 1000000, 1000000);
    assert_true(expect_event(outbox, next.seq + 1, 1000000) > next.id);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    recorder = quick_recorder_at(&place); /* and that boot goes on */
    one_target(recorder, "siem");
    outbox = outbox_open(recorder, "siem");
    struct outbox_item item = take(outbox);
    assert_string_equal(item.boot, next.boot);
    assert_int_equal(item.seq, next.seq + 1);
    event_unref(item.event);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    place_done(&place);
}

static void killed_during_an_outage(void **state)
{
    (void)state;
    what_was_told_beyond_the_store_gives_no_number_twice(20);
}

static void killed_after_more_events_than_a_reserve_holds(void **state)
{
    (void)state;
    what_was_told_beyond_the_store_gives_no_number_twice(150000);
}

/* What the store held for a target that the next run does not have. */
static void what_nobody_waits_for_any_more_is_told(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    struct told last = live_and_be_killed(&place, 5);
    struct recorder *recorder = quick_recorder_at(&place);
    one_target(recorder, "renamed");
    struct outbox *outbox = outbox_open(recorder, "renamed");
    assert_true(expect_left_behind(outbox, &last) > last.id);
    struct outbox_item item = take(outbox);
    assert_int_equal(item.event->kind, EVENT_EVENTS_LOST);
    assert_string_equal(item.event->target, "siem");
    assert_int_equal(item.event->count, 3);
    assert_int_equal(status_of(recorder, arena).abandoned, 3);
    event_unref(item.event);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_done(&place);
}

/* The disk is still full when the next run begins: it may be opened and fail at the n-th thing that is written, or not
 * be opened at all. Whatever this run could find out, the targets are told once, and when there is room all goes on. */
static void the_disk_is_still_full_at_the_next_start(size_t from)
{
    struct place place = place_new();
    struct arena *arena = arena_new();
    struct told last = live_and_be_killed(&place, 5);
    bad_disk_fail(from, SIZE_MAX, SQLITE_FULL);
    struct recorder *recorder = quick_recorder_at(&place);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    (void)expect_left_behind(outbox, &last);
    bad_disk_fail(0, 0, 0);
    submit_range(recorder, 1000, 1000);
    uint64_t last_number = 0, losses = 0, numbered = 0;
    for (uint64_t seq = 2; last_number < 1000 || numbered < 4; seq++) { /* three of the last run, and one of this */
        struct outbox_item item = take(outbox);
        assert_int_equal(item.seq, seq);
        losses += item.event->kind == EVENT_EVENTS_LOST ? 1 : 0;
        numbered += item.event->kind == EVENT_RAISED ? 1 : 0;
        if (item.event->kind == EVENT_RAISED && item.event->count > last_number)
            last_number = item.event->count;
        event_unref(item.event);
        outbox_acknowledge(outbox, seq);
    }
    assert_int_equal(losses, 0);
    wait_on_disk(recorder, 1);
    assert_int_equal(status_of(recorder, arena).state, STORE_GOOD);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    assert_int_equal(files_beginning(&place, "store.db.20"), 0);
    arena_free(arena);
    place_done(&place);
}

static void a_run_that_cannot_write_either_tells_what_was_left_behind(void **state)
{
    (void)state;
    for (size_t from = 1; from <= 16; from++)
        the_disk_is_still_full_at_the_next_start(from);
}

/* --- the page itself --------------------------------------------------------------------------------------------- */

static size_t first_octets(const char *path, char *octets, size_t size)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t length = read(fd, octets, size);
    close(fd);
    assert_true(length >= 0);
    return (size_t)length;
}

static bool page_says_beyond(const char *path)
{
    char page[8192];
    assert_int_equal(first_octets(path, page, sizeof page), 4096);
    page[64] = '\0';
    return strstr(page, "beyond 1") != NULL;
}

static void a_trouble_that_is_over_leaves_no_mark(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    char *path = page_path(arena, &place);
    struct recorder *recorder = quick_recorder_at(&place);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    char *boot = arena_strdup(arena, status_of(recorder, arena).boot);
    assert_false(page_says_beyond(path));
    bad_disk_fail(1, SIZE_MAX, SQLITE_FULL);
    submit_range(recorder, 1, 1);
    while (told_by(outbox).seq < 2)
        continue;
    assert_true(page_says_beyond(path)); /* before anything was told */
    bad_disk_fail(0, 0, 0);
    while (told_by(outbox).seq < 3)
        continue;
    wait_on_disk(recorder, 1);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    assert_false(page_says_beyond(path));
    recorder = quick_recorder_at(&place);
    assert_string_equal(status_of(recorder, arena).boot, boot);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_done(&place);
}

static void overwrite(const char *path, off_t at, const char *octets)
{
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, octets, strlen(octets), at), strlen(octets));
    close(fd);
}

/* Every way to spoil it; each is noticed, set aside, and taken for the worst where the last run was killed. */
static void spoil(const char *path, int way)
{
    if (way == 0)
        overwrite(path, 20, "x");
    else if (way == 1)
        overwrite(path, 4000, "x");
    else if (way == 2)
        assert_int_equal(truncate(path, 4095), 0);
    else if (way == 3)
        assert_int_equal(truncate(path, 0), 0);
    else
        assert_int_equal(unlink(path), 0);
}

static void a_damaged_page_is_set_aside_and_the_worst_assumed(void **state)
{
    (void)state;
    for (int way = 0; way < 5; way++) {
        struct place place = place_new();
        struct arena *arena = arena_new();
        struct told last = live_and_be_killed(&place, 5);
        spoil(page_path(arena, &place), way);
        struct recorder *recorder = quick_recorder_at(&place);
        one_target(recorder, "siem");
        struct outbox *outbox = outbox_open(recorder, "siem");
        assert_true(expect_left_behind(outbox, &last) > last.id);
        outbox_close(outbox);
        recorder_stop(recorder, WORLD_STOP_MS);
        assert_int_equal(files_beginning(&place, "store.page.20"), way < 4 ? 1 : 0);
        assert_int_equal(files_beginning(&place, "store.db.20"), 0);
        assert_false(page_says_beyond(page_path(arena, &place)));
        arena_free(arena);
        place_done(&place);
    }
}

static void after_an_end_in_order_a_damaged_page_costs_nothing(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    struct recorder *recorder = quick_recorder_at(&place);
    char *boot = arena_strdup(arena, status_of(recorder, arena).boot);
    recorder_stop(recorder, WORLD_STOP_MS);
    spoil(page_path(arena, &place), 0);
    recorder = quick_recorder_at(&place);
    assert_string_equal(status_of(recorder, arena).boot, boot);
    recorder_stop(recorder, WORLD_STOP_MS);
    assert_int_equal(files_beginning(&place, "store.page.20"), 1);
    arena_free(arena);
    place_done(&place);
}

/* A file that may not be written is as a file on a disk that may only be read. */
static void a_page_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    struct recorder *recorder = quick_recorder_at(&place);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max}), 0);
    bad_disk_fail(1, SIZE_MAX, SQLITE_FULL);
    submit_range(recorder, 1, 1);
    expect_event(outbox, 1, 1); /* told all the same */
    struct outbox_item item = take(outbox);
    assert_int_equal(item.event->kind, EVENT_TARGET_DOWN);
    assert_non_null(strstr(item.event->message, "killed now, it may number events twice"));
    event_unref(item.event);
    assert_non_null(strstr(status_of(recorder, arena).error, "the page beside it cannot be written: File too large"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    bad_disk_fail(0, 0, 0);
    item = take(outbox);
    assert_int_equal(item.event->kind, EVENT_TARGET_UP);
    event_unref(item.event);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    assert_false(page_says_beyond(page_path(arena, &place)));
    arena_free(arena);
    place_done(&place);
}

static int begin(void **state)
{
    (void)state;
    bad_disk_begin();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_during_an_outage),
        cmocka_unit_test(killed_after_more_events_than_a_reserve_holds),
        cmocka_unit_test(what_nobody_waits_for_any_more_is_told),
        cmocka_unit_test(a_run_that_cannot_write_either_tells_what_was_left_behind),
        cmocka_unit_test(a_trouble_that_is_over_leaves_no_mark),
        cmocka_unit_test(a_page_that_cannot_be_written_is_told),
        cmocka_unit_test(a_damaged_page_is_set_aside_and_the_worst_assumed),
        cmocka_unit_test(after_an_end_in_order_a_damaged_page_costs_nothing),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}

/* Real disks in trouble, in a mount namespace of our own: one of 64 KiB that is full, one that may only be read. */
#include "store_world.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "unit/skip.h"

static struct place place_on_tmpfs(const char *size)
{
    struct place place = place_new();
    char options[32];
    snprintf(options, sizeof options, "size=%s", size);
    if (mount("tmpfs", place.folder, "tmpfs", 0, options) != 0) {
        rmdir(place.folder);
        SKIP("a disk of a size of our own needs root, for mount()");
    }
    return place;
}

static void place_unmount(const struct place *place)
{
    assert_int_equal(umount(place->folder), 0);
    assert_int_equal(rmdir(place->folder), 0);
}

static void place_remount(const struct place *place, unsigned long flags, const char *options)
{
    assert_int_equal(mount("tmpfs", place->folder, "tmpfs", MS_REMOUNT | flags, options), 0);
}

static struct recorder *quick_recorder_at(const struct place *place, struct recorded *ret_state)
{
    struct recorder_options options = {.folder = place->folder, .retry_ms = 1};
    return recorder_made_with(&options, ret_state);
}

/* Takes until TARGET_UP has come. Returns how many events about findings there were. */
static size_t take_until_up(struct outbox *outbox)
{
    size_t count = 0;
    for (bool up = false; !up;) {
        struct outbox_item item = take(outbox);
        up = item.event->kind == EVENT_TARGET_UP;
        count += item.event->kind == EVENT_RAISED ? 1 : 0;
        event_unref(item.event);
        outbox_acknowledge(outbox, item.seq);
    }
    return count;
}

static void no_event(void *context, const struct event *event)
{
    (void)context, (void)event;
    fail();
}

/* The file is there, its tables are not: there was no room for them. */
static void who_asks_for_the_history_of_a_store_that_was_never_made_gets_an_answer(void **state)
{
    (void)state;
    struct place place = place_on_tmpfs("64k");
    struct arena *arena = arena_new();
    struct recorder *recorder = quick_recorder_at(&place, NULL);
    const struct history_query all = {.host = NULL}, one = {.host = "mgr01"};
    assert_true(recorder_history(recorder, &all, no_event, NULL) <= 0);
    assert_true(recorder_history(recorder, &one, no_event, NULL) <= 0);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_unmount(&place);
}

static void a_disk_of_64k_is_full(void **state)
{
    (void)state;
    struct place place = place_on_tmpfs("64k");
    struct arena *arena = arena_new();
    struct recorder *recorder = quick_recorder_at(&place, NULL);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    size_t count = 0;
    while (count < 200) { /* more than fits */
        wait_done(recorder, submit_range(recorder, count + 1, count + 10));
        for (size_t end = count + 10; count < end;) {
            struct outbox_item item = take(outbox);
            count += item.event->kind == EVENT_RAISED ? 1 : 0;
            event_unref(item.event);
        }
    }
    assert_int_equal(status_of(recorder, arena).state, STORE_FULL);
    assert_int_equal(outbox_dropped(outbox), 0);
    place_remount(&place, 0, "size=16m");
    outbox_rewind(outbox);
    assert_true(take_until_up(outbox) > 0);
    wait_on_disk(recorder, 1);
    assert_int_equal(status_of(recorder, arena).state, STORE_GOOD);
    assert_true(status_of(recorder, arena).events >= 200);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_unmount(&place);
}

/* Takes all the room that is left. */
static void fill(const struct place *place)
{
    char path[100], octets[4096] = {0};
    snprintf(path, sizeof path, "%s/filler", place->folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    while (write(fd, octets, sizeof octets) > 0)
        continue;
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void a_disk_that_fills_up_has_room_for_the_page(void **state)
{
    (void)state;
    struct place place = place_on_tmpfs("1m");
    struct arena *arena = arena_new();
    struct recorder *recorder = quick_recorder_at(&place, NULL);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    wait_on_disk(recorder, submit_range(recorder, 1, 3));
    fill(&place);
    uint64_t last = 3;
    for (; status_of(recorder, arena).state == STORE_GOOD; last += 100)
        wait_done(recorder, submit_range(recorder, last + 1, last + 100));
    assert_int_equal(status_of(recorder, arena).state, STORE_FULL);
    assert_null(strstr(status_of(recorder, arena).error, "page"));
    char path[100], page[64] = {0};
    snprintf(path, sizeof path, "%s/store.page", place.folder);
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, page, sizeof page - 1), sizeof page - 1);
    close(fd);
    assert_non_null(strstr(page, "beyond 1"));
    place_remount(&place, 0, "size=16m");
    assert_int_equal(take_until_up(outbox), last);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_unmount(&place);
}

static void count_event(void *context, const struct event *event)
{
    assert_non_null(event->finding);
    ++*(size_t *)context;
}

static void a_disk_that_may_only_be_read(void **state)
{
    (void)state;
    struct place place = place_on_tmpfs("16m");
    struct arena *arena = arena_new();
    struct recorder *recorder = quick_recorder_at(&place, NULL);
    one_target(recorder, "siem");
    char *boot = arena_strdup(arena, status_of(recorder, arena).boot);
    uint32_t number = recorder_number(recorder, "finding", "k");
    struct finding_block *block = finding_block_new(NULL);
    struct record record = {.snapshot = snapshot_new(&(struct snapshot){.site = "osaka"}, &block, 1)};
    assert_true(recorder_submit(recorder, &record) > 0);
    wait_on_disk(recorder, submit_range(recorder, 1, 200)); /* nobody takes them */
    recorder_stop(recorder, WORLD_STOP_MS);
    place_remount(&place, MS_RDONLY, NULL);

    struct recorded left;
    recorder = quick_recorder_at(&place, &left);
    assert_non_null(left.snapshot); /* reading is all that it takes */
    snapshot_unref(left.snapshot);
    assert_int_equal(status_of(recorder, arena).state, STORE_READ_ONLY);
    assert_string_not_equal(status_of(recorder, arena).boot, boot);
    assert_int_equal(recorder_number(recorder, "finding", "k"), number);
    const struct history_query newest = {.most = 20};
    size_t told = 0;
    assert_int_equal(recorder_history(recorder, &newest, count_event, &told), 0);
    assert_int_equal(told, 20);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    struct outbox_item item = take(outbox);
    assert_int_equal(item.event->kind, EVENT_TARGET_DOWN);
    event_unref(item.event);
    submit_range(recorder, 1001, 1001);
    expect_event(outbox, 2, 1001);
    place_remount(&place, 0, NULL);
    for (size_t older = 0; older < 200;) { /* what the earlier boot left comes behind */
        item = take(outbox);
        if (item.event->kind == EVENT_RAISED)
            assert_int_equal(item.event->count, ++older);
        event_unref(item.event);
        outbox_acknowledge(outbox, item.seq);
    }
    expect_nothing(outbox);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    recorder = quick_recorder_at(&place, NULL);
    one_target(recorder, "siem");
    outbox = outbox_open(recorder, "siem");
    expect_nothing(outbox);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_unmount(&place);
}

/* Mounts of the test are nobody else's. */
static int begin(void **state)
{
    (void)state;
    if (unshare(CLONE_NEWNS) == 0)
        (void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_of_64k_is_full),
        cmocka_unit_test(who_asks_for_the_history_of_a_store_that_was_never_made_gets_an_answer),
        cmocka_unit_test(a_disk_that_fills_up_has_room_for_the_page),
        cmocka_unit_test(a_disk_that_may_only_be_read),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}

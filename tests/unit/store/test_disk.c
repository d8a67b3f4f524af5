/* The recorder with a store: what one run leaves, the next one goes on with. */
#include "store_world.h"

#include <sqlite3.h>

/* A snapshot of the hosts host0, host1, ... with so many findings each; `changed` findings (in all) differ by their
 * verdict, and everything by what every look changes. */
static struct snapshot *snapshot_of(size_t hosts, size_t findings, size_t changed, unsigned looks)
{
    struct finding_block **blocks = calloc(hosts + 1, sizeof(struct finding_block *));
    blocks[0] = finding_block_new(NULL);
    for (size_t i = 0; i < hosts; i++) {
        char host[32], key[96];
        snprintf(host, sizeof host, "host%zu", i);
        struct finding_block *block = blocks[i + 1] = finding_block_new(host);
        assert_non_null(block);
        for (size_t k = 0; k < findings; k++) {
            struct finding *finding = finding_block_add(block);
            snprintf(key, sizeof key, "%s|manager|r|tcp-%05zu", host, k);
            bool differs = i * findings + k < changed;
            struct finding filled = {.key = key,
                                     .host = host,
                                     .role = "manager",
                                     .verdict = differs ? VERDICT_MISSING : VERDICT_CONFORMING,
                                     .severity = differs ? SEVERITY_CRITICAL : SEVERITY_OK,
                                     .since_ms = 1700000000000,
                                     .observed_ms = 1700000000000 + looks,
                                     .looks = looks,
                                     .pending = VERDICT_RESET,
                                     .pending_looks = 1};
            assert_int_equal(finding_copy(finding, &filled, block->arena), 0);
        }
        finding_block_sort(block);
    }
    struct snapshot head = {.site = "osaka",
                            .vantage = "mon1",
                            .acts_as = "guide browser",
                            .config_hash = "abc",
                            .finished = {.wall_ms = 1700000000123},
                            .took_ms = 7,
                            .host_count = hosts};
    struct snapshot *snapshot = snapshot_new(&head, blocks, hosts + 1);
    assert_non_null(snapshot);
    free(blocks);
    return snapshot;
}

static int64_t submit_snapshot(struct recorder *recorder, struct snapshot *snapshot)
{
    struct record record = {.snapshot = snapshot};
    int64_t ticket = recorder_submit(recorder, &record);
    assert_true(ticket > 0);
    return ticket;
}

static int64_t ask(const struct place *place, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *query;
    assert_int_equal(sqlite3_open_v2(place->file, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    int64_t answer = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(db);
    return answer;
}

static void alter(const struct place *place, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_store_is_made_where_there_is_none(void **state)
{
    (void)state;
    struct place place = place_new();
    struct place deep = place;
    strcat(deep.folder, "/a/b");
    struct recorded left;
    struct recorder *recorder = recorder_at(&deep, &left);
    assert_true(left.fresh);
    assert_null(left.snapshot);
    struct arena *arena = arena_new();
    struct store_status status = status_of(recorder, arena);
    assert_int_equal(status.state, STORE_GOOD);
    assert_null(status.error);
    assert_null(status.set_aside);
    struct stat folder;
    assert_int_equal(stat(deep.folder, &folder), 0);
    assert_int_equal(folder.st_mode & 0777, 0700);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_done(&place);
}

static void what_a_run_leaves_the_next_goes_on_with(void **state)
{
    (void)state;
    struct place place = place_new();
    struct recorder *recorder = recorder_at(&place, NULL);
    struct arena *arena = arena_new();
    char *boot = arena_strdup(arena, status_of(recorder, arena).boot);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    wait_on_disk(recorder, submit_range(recorder, 1, 5));
    uint64_t second_id = 0;
    for (uint64_t i = 1; i <= 4; i++)
        second_id = expect_event(outbox, i, i);
    outbox_acknowledge(outbox, 3);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);

    struct recorded left;
    recorder = recorder_at(&place, &left);
    assert_false(left.fresh && left.snapshot != NULL);
    assert_string_equal(status_of(recorder, arena).boot, boot);
    one_target(recorder, "siem");
    outbox = outbox_open(recorder, "siem");
    assert_int_equal(outbox_queued(outbox), 2);
    assert_int_equal(expect_event(outbox, 4, 4), second_id); /* the same event again */
    uint64_t last = expect_event(outbox, 5, 5);
    wait_done(recorder, submit_range(recorder, 6, 6));
    assert_true(expect_event(outbox, 6, 6) > last);
    outbox_acknowledge(outbox, 6);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);

    recorder = recorder_at(&place, NULL);
    one_target(recorder, "siem");
    outbox = outbox_open(recorder, "siem");
    expect_nothing(outbox);
    wait_done(recorder, submit_range(recorder, 7, 7));
    expect_event(outbox, 7, 7); /* seq goes on though the queue was empty */
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    assert_int_equal(ask(&place, "SELECT count(*) FROM events"), 7);
    assert_int_equal(ask(&place, "SELECT count(*) FROM outbox"), 1);
    arena_free(arena);
    place_done(&place);
}

static void nothing_is_told_before_it_is_on_disk(void **state)
{
    (void)state;
    struct place place = place_new();
    struct recorder *recorder = recorder_at(&place, NULL);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    for (uint64_t i = 1; i <= 50; i++) {
        char sql[80];
        submit_range(recorder, i, i);
        expect_event(outbox, i, i);
        snprintf(sql, sizeof sql, "SELECT count(*) FROM outbox WHERE seq = %d", (int)i);
        assert_int_equal(ask(&place, sql), 1);
    }
    struct arena *arena = arena_new();
    assert_int_equal(status_of(recorder, arena).unrecorded, 0);
    arena_free(arena);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    place_done(&place);
}

static void a_long_queue_is_on_disk_and_its_beginning_in_memory(void **state)
{
    (void)state;
    enum { EVENTS = 3000 };
    struct place place = place_new();
    struct recorder *recorder = recorder_at(&place, NULL);
    one_target(recorder, "siem");
    for (uint64_t i = 1; i <= EVENTS; i += 100)
        wait_on_disk(recorder, submit_range(recorder, i, i + 99));
    struct outbox *outbox = outbox_open(recorder, "siem");
    for (uint64_t i = 1; i <= EVENTS / 2; i++)
        expect_event(outbox, i, i);
    outbox_acknowledge(outbox, 100);
    assert_int_equal(outbox_rewind(outbox), EVENTS / 2 - 100); /* further back than the window reaches */
    for (uint64_t i = 101; i <= EVENTS; i++) {
        expect_event(outbox, i, i);
        if (i % 7 == 0)
            outbox_acknowledge(outbox, i);
    }
    expect_nothing(outbox);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    place_done(&place);
}

static void a_full_queue_loses_its_oldest_over_restarts_too(void **state)
{
    (void)state;
    struct place place = place_new();
    struct recorder_options options = {.folder = place.folder, .most_queued = 20};
    struct recorder *recorder = recorder_made_with(&options, NULL);
    one_target(recorder, "siem");
    for (uint64_t i = 1; i <= 60; i += 10)
        wait_on_disk(recorder, submit_range(recorder, i, i + 9));
    struct outbox *outbox = outbox_open(recorder, "siem");
    uint64_t dropped = outbox_dropped(outbox);
    assert_in_range(dropped, 39, 41);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    recorder = recorder_made_with(&options, NULL);
    one_target(recorder, "siem");
    outbox = outbox_open(recorder, "siem");
    uint64_t id = expect_loss(outbox, 1, dropped);
    for (uint64_t i = dropped + 1; i <= 60; i++)
        assert_true(expect_event(outbox, i, i) != id);
    outbox_acknowledge(outbox, 60);
    expect_nothing(outbox);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    assert_int_equal(ask(&place, "SELECT count(*) FROM outbox"), 0);
    place_done(&place);
}

/* ... but a word to the others of what it had not got. */
static void a_target_that_is_gone_leaves_nothing(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    struct recorder *recorder = recorder_at(&place, NULL);
    const struct outbox_target both[] = {{.name = "a"}, {.name = "b"}};
    assert_int_equal(recorder_set_targets(recorder, both, 2), 0);
    wait_on_disk(recorder, submit_range(recorder, 1, 3));
    one_target(recorder, "b");
    assert_int_equal(status_of(recorder, arena).abandoned, 3);
    struct event *made[2];
    assert_int_equal(recorder_made(recorder, made, 2), 1);
    assert_int_equal(made[0]->kind, EVENT_EVENTS_LOST);
    assert_string_equal(made[0]->target, "a");
    assert_int_equal(made[0]->count, 3);
    assert_int_equal(made[0]->from, 0);
    event_unref(made[0]);
    recorder_stop(recorder, WORLD_STOP_MS);
    assert_int_equal(ask(&place, "SELECT count(*) FROM targets"), 1);
    assert_int_equal(ask(&place, "SELECT count(*) FROM outbox"), 4);
    arena_free(arena);
    place_done(&place);
}

/* --- findings ---------------------------------------------------------------------------------------------------- */

static void findings_come_back_as_they_were(void **state)
{
    (void)state;
    struct place place = place_new();
    struct recorder *recorder = recorder_at(&place, NULL);
    wait_on_disk(recorder, submit_snapshot(recorder, snapshot_of(3, 10, 4, 5)));
    recorder_stop(recorder, WORLD_STOP_MS);
    struct recorded left;
    recorder = recorder_at(&place, &left);
    assert_non_null(left.snapshot);
    assert_false(left.fresh);
    assert_int_equal(left.snapshot->block_count, 4);
    assert_int_equal(left.snapshot->host_count, 3);
    assert_string_equal(left.snapshot->site, "osaka");
    assert_string_equal(left.snapshot->acts_as, "guide browser");
    assert_int_equal(left.snapshot->finished.wall_ms, 1700000000123);
    assert_int_equal(left.snapshot->took_ms, 7);
    assert_null(left.snapshot->blocks[0]->host);
    assert_string_equal(left.snapshot->blocks[3]->host, "host2");
    assert_int_equal(left.snapshot->blocks[3]->count, 10);
    const struct finding *finding = finding_block_find(left.snapshot->blocks[1], "host0|manager|r|tcp-00003");
    assert_int_equal(finding->verdict, VERDICT_MISSING);
    assert_int_equal(finding->pending, VERDICT_RESET);
    assert_int_equal(finding->pending_looks, 1);
    assert_int_equal(finding->looks, 5);
    assert_int_equal(finding->since_ms, 1700000000000);
    snapshot_unref(left.snapshot);
    recorder_stop(recorder, WORLD_STOP_MS);
    place_done(&place);
}

/* Who else writes counts: a trigger on the table of findings. */
static void only_what_differs_is_written(void **state)
{
    (void)state;
    struct place place = place_new();
    struct recorder *recorder = recorder_at(&place, NULL);
    wait_on_disk(recorder, submit_snapshot(recorder, snapshot_of(10, 1000, 0, 1)));
    recorder_stop(recorder, WORLD_STOP_MS);
    alter(&place, "CREATE TABLE written(n); INSERT INTO written VALUES(0);"
                  "CREATE TRIGGER w AFTER INSERT ON findings BEGIN UPDATE written SET n = n + 1; END;"
                  "CREATE TRIGGER d AFTER DELETE ON findings BEGIN UPDATE written SET n = n + 1000000; END;");
    recorder = recorder_at(&place, NULL);
    wait_on_disk(recorder, submit_snapshot(recorder, snapshot_of(10, 1000, 0, 2)));
    assert_int_equal(ask(&place, "SELECT n FROM written"), 0); /* another look, nothing new */
    wait_on_disk(recorder, submit_snapshot(recorder, snapshot_of(10, 1000, 1, 3)));
    assert_int_equal(ask(&place, "SELECT n FROM written"), 1);
    wait_on_disk(recorder, submit_snapshot(recorder, snapshot_of(10, 999, 1, 4)));
    assert_int_equal(ask(&place, "SELECT n FROM written"), 10000001); /* ten are gone */
    wait_on_disk(recorder, submit_snapshot(recorder, snapshot_of(9, 999, 1, 4)));
    assert_int_equal(ask(&place, "SELECT n FROM written"), 10000001 + 999 * INT64_C(1000000)); /* a host is gone */
    assert_int_equal(ask(&place, "SELECT count(*) FROM blocks"), 10);
    recorder_stop(recorder, WORLD_STOP_MS);
    place_done(&place);
}

/* --- numbers ----------------------------------------------------------------------------------------------------- */

static void numbers_outlive_the_process(void **state)
{
    (void)state;
    struct place place = place_new();
    struct recorder *recorder = recorder_at(&place, NULL);
    uint32_t a = recorder_number(recorder, "finding", "a"), b = recorder_number(recorder, "finding", "b");
    assert_int_equal(recorder_number(recorder, "host", "a"), 1);
    recorder_stop(recorder, WORLD_STOP_MS);
    recorder = recorder_at(&place, NULL);
    assert_int_equal(recorder_number(recorder, "finding", "b"), b);
    uint32_t c = recorder_number(recorder, "finding", "c");
    assert_true(c != a && c != b);
    assert_int_equal(c, 3); /* a run that ended in order leaves no gap */
    assert_int_equal(recorder_number(recorder, "finding", "a"), a);
    recorder_stop(recorder, WORLD_STOP_MS);
    place_done(&place);
}

/* --- history ----------------------------------------------------------------------------------------------------- */

struct heard {
    size_t count;
    uint64_t first, last;
};

static void hear(void *context, const struct event *event)
{
    struct heard *heard = context;
    assert_non_null(event->finding);
    assert_int_not_equal(event->id, 0);
    heard->last = event->count;
    if (heard->count++ == 0)
        heard->first = event->count;
}

static struct heard history(struct recorder *recorder, const struct history_query *query)
{
    struct heard heard = {.count = 0};
    assert_int_equal(recorder_history(recorder, query, hear, &heard), 0);
    return heard;
}

static void the_history_is_asked_by_host_port_and_time(void **state)
{
    (void)state;
    struct place place = place_new();
    struct recorder *recorder = recorder_at(&place, NULL);
    wait_on_disk(recorder, submit_range(recorder, 1, 300));
    struct heard heard = history(recorder, &(struct history_query){.host = NULL});
    assert_int_equal(heard.count, 100);
    assert_int_equal(heard.first, 300); /* the newest first */
    assert_int_equal(heard.last, 201);
    assert_int_equal(history(recorder, &(struct history_query){.most = 1000}).count, 300);
    assert_int_equal(history(recorder, &(struct history_query){.host = "mgr01", .most = 7}).count, 7);
    assert_int_equal(history(recorder, &(struct history_query){.host = "mgr02"}).count, 0);
    assert_int_equal(history(recorder, &(struct history_query){.port = 8050}).count, 100); /* in 8000..8100 */
    assert_int_equal(history(recorder, &(struct history_query){.port = 8101}).count, 0);
    assert_int_equal(history(recorder, &(struct history_query){.transport = TRANSPORT_UDP}).count, 0);
    heard = history(recorder, &(struct history_query){.since_ms = world_ms() + 291});
    assert_int_equal(heard.count, 10);
    recorder_stop(recorder, WORLD_STOP_MS);
    place_done(&place);
}

/* --- bounds ------------------------------------------------------------------------------------------------------ */

static void what_is_too_old_goes_but_not_what_a_target_waits_for(void **state)
{
    (void)state;
    struct place place = place_new();
    struct recorder *recorder = recorder_at(&place, NULL);
    one_target(recorder, "siem");
    wait_on_disk(recorder, submit_range(recorder, 1, 20));
    struct outbox *outbox = outbox_open(recorder, "siem");
    for (uint64_t i = 1; i <= 10; i++)
        expect_event(outbox, i, i);
    outbox_acknowledge(outbox, 10);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    alter(&place, "UPDATE events SET at = at - 100 * 86400000");                /* more than 90 days */
    alter(&place, "UPDATE events SET at = at + 10000 * 86400000 WHERE id = 3"); /* when the clock was wrong */
    recorder = recorder_at(&place, NULL);
    struct arena *arena = arena_new();
    one_target(recorder, "siem");
    wait_on_disk(recorder, submit_range(recorder, 21, 21));
    while (status_of(recorder, arena).forgotten < 9) /* all that was acknowledged, but 3, which holds nothing back */
        poll(NULL, 0, 1);
    recorder_stop(recorder, WORLD_STOP_MS);
    assert_int_equal(ask(&place, "SELECT min(id) FROM events"), 3);
    assert_int_equal(ask(&place, "SELECT count(*) FROM events WHERE id BETWEEN 1 AND 10"), 1);
    assert_int_equal(ask(&place, "SELECT count(*) FROM outbox JOIN events ON row = event"), 11);
    arena_free(arena);
    place_done(&place);
}

static void a_store_stays_within_its_size(void **state)
{
    (void)state;
    enum { EVENTS = 3000 };
    struct place place = place_new();
    struct recorder_options options = {.folder = place.folder, .most_octets = 512 * 1024};
    struct recorder *recorder = recorder_made_with(&options, NULL);
    struct arena *arena = arena_new();
    one_target(recorder, "siem");
    for (uint64_t i = 1; i <= EVENTS; i += 100)
        wait_on_disk(recorder, submit_range(recorder, i, i + 99));
    recorder_stop(recorder, WORLD_STOP_MS);
    recorder = recorder_made_with(&options, NULL); /* a new run looks at the bounds at once */
    one_target(recorder, "siem");
    struct store_status status = status_of(recorder, arena);
    while (status.octets == 0 || status.octets > options.most_octets) {
        poll(NULL, 0, 1);
        status = status_of(recorder, arena);
    }
    struct outbox *outbox = outbox_open(recorder, "siem");
    uint64_t dropped = outbox_dropped(outbox); /* there was no other history to give up */
    assert_in_range(dropped, 100, EVENTS - 100);
    expect_loss(outbox, 1, dropped);
    expect_event(outbox, dropped + 1, dropped + 1);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_done(&place);
}

/* --- what cannot be read ------------------------------------------------------------------------------------------ */

/* The next run begins a new boot, keeps the old file, and tells the targets. */
static void expect_set_aside(const struct place *place, const char *old_boot)
{
    struct recorded left;
    struct recorder *recorder = recorder_at(place, &left);
    struct arena *arena = arena_new();
    struct store_status status = status_of(recorder, arena);
    assert_true(left.fresh);
    assert_null(left.snapshot);
    assert_int_equal(status.state, STORE_GOOD);
    assert_non_null(status.set_aside);
    assert_int_equal(access(status.set_aside, F_OK), 0);
    assert_string_not_equal(status.boot, old_boot);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    struct outbox_item item = take(outbox);
    assert_int_equal(item.event->kind, EVENT_EVENTS_LOST);
    assert_int_equal(item.seq, 1);
    assert_int_equal(item.event->from, 0);
    assert_non_null(strstr(item.event->message, status.set_aside));
    event_unref(item.event);
    wait_done(recorder, submit_range(recorder, 1, 1));
    expect_event(outbox, 2, 1);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
}

/* A store with something in it. Returns its boot. */
static char *store_filled(const struct place *place, struct arena *arena)
{
    struct recorder *recorder = recorder_at(place, NULL);
    one_target(recorder, "siem");
    char *boot = arena_strdup(arena, status_of(recorder, arena).boot);
    submit_snapshot(recorder, snapshot_of(3, 100, 4, 5));
    wait_on_disk(recorder, submit_range(recorder, 1, 50));
    recorder_stop(recorder, WORLD_STOP_MS);
    return boot;
}

static void a_newer_store_is_set_aside(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    char *boot = store_filled(&place, arena);
    alter(&place, "PRAGMA user_version = 99");
    expect_set_aside(&place, boot);
    assert_int_equal(files_beginning(&place, "store.db.20"), 1);
    arena_free(arena);
    place_done(&place);
}

static void another_programs_file_is_set_aside(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    alter(&place, "CREATE TABLE bookmarks(a)");
    expect_set_aside(&place, "");
    arena_free(arena);
    place_done(&place);
}

static void write_file(const char *path, const char *octets, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static size_t read_store(const struct place *place, char **ret)
{
    FILE *file = fopen(place->file, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t length = (size_t)ftell(file);
    rewind(file);
    *ret = malloc(length);
    assert_int_equal(fread(*ret, 1, length, file), length);
    fclose(file);
    return length;
}

/* Opens what was damaged: whatever it is, there is a store afterwards, and events go through it. */
static void expect_usable(const struct place *place)
{
    struct recorded left;
    struct recorder *recorder = recorder_at(place, &left);
    snapshot_unref(left.snapshot);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    submit_range(recorder, 1000, 1000);
    struct outbox_item item;
    do {
        item = take(outbox);
        event_unref(item.event);
        outbox_acknowledge(outbox, item.seq);
    } while (outbox_queued(outbox) > 0);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
}

static void a_truncated_store_is_no_end(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    store_filled(&place, arena);
    char *octets;
    size_t length = read_store(&place, &octets);
    const size_t cuts[] = {0,    1,    15,   16,    99,         100,           512,       4095,
                           4096, 4097, 8192, 12288, length / 2, length - 4096, length - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        write_file(place.file, octets, cuts[i]);
        expect_usable(&place);
    }
    assert_true(files_beginning(&place, "store.db.20") >= 8);
    free(octets);
    arena_free(arena);
    place_done(&place);
}

static void flipped_bits_are_no_end(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    store_filled(&place, arena);
    char *octets;
    size_t length = read_store(&place, &octets);
    srand(7);
    for (size_t i = 0; i < 60; i++) {
        size_t at = i < 30 ? i * 3 : (size_t)rand() % length;
        for (size_t k = 0; k < (i < 30 ? 1U : 40U); k++)
            octets[(at + k * 97) % length] ^= (char)(1 << (i + k) % 8);
        write_file(place.file, octets, length);
        expect_usable(&place);
        free(octets);
        place_done(&place);
        place = place_new();
        store_filled(&place, arena);
        length = read_store(&place, &octets);
    }
    free(octets);
    arena_free(arena);
    place_done(&place);
}

static void a_body_that_nobody_can_read_is_told_as_lost(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    store_filled(&place, arena);
    alter(&place, "UPDATE events SET body = '{' WHERE id IN (3, 4, 50); DELETE FROM outbox WHERE seq = 7;"
                  "DELETE FROM events WHERE id = 9; UPDATE findings SET body = 'x' WHERE key LIKE '%00003'");
    struct recorded left;
    struct recorder *recorder = recorder_at(&place, &left);
    assert_int_equal(left.snapshot->blocks[1]->count, 99);
    snapshot_unref(left.snapshot);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    expect_event(outbox, 1, 1);
    expect_event(outbox, 2, 2);
    expect_loss(outbox, 3, 4);
    expect_event(outbox, 5, 5);
    expect_event(outbox, 6, 6);
    expect_loss(outbox, 7, 7);
    expect_event(outbox, 8, 8);
    expect_loss(outbox, 9, 9);
    for (uint64_t i = 10; i < 50; i++)
        expect_event(outbox, i, i);
    expect_loss(outbox, 50, 50);
    expect_nothing(outbox);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_done(&place);
}

static void one_process_at_a_time(void **state)
{
    (void)state;
    struct place place = place_new();
    struct recorder *first = recorder_at(&place, NULL), *second = NULL;
    struct recorder_options options = {.folder = place.folder};
    struct recorded recorded = {.snapshot = NULL};
    assert_int_equal(recorder_start(&options, &second, &recorded), -EBUSY);
    assert_null(second);
    assert_null(recorded.snapshot);
    recorder_stop(first, WORLD_STOP_MS);
    recorder_stop(recorder_at(&place, NULL), WORLD_STOP_MS);
    place_done(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_made_where_there_is_none),
        cmocka_unit_test(what_a_run_leaves_the_next_goes_on_with),
        cmocka_unit_test(nothing_is_told_before_it_is_on_disk),
        cmocka_unit_test(a_long_queue_is_on_disk_and_its_beginning_in_memory),
        cmocka_unit_test(a_full_queue_loses_its_oldest_over_restarts_too),
        cmocka_unit_test(a_target_that_is_gone_leaves_nothing),
        cmocka_unit_test(findings_come_back_as_they_were),
        cmocka_unit_test(only_what_differs_is_written),
        cmocka_unit_test(numbers_outlive_the_process),
        cmocka_unit_test(the_history_is_asked_by_host_port_and_time),
        cmocka_unit_test(what_is_too_old_goes_but_not_what_a_target_waits_for),
        cmocka_unit_test(a_store_stays_within_its_size),
        cmocka_unit_test(a_newer_store_is_set_aside),
        cmocka_unit_test(another_programs_file_is_set_aside),
        cmocka_unit_test(a_truncated_store_is_no_end),
        cmocka_unit_test(flipped_bits_are_no_end),
        cmocka_unit_test(a_body_that_nobody_can_read_is_told_as_lost),
        cmocka_unit_test(one_process_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

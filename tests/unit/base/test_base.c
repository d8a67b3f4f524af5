/* Arenas, vectors, numbers, clocks, files, error codes and diagnostics. */
#include "portconform/arena.h"
#include "portconform/clock.h"
#include "portconform/diag.h"
#include "portconform/error.h"
#include "portconform/file.h"
#include "portconform/log.h"
#include "portconform/number.h"
#include "portconform/secret_file.h"
#include "portconform/vector.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* --- memory ---------------------------------------------------------------------------------------------------- */

static void arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_non_null(arena);
    size_t wanted = 0;
    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *memory = arena_alloc(arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, size);
        wanted += size;
    }
    assert_int_equal(arena_used(arena), wanted);
    unsigned char *large = arena_alloc(arena, 5 << 20);
    assert_non_null(large);
    large[(5 << 20) - 1] = 1;
    arena_free(arena);
    arena_free(NULL);
}

static void arena_refuses_what_overflows(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_non_null(arena);
    assert_null(arena_array(arena, SIZE_MAX / 2, 4));
    assert_null(arena_array(arena, SIZE_MAX, SIZE_MAX));
    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_null(arena_alloc(arena, SIZE_MAX - 8));
    assert_null(arena_strndup(arena, "x", SIZE_MAX));
    assert_non_null(arena_array(arena, 0, SIZE_MAX));
    assert_int_equal(arena_used(arena), 0);
    arena_free(arena);
}

static void arena_copies_text(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_non_null(arena);
    assert_null(arena_strdup(arena, NULL));
    assert_string_equal(arena_strdup(arena, "manager"), "manager");
    assert_string_equal(arena_strndup(arena, "manager", 3), "man");
    assert_string_equal(arena_printf(arena, "%s/%d", "agent", 2), "agent/2");
    arena_free(arena);
}

static void vector_grows(void **state)
{
    (void)state;
    struct {
        const int **items;
        size_t count, capacity;
    } vector = {0};
    static const int number = 7;
    for (size_t i = 0; i < 1000; i++) {
        const int **slot = VECTOR_PUSH(&vector);
        assert_non_null(slot);
        assert_null(*slot);
        *slot = &number;
    }
    assert_int_equal(vector.count, 1000);
    assert_ptr_equal(vector.items[999], &number);
    VECTOR_DONE(&vector);
    assert_null(vector.items);
    assert_int_equal(vector.capacity, 0);
}

static void vector_stays_when_it_cannot_grow(void **state)
{
    (void)state;
    char *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    assert_null(vector_grow(&items, &count, &capacity, SIZE_MAX / 2));
    assert_null(items);
    assert_int_equal(count, 0);
    assert_int_equal(capacity, 0);
}

/* --- numbers and codes ------------------------------------------------------------------------------------------ */

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t min, max;
        int status;
        int64_t number;
    } cases[] = {
        {"0", 0, 10, 0, 0},
        {"+7", 0, 10, 0, 7},
        {"-7", -10, 10, 0, -7},
        {"00080", 1, 65535, 0, 80},
        {"65536", 1, 65535, -ERANGE, 0},
        {"0", 1, 65535, -ERANGE, 0},
        {"4294967376", 1, 65535, -ERANGE, 0}, /* would be 80 in 32 bits */
        {"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
        {"9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0},
        {"99999999999999999999999999999999", INT64_MIN, INT64_MAX, -ERANGE, 0},
        {"99999999999999999999999999999999x", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"", 0, 10, -EINVAL, 0},
        {"-", 0, 10, -EINVAL, 0},
        {"--1", -9, 9, -EINVAL, 0},
        {" 1", 0, 10, -EINVAL, 0},
        {"1 ", 0, 10, -EINVAL, 0},
        {"0x10", 0, 99, -EINVAL, 0},
        {"8\xef\xbc\x90", 0, 99, -EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t number = 4711;
        assert_int_equal(number_parse(cases[i].text, cases[i].min, cases[i].max, &number), cases[i].status);
        assert_int_equal(number, cases[i].status ? 4711 : cases[i].number);
    }
}

static void every_code_has_a_text(void **state)
{
    (void)state;
    for (int code = PC_ESYNTAX; code >= PC_ENOTFILE; code--)
        assert_string_not_equal(pc_strerror(code), "unknown error");
    assert_string_equal(pc_strerror(0), "no error");
    assert_string_equal(pc_strerror(-ENOMEM), "Cannot allocate memory");
    assert_string_equal(pc_strerror(INT_MIN), "unknown error");
    assert_string_equal(pc_strerror(-4000), "unknown error");
    assert_string_equal(pc_strerror(12), "unknown error");
}

/* --- clocks ----------------------------------------------------------------------------------------------------- */

static void set_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static void formats_time(void **state)
{
    (void)state;
    char buffer[CLOCK_TEXT];
    set_zone("JST-9");
    assert_string_equal(clock_format_rfc3339(1763597564123, buffer, sizeof(buffer)), "2025-11-20T09:12:44.123+09:00");
    assert_string_equal(clock_format_time(1763597564123, buffer, sizeof(buffer)), "09:12:44");
    set_zone("NST3:30");
    assert_string_equal(clock_format_rfc3339(0, buffer, sizeof(buffer)), "1969-12-31T20:30:00.000-03:30");
    assert_string_equal(clock_format_rfc3339(-1, buffer, sizeof(buffer)), "1969-12-31T20:29:59.999-03:30");
    set_zone("UTC0");
    assert_string_equal(clock_format_rfc3339(INT64_MAX, buffer, sizeof(buffer)), "292278994-08-17T07:12:55.807+00:00");
}

static void a_day_ends_at_midnight(void **state)
{
    (void)state;
    int64_t end = 0;
    set_zone("JST-9");
    assert_int_equal(clock_parse_day_end("2026-12-20", &end), 0);
    assert_int_equal(end, 1797778800000); /* 2026-12-21T00:00+09:00 */
    assert_int_equal(clock_parse_day_end("2026-12-31", &end), 0);
    assert_int_equal(end, 1798729200000);
    set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    int64_t before;
    assert_int_equal(clock_parse_day_end("2026-03-28", &before), 0);
    assert_int_equal(clock_parse_day_end("2026-03-29", &end), 0);
    assert_int_equal(end - before, 23 * 3600 * 1000);
    assert_int_equal(clock_parse_day_end("2026-10-24", &before), 0);
    assert_int_equal(clock_parse_day_end("2026-10-25", &end), 0);
    assert_int_equal(end - before, 25 * 3600 * 1000);
    set_zone("UTC0");
}

static void dates_that_do_not_exist(void **state)
{
    (void)state;
    static const char *const bad[] = {"2026-02-29",  "2026-13-01", "2026-00-01",  "2026-01-00", "2026-04-31",
                                      "1969-12-31",  "26-12-20",   "2026-12-2",   "2026/12/20", "2026-12-20 ",
                                      "+2026-12-20", "",           "2026-12-200", "2100-02-29", "２026-12-20"};
    int64_t end = 5;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(clock_parse_day_end(bad[i], &end), -EINVAL);
    assert_int_equal(end, 5);
    assert_int_equal(clock_parse_day_end("2028-02-29", &end), 0);
    assert_int_equal(clock_parse_day_end("2000-02-29", &end), 0);
}

static void parses_rfc3339(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t wall_ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2025-11-20T09:12:44.123+09:00", 1763597564123},
        {"2025-11-20T09:12:44.1239999+09:00", 1763597564123},
        {"2025-11-20T09:12:44.1+09:00", 1763597564100},
        {"2025-11-19T20:42:44-03:30", 1763597564000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t wall_ms = -1;
        assert_int_equal(clock_parse_rfc3339(cases[i].text, &wall_ms), 0);
        assert_int_equal(wall_ms, cases[i].wall_ms);
    }
    static const char *const bad[] = {"",
                                      "2025-11-20",
                                      "2025-11-20T09:12:44",
                                      "2025-11-20 09:12:44Z",
                                      "2025-11-20T24:00:00Z",
                                      "2025-11-20T09:60:00Z",
                                      "2025-11-20T09:12:44.Z",
                                      "2025-11-20T09:12:44+9:00",
                                      "2025-11-20T09:12:44+24:00",
                                      "2025-11-20T09:12:44Zx",
                                      "2025-02-30T09:12:44Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t wall_ms;
        assert_int_equal(clock_parse_rfc3339(bad[i], &wall_ms), -EINVAL);
    }
}

static void clocks_go(void **state)
{
    (void)state;
    const struct moment now = moment_now();
    const struct moment later = moment_now();
    assert_true(later.mono_ms >= now.mono_ms);
    assert_true(now.wall_ms > 1600000000000);
    assert_true(clock_mono_us() <= clock_mono_us());
}

/* --- files ------------------------------------------------------------------------------------------------------ */

static void reads_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_base.XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64];
    snprintf(path, sizeof(path), "%s/file", folder);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite("one\0two", 1, 7, out), 7);
    assert_int_equal(fclose(out), 0);

    char *data = NULL;
    size_t length = 0;
    assert_int_equal(file_read(path, 7, &data, &length), 0);
    assert_int_equal(length, 7);
    assert_memory_equal(data, "one\0two", 8);
    free(data);
    data = NULL;
    assert_int_equal(file_read(path, 6, &data, &length), -EFBIG);
    assert_null(data);
    assert_int_equal(file_read(folder, 100, &data, &length), -EISDIR);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(file_read(path, 100, &data, &length), -ENOENT);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(file_read(path, 100, &data, &length), PC_ENOTFILE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void reads_files_of_proc(void **state)
{
    (void)state;
    char *data = NULL;
    size_t length = 0;
    assert_int_equal(file_read("/proc/self/status", 1 << 20, &data, &length), 0);
    assert_true(length > 0);
    assert_int_equal(data[length], '\0');
    free(data);
    data = NULL;
    assert_int_equal(file_read("/proc/self/status", 10, &data, &length), -EFBIG);
    assert_null(data);
}

static void tells_who_may_use_a_secret(void **state)
{
    (void)state;
    const uid_t own = geteuid();
    const struct {
        mode_t mode;
        uid_t uid;
        unsigned flaws;
    } cases[] = {
        {S_IFREG | 0600, own, 0},
        {S_IFREG | 0700, own, 0},
        {S_IFREG | 0600, 0, 0},
        {S_IFREG | 0640, own, SECRET_FILE_GROUP_READS},
        {S_IFREG | 0610, own, SECRET_FILE_GROUP_EXECUTES},
        {S_IFREG | 0620, own, SECRET_FILE_OPEN},
        {S_IFREG | 0604, own, SECRET_FILE_OPEN},
        {S_IFREG | 0602, own, SECRET_FILE_OPEN},
        {S_IFREG | 0601, own, SECRET_FILE_OPEN},
        {S_IFREG | 0660, own, SECRET_FILE_OPEN | SECRET_FILE_GROUP_READS},
        {S_IFREG | 0600, own + 1, SECRET_FILE_FOREIGN},
        {S_IFIFO | 0600, own, SECRET_FILE_IRREGULAR},
        {S_IFDIR | 0755, own + 1,
         SECRET_FILE_IRREGULAR | SECRET_FILE_FOREIGN | SECRET_FILE_OPEN | SECRET_FILE_GROUP_READS |
             SECRET_FILE_GROUP_EXECUTES},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct stat status = {.st_mode = cases[i].mode, .st_uid = cases[i].uid};
        assert_int_equal(secret_file_flaws(&status), cases[i].flaws);
    }
}

/* --- diagnostics ------------------------------------------------------------------------------------------------ */

static void expect_print(const struct diag *diag, const char *wanted)
{
    char *printed = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&printed, &length);
    assert_non_null(out);
    diag_print(diag, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(printed, wanted);
    free(printed);
}

static void diagnostics_print_and_sort(void **state)
{
    (void)state;
    struct diag_list list;
    assert_int_equal(diag_list_init(&list), 0);
    char file[] = "b.conf";
    const struct origin late = {.file = file, .line = 9, .column = 2};
    diag_add(&list, DIAG_ERROR, late, "did you mean `listens`?", "unknown key `%s`", "listen\033s");
    diag_add(&list, DIAG_WARNING, late, NULL, "second at one place");
    diag_add(&list, DIAG_NOTE, (struct origin){.file = "a.conf", .line = 3}, NULL, "a note");
    diag_add(&list, DIAG_ERROR, (struct origin){0}, NULL, "nowhere");
    file[0] = 'z'; /* the list has a copy of its own */
    assert_int_equal(list.count, 4);
    assert_int_equal(list.errors, 2);
    assert_int_equal(list.warnings, 1);
    diag_list_sort(&list);
    expect_print(&list.items[0], "error: nowhere\n");
    expect_print(&list.items[1], "a.conf:3: note: a note\n");
    expect_print(&list.items[2], "b.conf:9:2: error: unknown key `listen\\x1bs`\n    did you mean `listens`?\n");
    expect_print(&list.items[3], "b.conf:9:2: warning: second at one place\n");
    diag_list_done(&list);
    diag_list_done(NULL);
    diag_add(NULL, DIAG_ERROR, late, NULL, "nobody listens");
}

static void diagnostics_are_capped(void **state)
{
    (void)state;
    struct diag_list list;
    assert_int_equal(diag_list_init(&list), 0);
    for (int i = 0; i < DIAG_MAX + 5; i++)
        diag_add(&list, DIAG_ERROR, (struct origin){.file = "x", .line = 1}, NULL, "number %d", i);
    assert_int_equal(list.count, DIAG_MAX);
    assert_int_equal(list.dropped, 5);
    assert_int_equal(list.errors, DIAG_MAX + 5);
    diag_list_done(&list);
}

static void nearest_words(void **state)
{
    (void)state;
    static const char *const keys[] = {"listens", "listeners", "presence", "ports", "from", "ref", "ip", NULL};
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        {"listen", "listens"},
        {"lsitens", "listens"},
        {"Listens", "listens"},
        {"presense", "presence"},
        {"port", "ports"},
        {"form", "from"},
        {"fro", "from"},
        {"reff", "ref"},
        {"listeneers", "listeners"},
        {"colour", NULL},
        {"", NULL},
        {"x", NULL},
        {"IP", "ip"},
        {"if", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *nearest = pc_nearest(cases[i].word, keys);
        if (cases[i].nearest)
            assert_string_equal(nearest, cases[i].nearest);
        else
            assert_null(nearest);
    }
    char endless[5000];
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_null(pc_nearest(endless, keys));
    assert_null(pc_nearest("ports", (const char *const[]){endless, NULL}));
    assert_null(pc_nearest(NULL, keys));
    assert_null(pc_nearest("ports", NULL));
}

/* --- the log ---------------------------------------------------------------------------------------------------- */

/* What log_line() writes to standard error for one message. */
static void expect_log(int level, const char *message, const char *wanted)
{
    int ends[2];
    char got[256];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    const int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    dup2(ends[1], STDERR_FILENO);
    log_line(level, "%s", message);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    const ssize_t length = read(ends[0], got, sizeof(got) - 1);
    close(ends[0]);
    assert_true(length >= 0);
    got[length] = '\0';
    /* the program's own name goes before */
    const size_t name = strlen(program_invocation_short_name);
    const char *text = strncmp(got, program_invocation_short_name, name) == 0 ? got + name : got;
    assert_string_equal(text, wanted);
}

static void logs_one_plain_line(void **state)
{
    (void)state;
    log_open(false, LOG_INFO);
    expect_log(LOG_INFO, "loaded", ": loaded\n");
    expect_log(LOG_DEBUG, "too much", "");
    expect_log(LOG_ERR, "a\n<0>forged", ": a\\n<0>forged\n");
    log_open(true, LOG_DEBUG);
    expect_log(LOG_DEBUG, "told now", "<7>told now\n");
    expect_log(LOG_WARNING, "\033[2J", "<4>\\x1b[2J\n");
    log_open(false, LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_refuses_what_overflows),
        cmocka_unit_test(arena_copies_text),
        cmocka_unit_test(vector_grows),
        cmocka_unit_test(vector_stays_when_it_cannot_grow),
        cmocka_unit_test(numbers),
        cmocka_unit_test(every_code_has_a_text),
        cmocka_unit_test(formats_time),
        cmocka_unit_test(a_day_ends_at_midnight),
        cmocka_unit_test(dates_that_do_not_exist),
        cmocka_unit_test(parses_rfc3339),
        cmocka_unit_test(clocks_go),
        cmocka_unit_test(reads_files),
        cmocka_unit_test(reads_files_of_proc),
        cmocka_unit_test(tells_who_may_use_a_secret),
        cmocka_unit_test(diagnostics_print_and_sort),
        cmocka_unit_test(diagnostics_are_capped),
        cmocka_unit_test(nearest_words),
        cmocka_unit_test(logs_one_plain_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

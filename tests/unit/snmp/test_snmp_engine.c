/* The engine of an agent of its own: its id stays, its boots count up before they are used, and no trouble with the
 * disk lets an old time come again. */
#include "internal.h"

#include "portconform/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/pc-engine-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/snmp-engine", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_line(const struct engine *engine, size_t line, const char *begin)
{
    assert_int_equal(strncmp(engine->lines[line], begin, strlen(begin)), 0);
}

static void test_id_stays_and_boots_count(void **state)
{
    (void)state;
    struct engine first, second;
    assert_int_equal(engine_begin(folder, &first), 0);
    assert_int_equal(first.count, 3);
    assert_string_equal(first.lines[1], "engineBoots 0"); /* net-snmp adds one */
    assert_line(&first, 2, "exactEngineID 0x80001f8880");
    assert_int_equal(engine_begin(folder, &second), 0);
    assert_string_equal(first.lines[2], second.lines[2]);
    assert_string_equal(first.lines[0] + strlen("oldEngineID "), second.lines[2] + strlen("exactEngineID "));
    assert_string_equal(second.lines[1], "engineBoots 1");
}

static void test_the_file_is_for_nobody_else(void **state)
{
    (void)state;
    struct engine engine;
    struct stat status;
    assert_int_equal(engine_begin(folder, &engine), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

/* What cannot be read, and a count that has come to its end, begin a new engine. */
static void test_another_engine_where_the_old_one_is_over(void **state)
{
    (void)state;
    static const char *const contents[] = {
        "",
        "engine 80 boots 3\n",
        "engine 80001f8880000000000000000000000000 boots 99999999999\n",
        "engine 80001f8880000000000000000000000000 boots 2147483646\n",
        "something else",
    };
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        struct engine engine;
        write_file(contents[i]);
        assert_int_equal(engine_begin(folder, &engine), 0);
        assert_string_equal(engine.lines[1], "engineBoots 0");
        assert_null(strstr(engine.lines[2], "80001f88800000000000"));
    }
}

/* Hazard: full disk, or a folder that is gone. */
static void test_a_count_that_cannot_be_kept_makes_a_new_engine(void **state)
{
    (void)state;
    struct engine first, second;
    char gone[64];
    snprintf(gone, sizeof(gone), "%s/gone", folder);
    assert_int_equal(engine_begin(gone, &first), -ENOENT);
    assert_int_equal(first.count, 3);
    assert_int_equal(engine_begin(gone, &second), -ENOENT);
    assert_string_not_equal(first.lines[2], second.lines[2]);
    assert_int_equal(engine_begin(NULL, &first), 0);
    assert_int_equal(first.count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_id_stays_and_boots_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_file_is_for_nobody_else, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_engine_where_the_old_one_is_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_count_that_cannot_be_kept_makes_a_new_engine, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The arguments of a check: what is taken, what is refused, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"

enum { ARGUMENTS_MAX = 32 };

struct parsed {
    struct check_arguments arguments;
    struct text error;
    int result;
};

/* getopt permutes the vector, not the strings: literals will do. */
static void parse(struct parsed *parsed, ...)
{
    char *argv[ARGUMENTS_MAX] = {(char *)"check_portconform"};
    int argc = 1;
    va_list args;
    va_start(args, parsed);
    for (char *word = va_arg(args, char *); word; word = va_arg(args, char *)) {
        assert_true(argc < ARGUMENTS_MAX - 1);
        argv[argc++] = word;
    }
    va_end(args);
    parsed->error = (struct text){0};
    assert_int_equal(check_arguments_init(&parsed->arguments), 0);
    parsed->result = check_arguments_expand(&parsed->arguments, argc, argv, &parsed->error);
    if (parsed->result == 0)
        parsed->result = check_arguments_parse(&parsed->arguments, OPTION_PLUGIN | OPTION_TEXT, parsed->arguments.argc,
                                               parsed->arguments.argv, &parsed->error);
}

static void done(struct parsed *parsed)
{
    check_arguments_done(&parsed->arguments);
    text_done(&parsed->error);
}

#define PARSE(parsed, ...) parse((parsed), __VA_ARGS__, (char *)NULL)

static void assert_refused(struct parsed *parsed, const char *words)
{
    assert_int_equal(parsed->result, -EINVAL);
    if (!strstr(text_string(&parsed->error), words))
        fail_msg("\"%s\" does not say \"%s\"", text_string(&parsed->error), words);
    assert_null(strchr(text_string(&parsed->error), '\n'));
    done(parsed);
}

static void short_and_long_options_are_taken(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "-C", "site", "-H", "mgr01", "-w", "1", "--critical=5:", "-t", "20:critical", "-vv", "-G", "a", "-G", "b",
          "--format", "tsv", "--no-probes", "--vantage", "mon1", "--unreachable=ok", "--colour", "never", "--all");
    assert_int_equal(p.result, 0);
    assert_string_equal(p.arguments.config, "site");
    assert_string_equal(p.arguments.host, "mgr01");
    assert_true(p.arguments.tell.warning.given && p.arguments.tell.critical.given);
    assert_int_equal(p.arguments.timeout_s, 20);
    assert_int_equal(p.arguments.tell.trouble_severity, SEVERITY_CRITICAL);
    assert_int_equal(p.arguments.tell.verbose, 2);
    assert_string_equal(p.arguments.guide_dirs.items[0], "a");
    assert_string_equal(p.arguments.guide_dirs.items[1], "b");
    assert_null(p.arguments.guide_dirs.items[2]);
    assert_string_equal(p.arguments.format, "tsv");
    assert_true(p.arguments.no_probes);
    assert_string_equal(p.arguments.vantage, "mon1");
    assert_int_equal(p.arguments.tell.unreachable, SEVERITY_OK);
    assert_int_equal(p.arguments.colour, CHECK_COLOUR_NEVER);
    assert_true(p.arguments.tell.all);
    done(&p);
}

static void defaults_are_ten_seconds_and_no_filter(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "-C", "site");
    assert_int_equal(p.result, 0);
    assert_int_equal(p.arguments.timeout_s, 10);
    assert_false(p.arguments.tell.trouble_severity_given);
    assert_null(p.arguments.tell.filter.verdicts);
    assert_null(p.arguments.tell.filter.rules);
    assert_null(p.arguments.host);
    done(&p);
}

static void lists_are_split_and_gathered(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "--verdict", "missing,filtered", "--verdict=exposed", "--rule", "g/a/1,", "--blame", "server", "--class",
          "security");
    assert_int_equal(p.result, 0);
    const struct finding_filter *filter = &p.arguments.tell.filter;
    assert_string_equal(filter->verdicts[0], "missing");
    assert_string_equal(filter->verdicts[1], "filtered");
    assert_string_equal(filter->verdicts[2], "exposed");
    assert_null(filter->verdicts[3]);
    assert_string_equal(filter->rules[0], "g/a/1");
    assert_null(filter->rules[1]);
    done(&p);
}

static void mistakes_are_named_with_the_nearest_word(void **state)
{
    (void)state;
    static const struct {
        const char *words[3];
        const char *says;
    } cases[] = {
        {{"--verdict", "mising"}, "did you mean \"missing\"?"},
        {{"--blame", "servers"}, "did you mean \"server\"?"},
        {{"--class", "securty"}, "did you mean \"security\"?"},
        {{"--class", "x"}, "known are"},
        {{"--verdict", ","}, "empty list"},
        {{"--hostnam3", "x"}, "did you mean \"--hostname\"?"},
        {{"--nonsense"}, "unknown option \"--nonsense\""},
        {{"--ver", "x"}, "may mean --version, --verdict, --verbose"},
        {{"-Q"}, "unknown option \"-Q\""},
        {{"-H"}, "--hostname needs an argument"},
        {{"--hostname"}, "--hostname needs an argument"},
        {{"-H", ""}, "--hostname needs a name"},
        {{"--no-probes=1"}, "--no-probes takes no argument"},
        {{"-w", "high"}, "is not a range"},
        {{"-c", "5:1"}, "is not a range"},
        {{"-t", "0"}, "1 to 3600 seconds"},
        {{"-t", "3601"}, "1 to 3600 seconds"},
        {{"-t", "-5"}, "1 to 3600 seconds"},
        {{"-t", "10.5"}, "1 to 3600 seconds"},
        {{"-t", "99999999999999999999"}, "1 to 3600 seconds"},
        {{"-t", "10:bad"}, "unknown state \"bad\""},
        {{"-t", "10:critcal"}, "did you mean \"critical\"?"},
        {{"--unreachable", "down"}, "unknown state"},
        {{"--colour", "pink"}, "unknown colour"},
        {{"mgr01"}, "stands alone"},
        {{"-v", "mgr|01\n"}, "mgr|01\\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parsed p;
        parse(&p, cases[i].words[0], cases[i].words[1], (char *)NULL);
        assert_refused(&p, cases[i].says);
    }
}

static void states_are_words_or_exit_statuses(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum severity severity;
    } cases[] = {{"ok", SEVERITY_OK},
                 {"0", SEVERITY_OK},
                 {"WARNING", SEVERITY_WARNING},
                 {"1", SEVERITY_WARNING},
                 {"Critical", SEVERITY_CRITICAL},
                 {"2", SEVERITY_CRITICAL},
                 {"unknown", SEVERITY_UNKNOWN},
                 {"3", SEVERITY_UNKNOWN}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text error = {0};
        enum severity severity = SEVERITY_OK;
        assert_int_equal(check_parse_state(cases[i].word, &severity, &error), 0);
        assert_int_equal(severity, cases[i].severity);
        text_done(&error);
    }
}

static void help_of_the_plugin_fits_a_screen(void **state)
{
    (void)state;
    struct text out = {0};
    options_help(check_options, OPTION_PLUGIN, &out);
    size_t lines = 0;
    for (const char *line = text_string(&out); *line;) {
        size_t length = strcspn(line, "\n");
        assert_true(length <= 80);
        lines++;
        line += length + 1;
    }
    assert_true(lines <= 21); /* two more stand above */
    text_done(&out);
}

static void every_option_is_documented_once(void **state)
{
    (void)state;
    for (const struct option_row *row = check_options; row->name; row++) {
        assert_non_null(row->set);
        assert_true(row->users != 0);
        for (const struct option_row *other = row + 1; other->name; other++) {
            assert_string_not_equal(row->name, other->name);
            assert_true(row->letter == 0 || row->letter != other->letter);
        }
    }
}

/* --- --extra-opts ------------------------------------------------------------------------------------------------ */

static char ini_path[] = "/tmp/portconform-ini-XXXXXX";

static int write_ini(void **state)
{
    (void)state;
    static const char content[] = "# options of plugins\n"
                                  "[check_other]\nconfig = /wrong\n"
                                  "[ check_portconform ]\n"
                                  "; ours\n"
                                  "config = /etc/portconform\n"
                                  "  hostname=mgr01  \r\n"
                                  "t = 20\n"
                                  "no-probes\n"
                                  "\n"
                                  "[strict]\nverdict = missing,filtered\nw = 0\n"
                                  "[broken]\n= 3\n"
                                  "[unknown]\nno-such-option = 1\n"
                                  "[nested]\nextra-opts = strict\n";
    int fd = mkstemp(ini_path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, sizeof(content) - 1), sizeof(content) - 1);
    assert_int_equal(close(fd), 0);
    return setenv("MP_CONFIG_FILE", ini_path, 1);
}

static int remove_ini(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("MP_CONFIG_FILE"), 0);
    return unlink(ini_path);
}

static void ini_section_gives_options_and_the_command_line_wins(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "--extra-opts", "-H", "db01");
    assert_int_equal(p.result, 0);
    assert_string_equal(p.arguments.config, "/etc/portconform");
    assert_string_equal(p.arguments.host, "db01");
    assert_int_equal(p.arguments.timeout_s, 20);
    assert_true(p.arguments.no_probes);
    done(&p);
}

static void ini_sections_and_files_may_be_named_and_repeated(void **state)
{
    (void)state;
    char locator[64];
    snprintf(locator, sizeof(locator), "--extra-opts=strict@%s", ini_path);
    struct parsed p;
    PARSE(&p, locator, "--extra-opts=check_portconform");
    assert_int_equal(p.result, 0);
    assert_string_equal(p.arguments.tell.filter.verdicts[1], "filtered");
    assert_true(p.arguments.tell.warning.given);
    assert_string_equal(p.arguments.host, "mgr01");
    done(&p);
}

static void ini_mistakes_are_told(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "--extra-opts=nobody");
    assert_refused(&p, "has no section [nobody]");
    PARSE(&p, "--extra-opts=@/nonexistent/plugins.ini");
    assert_refused(&p, "/nonexistent/plugins.ini: No such file");
    PARSE(&p, "--extra-opts=@/");
    assert_refused(&p, "/: Is a directory");
    PARSE(&p, "--extra-opts=broken");
    assert_refused(&p, "begins with \"=\"");
    PARSE(&p, "--extra-opts=unknown");
    assert_refused(&p, "unknown option \"--no-such-option\"");
}

static void ini_file_cannot_include_another_section(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "--extra-opts=nested");
    assert_int_equal(p.result, 0);
    assert_null(p.arguments.tell.filter.verdicts);
    done(&p);
}

static void ini_file_is_found_in_the_configuration_path(void **state)
{
    (void)state;
    char folder[] = "/tmp/portconform-path-XXXXXX";
    char path[64];
    char search[128];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/plugins.ini", folder);
    snprintf(search, sizeof(search), ":/nonexistent:%s", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("[check_portconform]\nhostname = db02\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(unsetenv("MP_CONFIG_FILE"), 0);
    assert_int_equal(setenv("NAGIOS_CONFIG_PATH", search, 1), 0);
    struct parsed p;
    PARSE(&p, "--extra-opts");
    assert_int_equal(p.result, 0);
    assert_string_equal(p.arguments.host, "db02");
    done(&p);
    assert_int_equal(unsetenv("NAGIOS_CONFIG_PATH"), 0);
    assert_int_equal(setenv("MP_CONFIG_FILE", ini_path, 1), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_and_long_options_are_taken),
        cmocka_unit_test(defaults_are_ten_seconds_and_no_filter),
        cmocka_unit_test(lists_are_split_and_gathered),
        cmocka_unit_test(mistakes_are_named_with_the_nearest_word),
        cmocka_unit_test(states_are_words_or_exit_statuses),
        cmocka_unit_test(help_of_the_plugin_fits_a_screen),
        cmocka_unit_test(every_option_is_documented_once),
        cmocka_unit_test(ini_section_gives_options_and_the_command_line_wins),
        cmocka_unit_test(ini_sections_and_files_may_be_named_and_repeated),
        cmocka_unit_test(ini_mistakes_are_told),
        cmocka_unit_test(ini_file_cannot_include_another_section),
        cmocka_unit_test(ini_file_is_found_in_the_configuration_path),
    };
    return cmocka_run_group_tests(tests, write_ini, remove_ini);
}

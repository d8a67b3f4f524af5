/* Every allocation of a check fails once, from the arguments to the last line: it is told as UNKNOWN on a first line as
 * any other trouble of ours, or the answer is whole all the same. */
#include "cycle/scripted.h"

#include "fail_at.h"

#include "portconform/check.h"
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUT = 65536, PATHS = 256 };

static char folder[] = "/tmp/pc-memory-XXXXXX";

static void write_file(const char *name, const char *text)
{
    char path[PATHS];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static int site_setup(void **state)
{
    char path[PATHS];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/hosts.d", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file("site.conf", "site: { name = \"lab\"; };\nvantages: ( { name = \"mon1\"; } );\n");
    write_file("hosts.d/one.conf",
               "host: { name = \"one\"; addresses = [\"192.0.2.1\"]; listeners = \"none\"; expect = (\n"
               "  { ports = \"tcp 80\"; }, { ports = \"tcp 81, 82\"; presence = \"one-of:web\"; },\n"
               "  { ports = \"udp 9000..9009\"; presence = \"dynamic\"; } ); };\n");
    write_file("plugins.ini", "[lab]\nvantage = mon1\nv\n");
    return world_setup(state);
}

static int site_teardown(void **state)
{
    static const char *const names[] = {"site.conf", "hosts.d/one.conf", "hosts.d", "plugins.ini", ""};
    char path[PATHS];
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        remove(path);
    }
    return world_teardown(state);
}

/* Runs a check with its stdout into `output`; returns the exit status. */
static int run_check(const char *form, size_t fail, char output[static OUTPUT])
{
    static const struct teller *const tellers[] = {&teller_plugin, &teller_text, &teller_tsv, NULL};
    static const struct check_program program = {
        .name = "check_portconform", .help_status = 3, .probes = thin, .tellers = tellers, .initial = &teller_plugin};
    char extra[PATHS];
    snprintf(extra, sizeof(extra), "--extra-opts=lab@%s/plugins.ini", folder);
    const char *const words[] = {"check_portconform", "-C", folder, "-H", "one", "--rule", "site/*",
                                 "--format",          form, extra,  NULL};
    enum { WORDS = sizeof(words) / sizeof(*words) - 1 };
    char *arguments[WORDS + 1] = {NULL}; /* getopt_long(3) permutes it */
    for (size_t i = 0; i < WORDS; i++)
        arguments[i] = (char *)words[i];
    int memory = memfd_create("stdout", MFD_CLOEXEC), kept = dup(STDOUT_FILENO);
    assert_true(memory >= 0 && kept >= 0 && fflush(stdout) == 0);
    assert_true(dup2(memory, STDOUT_FILENO) >= 0);
    probe_log_count = 0;
    fail_at(fail);
    int status = check_main(&program, WORDS, arguments);
    bool failed = fail_at_happened;
    fail_at(0);
    fail_at_happened = failed;
    fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    ssize_t length = pread(memory, output, OUTPUT - 1, 0);
    assert_true(length >= 0);
    output[length] = '\0';
    close(kept);
    close(memory);
    return status;
}

static void fail_each(const char *form)
{
    static char answer[OUTPUT], told[OUTPUT];
    const int status = run_check(form, 0, answer);
    assert_int_equal(status, 2);
    size_t n = 1, unknown = 0;
    for (;; n++) {
        int now = run_check(form, n, told);
        if (!fail_at_happened)
            break;
        bool said = now == 3 && strncmp(told, "PORTCONFORM UNKNOWN - ", 22) == 0;
        if (!said && (now != status || told[0] == '\0'))
            fail_msg("allocation %zu of %s: status %d, told \"%s\"", n, form, now, told);
        unknown += said;
    }
    assert_true(unknown > 30);
}

static void test_every_allocation_of_a_check(void **state)
{
    (void)state;
    fail_each("plugin");
    fail_each("text");
    fail_each("tsv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_allocation_of_a_check, site_setup, site_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Where the store is without any set-up, by what the environment says. Each case in a child: whose environment is its
 * own, and which may become another user. */
#include "store_world.h"

#include <pwd.h>
#include <sys/wait.h>

enum { NOBODY = 65534 };

struct folder_case {
    uid_t uid;
    const char *state_directory, *xdg_state_home, *home; /* NULL: not set */
    const char *expected;
};

static void set(const char *name, const char *value)
{
    if (value != NULL)
        (void)setenv(name, value, 1);
    else
        (void)unsetenv(name);
}

/* In the child: 0, or what is wrong. */
static int folder_is_expected(const struct folder_case *one)
{
    char *folder = NULL;
    if (one->uid != geteuid() && setuid(one->uid) != 0)
        return 2;
    set("STATE_DIRECTORY", one->state_directory);
    set("XDG_STATE_HOME", one->xdg_state_home);
    set("HOME", one->home);
    int r = store_default_folder(&folder);
    bool good = r == 0 && strcmp(folder, one->expected) == 0;
    if (!good)
        fprintf(stderr, "%s instead of %s (%d)\n", folder != NULL ? folder : "nothing", one->expected, r);
    free(folder);
    return good ? 0 : 1;
}

static void expect(struct folder_case one)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(folder_is_expected(&one));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A user who may not write to the system's folder: nobody, or who runs the test. */
static uid_t somebody(void)
{
    return geteuid() == 0 ? NOBODY : geteuid();
}

static void what_systemd_made_comes_first(void **state)
{
    (void)state;
    expect((struct folder_case){geteuid(), "/var/lib/one:/var/lib/two", "/x", "/h", "/var/lib/one"});
    expect((struct folder_case){somebody(), "/var/lib/one", NULL, NULL, "/var/lib/one"});
}

static void what_is_no_path_from_the_root_counts_for_nothing(void **state)
{
    (void)state;
    expect((struct folder_case){somebody(), "one:/two", "/x", "/h", "/x/portconform"});
    expect((struct folder_case){somebody(), "", "x", "/h", "/h/.local/state/portconform"});
}

static void root_has_the_system_s_folder(void **state)
{
    (void)state;
    if (geteuid() == 0)
        expect((struct folder_case){0, NULL, "/x", "/h", "/var/lib/portconform"});
    else
        expect((struct folder_case){geteuid(), NULL, "/x", "/h", "/x/portconform"});
}

static void a_user_has_one_at_home(void **state)
{
    (void)state;
    expect((struct folder_case){somebody(), NULL, NULL, "/h", "/h/.local/state/portconform"});
    const struct passwd *entry = getpwuid(somebody());
    if (entry == NULL || entry->pw_dir[0] != '/')
        return; /* this machine knows no home of theirs */
    char expected[4200];
    snprintf(expected, sizeof expected, "%s/.local/state/portconform", entry->pw_dir);
    expect((struct folder_case){somebody(), NULL, NULL, NULL, expected});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_systemd_made_comes_first),
        cmocka_unit_test(what_is_no_path_from_the_root_counts_for_nothing),
        cmocka_unit_test(root_has_the_system_s_folder),
        cmocka_unit_test(a_user_has_one_at_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

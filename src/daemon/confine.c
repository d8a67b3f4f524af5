/* Landlock by its system calls; libc has no functions for them. */
#include "confine.h"

#include "options.h"
#include "privileges.h"

#include "portconform/control.h"
#include "portconform/log.h"
#include "portconform/number.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE /* ABI 3; the headers of Debian 12 know it, older ones do not */
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

enum {
    MAKES = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
            LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
            LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE,
    KEEPS = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
            LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE,
    HANDLED = MAKES | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_EXECUTE,
};

static char note[160] = "none";

const char *confine_note(void)
{
    return note;
}

/* --- what is there ------------------------------------------------------------------------------------------------ */

static int landlock_abi(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

/* A place that is not there needs no rule. 0 or a negative code. */
static int permit(int ruleset, const char *path, uint64_t rights)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == EACCES ? 0 : -errno;
    struct stat status;
    int r = fstat(fd, &status) < 0 ? -errno : 0;
    if (r == 0 && !S_ISDIR(status.st_mode)) /* the others are about what lies below */
        rights &= LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;
    const struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
    if (r == 0 && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        r = -errno;
    close(fd);
    return r;
}

/* The folder of a file that is to be made. */
static int permit_folder_of(int ruleset, const char *path, uint64_t rights)
{
    char *folder = strdup(path);
    if (!folder)
        return -ENOMEM;
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    int r = permit(ruleset, slash ? folder : ".", rights);
    free(folder);
    return r;
}

static int permit_state(int ruleset, const struct daemon_options *options, uint64_t rights)
{
    if (strcmp(options->state, "none") == 0)
        return 0;
    (void)mkdir(options->state, 0700); /* where it cannot be made, the store says so */
    return permit(ruleset, options->state, rights);
}

static int permit_control(int ruleset, const struct daemon_options *options, uint64_t rights)
{
    struct text found = {0};
    int r = 0;
    if (options->control)
        r = strcmp(options->control, "none") == 0 ? 0 : permit_folder_of(ruleset, options->control, rights);
    else if (control_default_socket(true, &found) == 0)
        r = permit_folder_of(ruleset, text_string(&found), rights);
    text_done(&found);
    return r;
}

/* This program executes itself, and with it the dynamic linker. */
static int permit_all(int ruleset, const struct daemon_options *options, uint64_t handled)
{
    static const char *const programs[] = {"/usr", "/lib", "/lib64", "/proc/self/exe"};
    int r = permit(ruleset, "/dev", LANDLOCK_ACCESS_FS_WRITE_FILE);
    for (size_t i = 0; r == 0 && i < sizeof(programs) / sizeof(*programs); i++)
        r = permit(ruleset, programs[i], LANDLOCK_ACCESS_FS_EXECUTE);
    if (r == 0)
        r = permit_state(ruleset, options, KEEPS & handled);
    return r == 0 ? permit_control(ruleset, options, KEEPS & handled) : r;
}

static int enter(const struct daemon_options *options, int abi)
{
    const struct landlock_ruleset_attr attributes = {
        .handled_access_fs = (uint64_t)(abi >= 3 ? HANDLED : HANDLED & ~LANDLOCK_ACCESS_FS_TRUNCATE)};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
    if (ruleset < 0)
        return -errno;
    int r = permit_all(ruleset, options, attributes.handled_access_fs);
    if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        r = -errno;
    close(ruleset);
    return r;
}

void confine(const struct daemon_options *options)
{
    const char *suffix = privileges_note();
    int abi = landlock_abi();
    int r = abi < 1 ? -ENOSYS : enter(options, abi);
    if (r < 0)
        snprintf(note, sizeof(note), "no new privileges; no Landlock (%s); %s", strerror(-r), suffix);
    else
        snprintf(note, sizeof(note), "Landlock (ABI %d): writes to its own folders alone; %s", abi, suffix);
}

/* The archive is a file in memory (memfd_create(2)), the child's descriptor 3: records of a path, the result of reading
 * it, and its octets. */
#include "precheck.h"

#include "portconform/clock.h"
#include "portconform/error.h"
#include "portconform/file.h"
#include "portconform/load.h"
#include "portconform/vector.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARCHIVE_FD = 3 };
enum { ARCHIVE_MOST = 1 << 30 };
enum { CHILD_DONE = 0, CHILD_FAILED = 1 };
static const char child_word[] = "--read-configuration-for-parent";

struct record_head {
    uint64_t path, octets; /* lengths, without the NUL of the path */
    int64_t result;        /* of the reading: 0, or a negative code and no octets */
};

/* --- the child ---------------------------------------------------------------------------------------------------- */

static int write_whole(const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t done = write(ARCHIVE_FD, at, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        at += done;
        length -= (size_t)done;
    }
    return 0;
}

/* What cannot be handed over must not be parsed either. */
static int read_and_keep(void *context, const char *path, size_t most, char **ret, size_t *ret_length)
{
    (void)context;
    char *octets = NULL;
    size_t length = 0;
    int result = file_read(path, most, &octets, &length);
    const struct record_head head = {.path = strlen(path), .octets = result < 0 ? 0 : length, .result = result};
    int r = write_whole(&head, sizeof(head));
    if (r == 0)
        r = write_whole(path, head.path);
    if (r == 0 && result == 0)
        r = write_whole(octets, length);
    if (r < 0)
        _exit(CHILD_FAILED);
    if (result < 0)
        return result;
    *ret = octets;
    *ret_length = length;
    return 0;
}

bool precheck_is_child(int argc, char **argv)
{
    return argc >= 5 && strcmp(argv[1], child_word) == 0;
}

static int set_limit(__rlimit_resource_t resource, const char *text)
{
    char *end;
    rlim_t most = strtoull(text, &end, 10);
    const struct rlimit limit = {most, most};
    return most == 0 || setrlimit(resource, &limit) == 0 ? 0 : -errno;
}

int precheck_child(int argc, char **argv)
{
    enum { SECONDS = 2, OCTETS = 3, PATH = 4, GUIDES = 5 };
    const char *const *guides = (const char *const *)argv + GUIDES;
    struct config *config = NULL;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || set_limit(RLIMIT_CPU, argv[SECONDS]) < 0 ||
        set_limit(RLIMIT_AS, argv[OCTETS]) < 0 || set_limit(RLIMIT_CORE, "0") < 0)
        return CHILD_FAILED;
    const struct load_options options = {
        .path = argv[PATH],
        .guide_dirs = argc > GUIDES ? guides : NULL, /* argv ends with NULL */
        .wall_ms = moment_now().wall_ms,
        .read = read_and_keep,
    };
    struct diag_list diags;
    if (diag_list_init(&diags) < 0)
        return CHILD_FAILED;
    int r = config_load(&options, &config, &diags);
    if (r == 0)
        config_free(config);
    diag_list_done(&diags);
    return r == -ENOMEM ? CHILD_FAILED : CHILD_DONE; /* errors are told by who parses it next */
}

/* --- the archive -------------------------------------------------------------------------------------------------- */

struct kept {
    const char *path;
    const char *octets;
    size_t length;
    int result;
};

struct archive {
    char *content;
    struct kept *items;
    size_t count, capacity;
};

void archive_free(struct archive *archive)
{
    if (archive == NULL)
        return;
    free(archive->content);
    free(archive->items);
    free(archive);
}

/* Octets that are there, or NULL. */
static const char *take(const char **at, size_t *left, uint64_t length)
{
    if (length > *left)
        return NULL;
    const char *taken = *at;
    *at += length;
    *left -= (size_t)length;
    return taken;
}

/* The path is closed in the place of the head that is no longer needed: so it is moved one octet to the front. */
static int archive_add(struct archive *archive, const char **at, size_t *left)
{
    struct record_head head;
    const char *octets = take(at, left, sizeof(head));
    if (octets == NULL)
        return -EPROTO;
    memcpy(&head, octets, sizeof(head));
    const char *path = take(at, left, head.path);
    const char *content = path == NULL ? NULL : take(at, left, head.octets);
    struct kept *slot = content == NULL ? NULL : VECTOR_PUSH(archive);
    if (slot == NULL)
        return content == NULL ? -EPROTO : -ENOMEM;
    char *name = archive->content + (path - archive->content) - 1;
    memmove(name, path, head.path);
    name[head.path] = '\0';
    *slot = (struct kept){.path = name, .octets = content, .length = head.octets, .result = (int)head.result};
    return 0;
}

static int archive_fill(struct archive *archive, int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    if (size < 0 || size > ARCHIVE_MOST)
        return size < 0 ? -errno : -EFBIG;
    size_t left = (size_t)size;
    archive->content = malloc(left + 1);
    if (archive->content == NULL)
        return -ENOMEM;
    for (size_t got = 0; got < left;) {
        ssize_t r = pread(fd, archive->content + got, left - got, (off_t)got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return r < 0 ? -errno : -EPROTO;
        got += (size_t)r;
    }
    const char *at = archive->content;
    int r = 0;
    while (r == 0 && left > 0)
        r = archive_add(archive, &at, &left);
    return r;
}

int archive_read(void *context, const char *path, size_t most, char **ret, size_t *ret_length)
{
    const struct archive *archive = context;
    const struct kept *kept = NULL;
    for (size_t i = 0; i < archive->count && kept == NULL; i++) {
        if (strcmp(archive->items[i].path, path) == 0)
            kept = &archive->items[i];
    }
    if (kept == NULL)
        return -ESTALE;
    if (kept->result < 0)
        return kept->result;
    if (kept->length > most)
        return -EFBIG;
    char *octets = malloc(kept->length + 1);
    if (octets == NULL)
        return -ENOMEM;
    memcpy(octets, kept->octets, kept->length);
    octets[kept->length] = '\0';
    *ret = octets;
    *ret_length = kept->length;
    return 0;
}

/* --- the parent --------------------------------------------------------------------------------------------------- */

static int spawn(const struct precheck_request *request, int fd, pid_t *ret)
{
    char seconds[24], octets[24];
    size_t guides = 0;
    while (request->guide_dirs != NULL && request->guide_dirs[guides] != NULL)
        guides++;
    const char **argv = calloc(guides + 6, sizeof(*argv));
    if (argv == NULL)
        return -ENOMEM;
    snprintf(seconds, sizeof(seconds), "%u", request->timeout_ms / 1000 + 1);
    snprintf(octets, sizeof(octets), "%zu", request->most_octets);
    const char *const fixed[] = {"portconformd", child_word, seconds, octets, request->path};
    memcpy(argv, fixed, sizeof(fixed));
    for (size_t i = 0; i < guides; i++)
        argv[sizeof(fixed) / sizeof(fixed[0]) + i] = request->guide_dirs[i];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int r = posix_spawn_file_actions_adddup2(&actions, fd, ARCHIVE_FD);
    if (r == 0)
        r = posix_spawnattr_setsigmask(&attributes, &none);
    if (r == 0)
        r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (r == 0)
        r = posix_spawn(ret, "/proc/self/exe", &actions, &attributes, (char **)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(argv);
    return -r;
}

/* Waits for the child, and ends it when its time is up. Its status as wait(2) gives it, or -EDEADLINE of ours. */
static int wait_for(pid_t pid, unsigned timeout_ms, int *ret_status)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    bool late = fd >= 0 && poll(&ended, 1, (int)timeout_ms) == 0;
    if (late || fd < 0) /* without a descriptor nothing bounds the wait but the limit of its processor time */
        (void)kill(pid, late ? SIGKILL : 0);
    if (fd >= 0)
        close(fd);
    while (waitpid(pid, ret_status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return late ? PC_EDEADLINE : 0;
}

static int judge_child(int result, int status, struct text *error)
{
    if (result < 0)
        text_printf(error, "a process that read it was not done in time, and was ended");
    else if (WIFSIGNALED(status))
        text_printf(error, "a process that read it first died of signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) != CHILD_DONE)
        text_printf(error, "a process that read it first ended with status %d", WEXITSTATUS(status));
    else
        return 0;
    return result < 0 ? result : -ECHILD;
}

int precheck(const struct precheck_request *request, struct archive **ret, struct text *error)
{
    pid_t pid = 0;
    int status = 0;
    /* at a number of its own: dup2(2) onto itself would leave it to be closed by exec */
    int fd = memfd_create("portconformd-configuration", MFD_CLOEXEC);
    int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, ARCHIVE_FD + 1);
    struct archive *archive = calloc(1, sizeof(*archive));
    int r = archive == NULL ? -ENOMEM : fd < 0 || moved < 0 ? -errno : spawn(request, moved, &pid);
    if (r == 0) {
        r = wait_for(pid, request->timeout_ms, &status);
        r = judge_child(r, status, error);
    } else {
        text_printf(error, "no process can be made that reads it first: %s", pc_strerror(r));
    }
    if (r == 0) {
        r = archive_fill(archive, moved);
        if (r < 0)
            text_printf(error, "what was read cannot be taken over: %s", pc_strerror(r));
    }
    if (fd >= 0)
        close(fd);
    if (moved >= 0)
        close(moved);
    if (r < 0)
        archive_free(archive);
    else
        *ret = archive;
    return r;
}

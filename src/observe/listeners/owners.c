/* Owners: units from cgroups, which cost nothing and need no permission; then programs out of /proc, for the sockets
 * that are wanted alone and only until all are found. */
#include "owners.h"
#include "cgroup.h"
#include "helper.h"
#include "owner_cache.h"
#include "portconform/arena.h"
#include "portconform/capability.h"
#include "portconform/file.h"
#include "portconform/vector.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CGROUP_FILE_MAX = 65536 };

/* --- units ------------------------------------------------------------------------------------------------------ */

struct cgroup_names {
    struct cgroup_name *items;
    size_t count, capacity;
};

/* The ids that occur, sorted, each once. */
static int collect_ids(const struct sockdiag_rows *rows, struct cgroup_names *names)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (!rows->items[i].cgroup_id)
            continue;
        struct cgroup_name *slot = VECTOR_PUSH(names);
        if (!slot)
            return -ENOMEM;
        slot->id = rows->items[i].cgroup_id;
    }
    if (names->count == 0)
        return 0;
    qsort(names->items, names->count, sizeof(*names->items), cgroup_name_order);
    size_t kept = 1;
    for (size_t i = 1; i < names->count; i++)
        if (names->items[i].id != names->items[kept - 1].id)
            names->items[kept++] = names->items[i];
    names->count = kept;
    return 0;
}

static int find_units(struct sockdiag_rows *rows, struct arena *arena)
{
    struct cgroup_names names = {0};
    int status = collect_ids(rows, &names);
    if (status == 0)
        status = cgroup_find(names.items, names.count, arena);
    for (size_t i = 0; status == 0 && names.count && i < rows->count; i++) {
        const struct cgroup_name key = {.id = rows->items[i].cgroup_id};
        const struct cgroup_name *name = bsearch(&key, names.items, names.count, sizeof(key), cgroup_name_order);
        if (name)
            rows->items[i].listener.owner.unit = name->unit;
    }
    VECTOR_DONE(&names);
    return status;
}

/* --- programs --------------------------------------------------------------------------------------------------- */

/* A socket that is looked for. */
struct wanted {
    uint64_t inode;
    struct owner *owner;
};

struct search {
    struct wanted *wanted; /* by inode */
    size_t count;
    size_t left;
    unsigned descriptors_most; /* of a process that are looked at, in this pass */
    struct arena *arena;
    int64_t deadline_mono_ms;
};

static int wanted_order(const void *left, const void *right)
{
    const uint64_t a = ((const struct wanted *)left)->inode;
    const uint64_t b = ((const struct wanted *)right)->inode;
    return (a > b) - (a < b);
}

static int search_init(struct search *search, struct sockdiag_rows *rows, struct arena *arena)
{
    search->arena = arena;
    search->wanted = calloc(rows->count + 1, sizeof(*search->wanted));
    if (!search->wanted)
        return -ENOMEM;
    for (size_t i = 0; i < rows->count; i++) {
        struct listener *listener = &rows->items[i].listener;
        if (listener->inode)
            search->wanted[search->count++] = (struct wanted){.inode = listener->inode, .owner = &listener->owner};
    }
    search->left = search->count;
    qsort(search->wanted, search->count, sizeof(*search->wanted), wanted_order);
    return 0;
}

/* What is known about a process, read when its first socket is met. */
struct process {
    int32_t pid;
    int folder; /* /proc/PID */
    bool read;
    bool holds_for_others;
    const char *exe;
    const char *unit;
};

/* systemd, the system's and each user's, holds the sockets of the services that it starts when somebody calls: it is
 * nobody's impostor, and where it holds one alone the program is not known. */
static bool is_manager(const char *exe)
{
    const char *slash = exe == NULL ? NULL : strrchr(exe, '/');
    return slash != NULL && strcmp(slash + 1, "systemd") == 0;
}

/* The program of a process; NULL where it cannot be read. */
static int read_exe(struct process *process, struct arena *arena)
{
    static const char deleted[] = " (deleted)";
    char path[PATH_MAX];
    const ssize_t got = readlinkat(process->folder, "exe", path, sizeof(path));
    if (got <= 0 || (size_t)got >= sizeof(path))
        return 0;
    size_t length = (size_t)got;
    if (length > sizeof(deleted) - 1 &&
        memcmp(path + length - (sizeof(deleted) - 1), deleted, sizeof(deleted) - 1) == 0)
        length -= sizeof(deleted) - 1; /* replaced by an update; it is the same program still */
    process->exe = arena_strndup(arena, path, length);
    return process->exe ? 0 : -ENOMEM;
}

static int read_unit(struct process *process, struct arena *arena)
{
    char path[32];
    char *content;
    size_t length;
    snprintf(path, sizeof(path), "/proc/%d/cgroup", process->pid);
    int status = file_read(path, CGROUP_FILE_MAX, &content, &length);
    if (status < 0)
        return status == -ENOMEM ? status : 0;
    status = 0;
    process->unit = cgroup_unit_of_process(content, arena, &status);
    free(content);
    return status;
}

static int read_process(struct process *process, struct arena *arena)
{
    if (process->read)
        return 0;
    process->read = true;
    int status = read_exe(process, arena);
    if (status == 0)
        status = read_unit(process, arena);
    process->holds_for_others = is_manager(process->exe);
    return status;
}

const char *owners_unit(const char *of_socket, const char *of_process)
{
    static const char suffix[] = ".socket";
    const size_t length = of_socket ? strlen(of_socket) : 0, suffix_length = sizeof(suffix) - 1;
    const bool activated = length > suffix_length && strcmp(of_socket + length - suffix_length, suffix) == 0;
    return of_process && (!of_socket || activated) ? of_process : of_socket;
}

static int process_owns(struct search *search, struct process *process, struct owner *owner)
{
    int status = read_process(process, search->arena);
    if (status < 0 || process->holds_for_others)
        return status;
    owner->pid = process->pid;
    owner->exe = process->exe;
    owner->unit = owners_unit(owner->unit, process->unit);
    search->left--;
    return 0;
}

/* "socket:[4711]" */
static uint64_t socket_inode(const char *link)
{
    static const char prefix[] = "socket:[";
    if (strncmp(link, prefix, sizeof(prefix) - 1) != 0)
        return 0;
    return strtoull(link + sizeof(prefix) - 1, NULL, 10);
}

static int search_descriptors(struct search *search, struct process *process, DIR *descriptors)
{
    const struct dirent *entry;
    unsigned looked = 0;
    while (search->left && !process->holds_for_others && looked++ < search->descriptors_most &&
           (entry = readdir(descriptors))) {
        char link[64];
        const ssize_t length = readlinkat(dirfd(descriptors), entry->d_name, link, sizeof(link) - 1);
        if (length <= 0)
            continue;
        link[length] = '\0';
        const struct wanted key = {.inode = socket_inode(link)};
        if (!key.inode)
            continue;
        const struct wanted *wanted = bsearch(&key, search->wanted, search->count, sizeof(key), wanted_order);
        if (!wanted || wanted->owner->pid)
            continue;
        const int status = process_owns(search, process, wanted->owner);
        if (status < 0)
            return status;
    }
    return 0;
}

static int search_process(struct search *search, int proc, const char *name)
{
    struct process process = {.pid = (int32_t)strtol(name, NULL, 10)};
    process.folder = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (process.folder < 0)
        return 0; /* it ended */
    int status = 0;
    const int fd = openat(process.folder, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *descriptors = fd >= 0 ? fdopendir(fd) : NULL;
    if (descriptors) {
        status = search_descriptors(search, &process, descriptors);
        closedir(descriptors);
    } else if (fd >= 0) {
        close(fd);
    }
    close(process.folder);
    return status;
}

static bool deadline_passed(int64_t deadline_mono_ms)
{
    return deadline_mono_ms > 0 && deadline_mono_ms < INT64_MAX && moment_now().mono_ms >= deadline_mono_ms;
}

static int search_processes(struct search *search)
{
    DIR *proc = opendir("/proc");
    if (!proc)
        return 0;
    int status = 0;
    const struct dirent *entry;
    while (search->left && status == 0 && (entry = readdir(proc))) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        if (deadline_passed(search->deadline_mono_ms))
            break;
        status = search_process(search, dirfd(proc), entry->d_name);
    }
    closedir(proc);
    return status;
}

/* Servers open what they listen on before they have connections, and descriptors are numbered from below: a first pass
 * over the first few of each process spares most of the work on a busy machine. */
static int find_programs(struct search *search)
{
    enum { FIRST_FEW = 64 };
    search->descriptors_most = FIRST_FEW;
    int status = search_processes(search);
    search->descriptors_most = UINT_MAX;
    return status == 0 && search->left ? search_processes(search) : status;
}

int owners_find(struct sockdiag_rows *rows, struct arena *arena, int64_t deadline_mono_ms)
{
    struct search search = {.deadline_mono_ms = deadline_mono_ms};
    int status = find_units(rows, arena);
    if (status == 0)
        status = search_init(&search, rows, arena);
    if (status == 0)
        status = find_programs(&search);
    free(search.wanted);
    return status;
}

bool listeners_owners_readable(void)
{
    const uint64_t needed = CAPABILITY(CAP_SYS_PTRACE) | CAPABILITY(CAP_DAC_READ_SEARCH);
    return (capabilities_held() & needed) == needed;
}

/* --- by the cache first ----------------------------------------------------------------------------------------- */

/* The rows that the cache does not know, and where they stand. */
struct unknown_rows {
    struct sockdiag_rows rows;
    size_t *places;
};

static int take_known(struct sockdiag_rows *rows, struct arena *arena, const struct listener_request *request,
                      struct unknown_rows *unknown)
{
    unknown->places = calloc(rows->count + 1, sizeof(*unknown->places));
    if (!unknown->places)
        return -ENOMEM;
    for (size_t i = 0; i < rows->count; i++) {
        const int known = owner_cache_take(request->known, &rows->items[i], arena, request->now.mono_ms);
        if (known < 0)
            return known;
        if (known > 0)
            continue;
        unknown->places[unknown->rows.count] = i;
        struct sockdiag_row *slot = VECTOR_PUSH(&unknown->rows);
        if (!slot)
            return -ENOMEM;
        *slot = rows->items[i];
    }
    return 0;
}

/* What a helper finds it remembers. Where there was no time for all of it, units cost no right. */
static int ask_helper(struct sockdiag_rows *rows, struct arena *arena, const struct listener_request *request)
{
    const int status = helper_find_owners(request->helper, rows, arena, request->deadline_mono_ms);
    return status == -EAGAIN || status == -EPIPE ? find_units(rows, arena) : status;
}

int owners_find_known(struct sockdiag_rows *rows, struct arena *arena, const struct listener_request *request)
{
    struct unknown_rows unknown = {.places = NULL};
    if (listener_helper_owners(request->helper) == HELPER_SERVES)
        return ask_helper(rows, arena, request);
    if (!request->known)
        return owners_find(rows, arena, request->deadline_mono_ms);
    int status = take_known(rows, arena, request, &unknown);
    if (status == 0 && unknown.rows.count > 0)
        status = owners_find(&unknown.rows, arena, request->deadline_mono_ms);
    for (size_t i = 0; status == 0 && i < unknown.rows.count; i++)
        rows->items[unknown.places[i]] = unknown.rows.items[i];
    /* a search that the deadline cut short has not found nobody */
    if (status == 0 && unknown.rows.count > 0 && !deadline_passed(request->deadline_mono_ms))
        status = owner_cache_put(request->known, &unknown.rows, request->now.mono_ms);
    VECTOR_DONE(&unknown.rows);
    free(unknown.places);
    return status;
}

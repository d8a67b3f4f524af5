/* Cgroups: the kernel tells with each socket the id of the cgroup that made it, which is the inode number of its
 * folder.
 *
 * With CAP_DAC_READ_SEARCH the id opens as a file handle; without it the tree is walked once, until all are found.
 */
#include "cgroup.h"
#include "owners.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { WALK_DEPTH = 32, KERNFS_HANDLE_TYPE = 0xfe };

/* --- names out of paths ----------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, size_t length, const char *suffix)
{
    const size_t suffix_length = strlen(suffix);
    return length > suffix_length && memcmp(text + length - suffix_length, suffix, suffix_length) == 0;
}

static bool is_container_id(const char *text, size_t length)
{
    if (length != 64)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!strchr("0123456789abcdef", text[i]))
            return false;
    return true;
}

static bool is_unit(const char *text, size_t length)
{
    return ends_with(text, length, ".service") || ends_with(text, length, ".scope") ||
           ends_with(text, length, ".socket");
}

const char *cgroup_unit(const char *path, struct arena *arena, int *ret_status)
{
    const char *found = NULL;
    size_t found_length = 0;
    const char *parent = NULL;
    for (const char *at = path; *at;) {
        at += strspn(at, "/");
        const size_t length = strcspn(at, "/");
        if (is_unit(at, length)) {
            found = at + (at[0] == '_'); /* systemd's escape where a name would clash with the kernel's */
            found_length = length - (at[0] == '_');
        } else if (is_container_id(at, length)) {
            found = parent ? parent : at;
            found_length = (size_t)(at - found) + length;
        }
        parent = at;
        at += length;
    }
    if (!found)
        return NULL;
    const char *unit = arena_strndup(arena, found, found_length);
    if (!unit)
        *ret_status = -ENOMEM;
    return unit;
}

const char *cgroup_unit_of_process(const char *content, struct arena *arena, int *ret_status)
{
    static const char *const hierarchies[] = {"0::", ":name=systemd:", ":"};
    for (size_t i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++) {
        const char *line = content;
        while (*line) {
            const size_t length = strcspn(line, "\n");
            char path[PATH_MAX];
            const char *mark = memmem(line, length, hierarchies[i], strlen(hierarchies[i]));
            const char *slash = mark ? memchr(mark, '/', length - (size_t)(mark - line)) : NULL;
            const size_t path_length = slash ? length - (size_t)(slash - line) : 0;
            if (slash && path_length < sizeof(path)) {
                memcpy(path, slash, path_length);
                path[path_length] = '\0';
                const char *unit = cgroup_unit(path, arena, ret_status);
                if (unit || *ret_status < 0)
                    return unit;
            }
            line += length + (line[length] == '\n');
        }
    }
    return NULL;
}

/* --- the walk --------------------------------------------------------------------------------------------------- */

struct walk {
    struct cgroup_name *names;
    size_t count;
    size_t left; /* not found yet */
    struct arena *arena;
    int status;
    char path[PATH_MAX];
};

int cgroup_name_order(const void *left, const void *right)
{
    const uint64_t a = ((const struct cgroup_name *)left)->id;
    const uint64_t b = ((const struct cgroup_name *)right)->id;
    return (a > b) - (a < b);
}

static void walk_meet(struct walk *walk, uint64_t id)
{
    const struct cgroup_name key = {.id = id};
    struct cgroup_name *name = bsearch(&key, walk->names, walk->count, sizeof(key), cgroup_name_order);
    if (!name || name->unit)
        return;
    name->unit = cgroup_unit(walk->path, walk->arena, &walk->status);
    walk->left--;
}

/* `fd` is a folder, and transferred; its path has `length` octets. */
static void walk_folder(struct walk *walk, int fd, size_t length, unsigned depth)
{
    DIR *folder = fdopendir(fd);
    if (!folder) {
        close(fd);
        return;
    }
    const struct dirent *entry;
    while (walk->left && walk->status == 0 && (entry = readdir(folder))) {
        const size_t name_length = strlen(entry->d_name);
        if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            length + 1 + name_length >= sizeof(walk->path))
            continue;
        walk->path[length] = '/';
        memcpy(walk->path + length + 1, entry->d_name, name_length + 1);
        walk_meet(walk, entry->d_ino);
        const int below = depth < WALK_DEPTH && walk->left
                              ? openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
                              : -1;
        if (below >= 0)
            walk_folder(walk, below, length + 1 + name_length, depth + 1);
        walk->path[length] = '\0';
    }
    closedir(folder);
}

/* --- handles ---------------------------------------------------------------------------------------------------- */

/* The unit by the cgroup's file handle; false where this is not permitted and the tree must be walked. */
static bool unit_by_handle(int mount_fd, struct cgroup_name *name, struct arena *arena, int *ret_status)
{
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + sizeof(uint64_t)];
    } file = {.handle = {.handle_bytes = sizeof(name->id), .handle_type = KERNFS_HANDLE_TYPE}};
    memcpy(file.room + offsetof(struct file_handle, f_handle), &name->id, sizeof(name->id));
    const int fd = open_by_handle_at(mount_fd, &file.handle, O_RDONLY | O_CLOEXEC | O_PATH);
    if (fd < 0)
        return errno == ESTALE; /* gone, or outside our cgroup namespace: the walk would not find it either */
    char link[32];
    char path[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, path, sizeof(path) - 1);
    close(fd);
    if (length < 0)
        return false;
    path[length] = '\0';
    name->unit = cgroup_unit(path, arena, ret_status);
    return true;
}

static int open_mount(void)
{
    static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
        const int fd = open(mounts[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct statfs status;
        if (fd >= 0 && fstatfs(fd, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC)
            return fd;
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

int cgroup_find(struct cgroup_name *names, size_t count, struct arena *arena)
{
    const int mount_fd = count ? open_mount() : -1;
    if (mount_fd < 0)
        return 0;
    int status = 0;
    size_t done = 0;
    while (done < count && status == 0 && unit_by_handle(mount_fd, &names[done], arena, &status))
        done++;
    if (done == count || status < 0) {
        close(mount_fd);
        return status;
    }
    struct walk *walk = calloc(1, sizeof(*walk));
    if (!walk) {
        close(mount_fd);
        return -ENOMEM;
    }
    *walk = (struct walk){.names = names + done, .count = count - done, .left = count - done, .arena = arena};
    struct stat root;
    if (fstat(mount_fd, &root) == 0)
        walk_meet(walk, root.st_ino); /* not a unit, but it need not be looked for */
    walk_folder(walk, mount_fd, 0, 0);
    status = walk->status;
    free(walk);
    return status;
}

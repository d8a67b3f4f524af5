/* Which files: the search path of guides, and the *.conf files of a folder. */
#include "loader.h"

#include "portconform/error.h"
#include "portconform/vector.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct names {
    const char **items;
    size_t count, capacity;
};

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* What cannot be asked about counts as there: reading it tells why not, and no other guide takes its place unnoticed.
 */
static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t without_ending(const char *name)
{
    size_t length = strlen(name);
    bool conf = length > 5 && strcmp(name + length - 5, ".conf") == 0;
    return conf && name[0] != '.' ? length - 5 : 0;
}

/* Adds the names of a folder's *.conf files, and with `folders` those of its folders, to `names`. */
static int add_names(struct loader *loader, const char *folder, bool folders, struct names *names)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return -errno;
    int result = 0;
    const struct dirent *entry;
    while (result == 0 && (errno = 0, entry = readdir(dir))) {
        size_t length = without_ending(entry->d_name);
        if (length == 0 && folders && entry->d_name[0] != '.') {
            const char *path = loader_printf(loader, "%s/%s", folder, entry->d_name);
            length = path && is_folder(path) ? strlen(entry->d_name) : 0;
        }
        if (length == 0)
            continue;
        const char *name = arena_strndup(loader->scratch, entry->d_name, length);
        const char **slot = name ? VECTOR_PUSH(names) : NULL;
        if (slot)
            *slot = name;
        else
            result = -ENOMEM;
    }
    if (result == 0 && errno)
        result = -errno;
    closedir(dir);
    return result;
}

/* Sorts, drops doubles, and moves the names into the scratch arena. */
static int finish_names(struct loader *loader, struct names *names, const char *const **ret, size_t *ret_count)
{
    const char **items = ARENA_ARRAY(loader->scratch, const char *, names->count + 1);
    size_t count = 0;
    if (!items)
        return -ENOMEM;
    if (names->count)
        qsort(names->items, names->count, sizeof(names->items[0]), compare_names);
    for (size_t i = 0; i < names->count; i++)
        if (count == 0 || strcmp(items[count - 1], names->items[i]) != 0)
            items[count++] = names->items[i];
    *ret = items;
    *ret_count = count;
    return 0;
}

int search_list(struct loader *loader, const char *folder, const char *const **ret, size_t *ret_count)
{
    struct names names = {0};
    int result = add_names(loader, folder, false, &names);
    if (result == 0)
        result = finish_names(loader, &names, ret, ret_count);
    VECTOR_DONE(&names);
    return result;
}

int search_all(struct loader *loader, const char *const **ret_ids, size_t *ret_count)
{
    struct names names = {0};
    int result = 0;
    for (const char *const *folder = loader->search; *folder && result != -ENOMEM; folder++)
        result = add_names(loader, *folder, true, &names);
    if (result != -ENOMEM)
        result = finish_names(loader, &names, ret_ids, ret_count);
    VECTOR_DONE(&names);
    return result;
}

int search_prepare(struct loader *loader)
{
    size_t given = 0, count = 0;
    while (loader->options->guide_dirs && loader->options->guide_dirs[given])
        given++;
    const char **search = loader_scratch(loader, given + 4, sizeof(*search));
    if (!search)
        return -ENOMEM;
    for (; count < given; count++) {
        search[count] = loader->options->guide_dirs[count];
        if (!is_folder(search[count]))
            ERROR(loader, ((struct origin){search[count], 0, 0}), NULL, "no such folder of guides");
    }
    if (loader->folder && !(search[count++] = loader_printf(loader, "%s/guides", loader->folder)))
        return -ENOMEM;
    search[count++] = PC_DATADIR "/guides";
    search[count++] = PC_SOURCE_DIR "/conf/guides";
    loader->search = search;
    return 0;
}

/* "there are ism, jp1-itdm; ..." NULL: out of memory. */
static const char *hint_known(struct loader *loader, const char *const *ids, size_t count)
{
    enum { TOLD_MOST = 12 };
    const char *known = "";
    for (size_t i = 0; known && i < count && i < TOLD_MOST; i++)
        known = loader_printf(loader, "%s%s%s", known, i > 0 ? ", " : "", ids[i]);
    return known ? loader_printf(loader, "there %s %s%s; others are looked for in the folders of -G%s",
                                 count > 1 ? "are" : "is", count > 0 ? known : "none", count > TOLD_MOST ? ", ..." : "",
                                 loader->folder ? " and in guides beside site.conf" : "")
                 : NULL;
}

static void not_found(struct loader *loader, const char *id, struct origin wanted)
{
    const char *const *ids;
    size_t count;
    char hint[HINT_TEXT];
    if (search_all(loader, &ids, &count) < 0) {
        loader->failure = -ENOMEM;
        return;
    }
    const char *near = hint_nearest(id, ids, hint, sizeof(hint));
    if (!near)
        near = hint_known(loader, ids, count);
    ERROR(loader, wanted, near, "there is no guide \"%s\"", id);
}

static bool folder_paths(struct loader *loader, const char *folder, const char *const **ret_paths, size_t *ret_count)
{
    const char *const *names = NULL;
    size_t count = 0;
    int result = search_list(loader, folder, &names, &count);
    if (result < 0 || count == 0) {
        ERROR(loader, ((struct origin){folder, 0, 0}), NULL, "%s", result < 0 ? pc_strerror(result) : "no *.conf file");
        return false;
    }
    const char **paths = loader_scratch(loader, count, sizeof(*paths));
    if (!paths)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!(paths[i] = loader_printf(loader, "%s/%s.conf", folder, names[i])))
            return false;
    *ret_paths = paths;
    *ret_count = count;
    return true;
}

bool search_guide(struct loader *loader, const char *id, struct origin wanted, const char *const **ret_paths,
                  size_t *ret_count)
{
    for (const char *const *folder = loader->search; *folder; folder++) {
        const char *file = loader_printf(loader, "%s/%s.conf", *folder, id);
        const char *inner = loader_printf(loader, "%s/%s", *folder, id);
        if (!file || !inner)
            return false;
        if (exists(file)) {
            if (is_folder(inner))
                WARNING(loader, ((struct origin){file, 0, 0}), NULL, "the folder %s beside it is not read", inner);
            const char **paths = loader_scratch(loader, 1, sizeof(*paths));
            if (!paths)
                return false;
            paths[0] = file;
            *ret_paths = paths;
            *ret_count = 1;
            return true;
        }
        if (is_folder(inner))
            return folder_paths(loader, inner, ret_paths, ret_count);
    }
    not_found(loader, id, wanted);
    return false;
}

/* Names of programs: hrSWRunPath where it holds a path, else hrSWRunName. */
#include "naming.h"

#include <errno.h>
#include <string.h>

enum { PIDS_AT_ONCE = READING_ASK_MAX / 2, NAME_OCTETS = 255 };
/* Linux keeps 15 octets of a process's own name. One that long may be the beginning of a longer one: whether a pattern
 * fits it cannot be told. */
enum { COMM_OCTETS = 15 };

void naming_begin(struct reading *reading)
{
    reading->next_pid = 0;
    reading->pids_at_once = reading->options.bulk ? PIDS_AT_ONCE : 1;
    reading->step = reading->options.owners && reading->pids.count > 0 ? READING_NAMES : READING_OVER;
}

/* The path and the name of each of the next processes, in pairs. */
void naming_ask(struct reading *reading)
{
    const size_t most = 2 * reading->pids_at_once;
    reading->name_count = 0;
    for (size_t i = reading->next_pid; i < reading->pids.count && reading->name_count < most; i++) {
        struct mib_name *path = &reading->names[reading->name_count++];
        struct mib_name *name = &reading->names[reading->name_count++];
        *path = mib_run_path;
        *name = mib_run_name;
        (void)mib_name_add(path, (uint32_t)reading->pids.items[i]);
        (void)mib_name_add(name, (uint32_t)reading->pids.items[i]);
    }
}

static const struct mib_binding *find(const struct reading_answer *answer, const struct mib_name *column, int32_t pid)
{
    struct mib_name wanted = *column;
    (void)mib_name_add(&wanted, (uint32_t)pid);
    for (size_t i = 0; i < answer->count; i++) {
        const struct mib_binding *binding = &answer->bindings[i];
        if (mib_name_compare(&binding->name, &wanted) == 0)
            return binding->kind == MIB_OCTETS && binding->length > 0 && binding->length <= NAME_OCTETS &&
                           !memchr(binding->octets, '\0', binding->length)
                       ? binding
                       : NULL;
    }
    return NULL;
}

static bool ends_in_separator(const struct mib_binding *path)
{
    return path->octets[path->length - 1] == '\\' || path->octets[path->length - 1] == '/';
}

/* Windows tells the folder as the path. */
static int compose(const struct reading *reading, const struct mib_binding *path, const struct mib_binding *name,
                   const char **ret)
{
    bool folder = path && name && ends_in_separator(path);
    bool whole = path && !folder && path->octets[0] == '/';
    if (!folder && !whole && (!name || (name->length == COMM_OCTETS && !reading->microsoft)))
        return 0;
    if (folder)
        *ret = arena_printf(reading->arena, "%.*s%.*s", (int)path->length, (const char *)path->octets,
                            (int)name->length, (const char *)name->octets);
    else
        *ret =
            arena_strndup(reading->arena, (const char *)(whole ? path : name)->octets, (whole ? path : name)->length);
    return *ret ? 0 : -ENOMEM;
}

static int name_process(struct reading *reading, const struct reading_answer *answer, int32_t pid)
{
    const char *exe = NULL;
    int r = compose(reading, find(answer, &mib_run_path, pid), find(answer, &mib_run_name, pid), &exe);
    for (size_t i = 0; exe && i < reading->listeners.count; i++)
        if (reading->listeners.items[i].owner.pid == pid)
            reading->listeners.items[i].owner.exe = exe;
    return r;
}

/* Version 1 gives nothing at all where one object is not there, so that it is asked one process at a time. */
int naming_take(struct reading *reading, const struct reading_answer *answer)
{
    if (answer->error == ANSWER_TOO_BIG && reading->pids_at_once > 1) {
        reading->pids_at_once /= 2;
        return 0;
    }
    size_t end = reading->next_pid + reading->name_count / 2;
    for (; reading->next_pid < end; reading->next_pid++) {
        int r = name_process(reading, answer, reading->pids.items[reading->next_pid]);
        if (r < 0)
            return r;
    }
    if (reading->next_pid >= reading->pids.count)
        reading->step = READING_OVER;
    return 0;
}

/* The packets between the program and its helpers, read without trust. */
#include "helper.h"
#include "owners.h"

#include "portconform/number.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static bool whole_path(const char *octets, size_t length)
{
    return length > 1 && length <= HELPER_PATH_MAX && memchr(octets, '\0', length) == octets + length - 1;
}

int helper_parse_request(const char *octets, size_t length, struct helper_request *ret)
{
    struct helper_request request = {.path = NULL};
    if (length < sizeof(request.head))
        return -EBADMSG;
    memcpy(&request.head, octets, sizeof(request.head));
    const char *rest = octets + sizeof(request.head);
    const size_t left = length - sizeof(request.head), count = request.head.count;
    if (request.head.kind == HELPER_ASKS_OWNERS) {
        if (count > HELPER_QUESTIONS_MAX || left != count * sizeof(struct helper_question))
            return -EBADMSG;
        request.questions = rest;
    } else if (request.head.kind == HELPER_ASKS_NAMESPACE) {
        if (count != left || !whole_path(rest, left))
            return -EBADMSG;
        request.path = rest;
    } else {
        return -EBADMSG;
    }
    *ret = request;
    return 0;
}

int helper_place_parse(const char *path, struct helper_place *ret)
{
    static const char *const folders[] = {"/run/netns/", "/var/run/netns/"};
    static const char processes[] = "/proc/", inside[] = "/ns/net";
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        const size_t length = strlen(folders[i]);
        const char *name = path + length;
        if (strncmp(path, folders[i], length) != 0)
            continue;
        if (name[0] == '\0' || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            strlen(name) > NAME_MAX)
            return -EINVAL;
        *ret = (struct helper_place){.name = name};
        return 0;
    }
    char digits[16];
    int64_t pid;
    const size_t length = strlen(path), around = sizeof(processes) - 1 + sizeof(inside) - 1;
    if (length <= around || length - around >= sizeof(digits) || strncmp(path, processes, sizeof(processes) - 1) != 0 ||
        strcmp(path + length - (sizeof(inside) - 1), inside) != 0)
        return -EINVAL;
    memcpy(digits, path + sizeof(processes) - 1, length - around);
    digits[length - around] = '\0';
    if (digits[0] < '1' || digits[0] > '9' || number_parse(digits, 1, INT32_MAX, &pid) < 0)
        return -EINVAL;
    *ret = (struct helper_place){.pid = (int32_t)pid};
    return 0;
}

/* --- owners ------------------------------------------------------------------------------------------------------- */

struct named {
    struct helper_owner owner;
    const char *exe, *unit; /* in the packet */
};

/* One owner off the front: how many octets, 0: there is no whole one. */
static size_t next_owner(const char *octets, size_t length, struct named *ret)
{
    if (length < sizeof(ret->owner))
        return 0;
    memcpy(&ret->owner, octets, sizeof(ret->owner));
    const size_t size = sizeof(ret->owner) + ret->owner.exe + ret->owner.unit;
    if (length < size || ret->owner.exe >= PATH_MAX)
        return 0;
    ret->exe = octets + sizeof(ret->owner);
    ret->unit = ret->exe + ret->owner.exe;
    return size;
}

static int give(const struct named *named, struct owner *owner, struct arena *arena)
{
    owner->pid = named->owner.pid > 0 ? named->owner.pid : 0;
    if (named->owner.exe > 0) {
        owner->exe = arena_strndup(arena, named->exe, named->owner.exe);
        if (!owner->exe)
            return -ENOMEM;
    }
    if (named->owner.unit > 0) {
        owner->unit = arena_strndup(arena, named->unit, named->owner.unit);
        if (!owner->unit)
            return -ENOMEM;
    }
    return 0;
}

int helper_take_owners(const char *octets, size_t length, struct sockdiag_rows *rows, struct arena *arena)
{
    struct helper_head head;
    if (length < sizeof(head))
        return -EBADMSG;
    memcpy(&head, octets, sizeof(head));
    size_t at = sizeof(head), row = 0;
    for (uint32_t i = 0; i < head.count; i++) {
        struct named named;
        const size_t size = next_owner(octets + at, length - at, &named);
        if (size == 0)
            return -EBADMSG;
        at += size;
        /* told in the order they were asked for, so that one way through the rows finds them all */
        while (row < rows->count && rows->items[row].listener.inode != named.owner.inode)
            row++;
        if (row == rows->count)
            return -EBADMSG;
        const int status = give(&named, &rows->items[row++].listener.owner, arena);
        if (status < 0)
            return status;
    }
    return at == length ? 0 : -EBADMSG;
}

/* Who is at the other end, by what the kernel says of them, and what they may do. */
#include "server.h"

#include "portconform/number.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ID_MAX = INT32_MAX, GROUPS_USUAL = 32 };

/* --- names -------------------------------------------------------------------------------------------------------- */

static int tell_unknown_name(const char *what, const char *name, struct text *error)
{
    text_printf(error, "the control socket is for the %s \"", what);
    text_escape_string(error, name, ESCAPE_TEXT);
    text_add(error, "\", which this machine does not know");
    return -ENOENT;
}

static int find_group(const char *name, gid_t *ret, struct text *error)
{
    int64_t number = 0;
    const struct group *group = NULL;
    if (number_parse(name, 0, ID_MAX, &number) == 0)
        *ret = (gid_t)number;
    else if ((group = getgrnam(name)) != NULL)
        *ret = group->gr_gid;
    else
        return tell_unknown_name("group", name, error);
    return 0;
}

static int find_user(const char *name, uid_t *ret, struct text *error)
{
    int64_t number = 0;
    const struct passwd *user = NULL;
    if (number_parse(name, 0, ID_MAX, &number) == 0)
        *ret = (uid_t)number;
    else if ((user = getpwnam(name)) != NULL)
        *ret = user->pw_uid;
    else
        return tell_unknown_name("user", name, error);
    return 0;
}

int rights_init(struct rights *rights, const char *group, const char *const *readers, struct text *error)
{
    struct rights made = {.own_uid = geteuid(), .own_gid = getegid(), .group = getegid()};
    size_t count = 0;
    while (readers && readers[count])
        count++;
    int r = group ? find_group(group, &made.group, error) : 0;
    made.readers = r == 0 ? calloc(count + 1, sizeof(*made.readers)) : NULL;
    if (r == 0 && !made.readers)
        r = -ENOMEM;
    for (; r == 0 && made.reader_count < count; made.reader_count += r == 0)
        r = find_user(readers[made.reader_count], &made.readers[made.reader_count], error);
    if (r == 0)
        *rights = made;
    else
        rights_done(&made);
    return r;
}

void rights_done(struct rights *rights)
{
    free(rights->readers);
    *rights = (struct rights){0};
}

/* --- peers -------------------------------------------------------------------------------------------------------- */

static int read_groups(int fd, struct asker *peer)
{
    socklen_t size = GROUPS_USUAL * sizeof(gid_t);
    for (;;) {
        gid_t *groups = malloc(size);
        if (!groups)
            return -ENOMEM;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
            peer->groups = groups;
            peer->group_count = size / sizeof(*groups);
            return 0;
        }
        free(groups);
        if (errno != ERANGE) /* which has told the size that it takes */
            return errno == ENODATA ? 0 : -errno;
    }
}

int asker_of(int fd, struct asker *ret)
{
    struct ucred credentials;
    socklen_t size = sizeof(credentials);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return -errno;
    struct asker peer = {.uid = credentials.uid, .gid = credentials.gid};
    int r = read_groups(fd, &peer);
    if (r == 0)
        *ret = peer;
    return r;
}

static bool is_member(const struct asker *peer, gid_t group)
{
    if (peer->gid == group)
        return true;
    for (size_t i = 0; i < peer->group_count; i++)
        if (peer->groups[i] == group)
            return true;
    return false;
}

enum right rights_of(const struct rights *rights, const struct asker *peer)
{
    if (peer->uid == 0 || peer->uid == rights->own_uid || is_member(peer, rights->own_gid))
        return RIGHT_COMMAND;
    if (is_member(peer, rights->group))
        return RIGHT_READ;
    for (size_t i = 0; i < rights->reader_count; i++)
        if (rights->readers[i] == peer->uid)
            return RIGHT_READ;
    return RIGHT_NONE;
}

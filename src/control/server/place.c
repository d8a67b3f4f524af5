/* The socket's place in the file system: taken at once and whole, from a dead daemon if need be, never from anybody
 * else.
 *
 * The place is locked while that is done, so that of two daemons that start together one sees the other. The socket is
 * made under another name, gets its group and mode, and only then its own name: nobody ever sees it open too wide. */
#include "server.h"

#include "portconform/error.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128, SUFFIX_MAX = 16 };

static int tell(struct text *error, const char *path, const char *what, int code)
{
    text_add(error, "the control socket ");
    text_escape_string(error, path, ESCAPE_TEXT);
    text_printf(error, " %s: %s", what, pc_strerror(code));
    return code;
}

/* A file beside the socket, of the lock alone: the folder may be locked for other reasons, by this very process. The
 * lock goes with the descriptor; who waited for one whose file was removed meanwhile begins again. */
static int lock_place(const char *name)
{
    for (;;) {
        struct stat held = {0}, there = {0};
        int fd = open(name, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, S_IRUSR | S_IWUSR);
        if (fd < 0)
            return -errno;
        int r = flock(fd, LOCK_EX) < 0 || fstat(fd, &held) < 0 ? -errno : 0;
        if (r == 0 && lstat(name, &there) == 0 && there.st_dev == held.st_dev && there.st_ino == held.st_ino)
            return fd;
        close(fd);
        if (r < 0)
            return r;
    }
}

static void unlock_place(const char *name, int fd)
{
    if (fd < 0)
        return;
    unlink(name);
    close(fd);
}

/* 0: nobody answers there; -EADDRINUSE: somebody does. */
static int knock(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? -EADDRINUSE : -errno;
    close(fd);
    /* a full backlog is one that somebody keeps */
    return r == -ECONNREFUSED || r == -ENOENT ? 0 : r == -EAGAIN ? -EADDRINUSE : r;
}

static int look_at(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    if (status.st_uid != geteuid() && geteuid() != 0)
        return -EPERM;
    return knock(address);
}

static int make(const struct sockaddr_un *address, gid_t group, mode_t mode, struct place *ret)
{
    struct sockaddr_un first = {.sun_family = AF_UNIX};
    int length = snprintf(first.sun_path, sizeof(first.sun_path), "%s.%d", address->sun_path, (int)getpid());
    if (length < 0 || (size_t)length >= sizeof(first.sun_path))
        return -ENAMETOOLONG;
    struct stat status;
    int r = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (unlink(first.sun_path) < 0 && errno != ENOENT)
        r = -errno;
    /* the mode that it is born with: open to us alone */
    if (r == 0 && (fchmod(fd, S_IRUSR | S_IWUSR) < 0 || bind(fd, (const struct sockaddr *)&first, sizeof(first)) < 0))
        r = -errno;
    if (r < 0) {
        close(fd);
        return r;
    }
    if ((group != getegid() && lchown(first.sun_path, (uid_t)-1, group) < 0) || chmod(first.sun_path, mode) < 0 ||
        listen(fd, BACKLOG) < 0 || lstat(first.sun_path, &status) < 0 ||
        rename(first.sun_path, address->sun_path) < 0) {
        r = -errno;
        unlink(first.sun_path);
        close(fd);
        return r;
    }
    ret->device = status.st_dev;
    ret->inode = status.st_ino;
    ret->fd = fd;
    return 0;
}

int place_take(const char *path, gid_t group, mode_t mode, struct place *ret, struct text *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) + SUFFIX_MAX >= sizeof(address.sun_path))
        return tell(error, path, "cannot be made", -ENAMETOOLONG);
    memcpy(address.sun_path, path, strlen(path) + 1);
    struct place made = {.path = strdup(path), .fd = -1};
    if (!made.path)
        return -ENOMEM;
    char name[sizeof(address.sun_path) + sizeof(".lock")];
    snprintf(name, sizeof(name), "%s.lock", path);
    int lock = lock_place(name);
    int r = lock < 0 ? lock : look_at(&address);
    if (r == -EADDRINUSE)
        tell(error, path, "belongs to a daemon that answers there", r);
    else if (r == -EEXIST)
        tell(error, path, "cannot be made in the place of something that is no socket", r);
    else if (r < 0)
        tell(error, path, "cannot be made there", r);
    if (r == 0 && (r = make(&address, group, mode, &made)) < 0)
        tell(error, path,
             r == -EPERM ? "cannot be given to its group; the daemon's user must be a member" : "cannot be made", r);
    unlock_place(name, lock);
    if (r < 0)
        free(made.path);
    else
        *ret = made;
    return r;
}

void place_leave(struct place *place)
{
    struct stat status;
    if (!place->path)
        return;
    if (lstat(place->path, &status) == 0 && status.st_dev == place->device && status.st_ino == place->inode)
        unlink(place->path);
    close(place->fd);
    free(place->path);
    *place = (struct place){.path = NULL, .fd = -1};
}

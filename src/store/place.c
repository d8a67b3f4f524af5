/* The folder of the store, and files in it that cannot be read. */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- what cannot be read ----------------------------------------------------------------------------------------- */

/* The name says when it was set aside; one that exists is never overwritten. */
static int aside_name(const char *path, char **ret)
{
    char stamp[32];
    struct tm utc;
    time_t now = time(NULL);
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    for (int i = 0; i < 1000; i++) {
        char *name;
        int length = i == 0 ? asprintf(&name, "%s.%s", path, stamp) : asprintf(&name, "%s.%s.%d", path, stamp, i);
        if (length < 0)
            return -ENOMEM;
        if (access(name, F_OK) != 0) {
            *ret = name;
            return 0;
        }
        free(name);
    }
    return -EEXIST;
}

/* The file with what is still in its log; the shared index is made anew by whoever opens it. */
int disk_set_aside(const char *path, char **ret, struct trouble *trouble)
{
    char *name = NULL, *log = NULL, *log_name = NULL, *index = NULL;
    int r = aside_name(path, &name);
    if (r == 0 && (asprintf(&log, "%s-wal", path) < 0 || asprintf(&log_name, "%s-wal", name) < 0 ||
                   asprintf(&index, "%s-shm", path) < 0))
        r = -ENOMEM;
    if (r == 0 && rename(path, name) != 0)
        r = -errno;
    if (r == 0 && rename(log, log_name) != 0 && errno != ENOENT)
        r = -errno;
    if (r == 0) {
        unlink(index);
        *ret = name;
        name = NULL;
    } else {
        trouble_errno(trouble, -r, "cannot set aside", path);
    }
    free(name);
    free(log);
    free(log_name);
    free(index);
    return r;
}

/* --- the folder -------------------------------------------------------------------------------------------------- */

static int folder_make(const char *folder)
{
    char *path = strdup(folder);
    if (path == NULL)
        return -ENOMEM;
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0755); /* the last one tells whether it all went well */
        *slash = '/';
    }
    free(path);
    return mkdir(folder, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

int folder_lock(const char *folder, int *ret_fd, struct trouble *trouble)
{
    int r = folder_make(folder);
    if (r < 0)
        return trouble_errno(trouble, -r, "cannot make", folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return trouble_errno(trouble, errno, "cannot open", folder);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret_fd = fd;
        return 0;
    }
    r = trouble_errno(trouble, errno, "cannot lock", folder);
    if (r == -EWOULDBLOCK)
        snprintf(trouble->text, sizeof trouble->text, "another process uses %.150s", folder);
    close(fd);
    return r;
}

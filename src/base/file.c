/* Whole files, read with a cap. Files of /proc say size 0, so the size is only a first guess. */
#include "portconform/file.h"
#include "portconform/error.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_FIRST = 4096 };

static int file_check(int fd, size_t cap, size_t *ret_guess)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    if (!S_ISREG(status.st_mode))
        return PC_ENOTFILE;
    if (status.st_size > 0 && (uintmax_t)status.st_size > cap)
        return -EFBIG;
    *ret_guess = status.st_size > 0 ? (size_t)status.st_size : FILE_FIRST;
    return 0;
}

/* Reads to the end into *data, which grows. One octet always stays free for the NUL. */
static int file_fill(int fd, size_t cap, size_t guess, char **data, size_t *ret_length)
{
    size_t room = 0;
    size_t length = 0;
    for (;;) {
        if (room - length < 2) {
            const size_t larger_room = room ? room * 2 : guess + 2;
            char *larger = larger_room > room ? realloc(*data, larger_room) : NULL;
            if (!larger)
                return -ENOMEM;
            *data = larger;
            room = larger_room;
        }
        const ssize_t got = read(fd, *data + length, room - length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        length += (size_t)got;
        if (length > cap)
            return -EFBIG;
    }
    (*data)[length] = '\0';
    *ret_length = length;
    return 0;
}

int file_read(const char *path, size_t cap, char **ret, size_t *ret_length)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    char *data = NULL;
    size_t guess = 0;
    size_t length = 0;
    int status = file_check(fd, cap, &guess);
    if (status == 0)
        status = file_fill(fd, cap, guess, &data, &length);
    close(fd);
    if (status < 0) {
        free(data);
        return status;
    }
    *ret = data;
    *ret_length = length;
    return 0;
}

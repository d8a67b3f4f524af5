/* Whole files, read with a cap. */
#pragma once

#include <stddef.h>

/* Reads a regular file whole; *ret is malloc'ed, NUL-terminated beyond its length, and transferred. Returns 0,
 * -EFBIG when it is longer than `cap` octets, -EISDIR, PC_ENOTFILE, or another negated errno. Does not block on a FIFO.
 */
int file_read(const char *path, size_t cap, char **ret, size_t *ret_length);

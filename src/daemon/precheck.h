/* The child that reads a new configuration first: this program once more, with bounds on its time and memory. Whatever
 * a file makes of a parser, a crash, an endless loop, a process that exits (libconfig does on some input), it makes it
 * of the child.
 *
 *     daemon                                child
 *     precheck() --(where the files are)--> reads each file once, parses all of it
 *     parses the very same octets <--(archive: each path with its octets)---
 */
#pragma once

#include "portconform/text.h"

#include <stdbool.h>
#include <stddef.h>

/* Files as they were read, by their paths. */
struct archive;
void archive_free(struct archive *archive); /* takes NULL */
/* For load_options.read: gives what the child has read. A file that it did not read: -ESTALE. */
int archive_read(void *archive, const char *path, size_t most, char **ret, size_t *ret_length);

struct precheck_request {
    const char *path; /* as load_options has them */
    const char *const *guide_dirs;
    unsigned timeout_ms;
    size_t most_octets; /* of memory */
};
/* Blocks. 0 with the files that a child has survived, whether it found errors in them or not; or a negative code with a
 * sentence in `error`: they must not be parsed here. */
int precheck(const struct precheck_request *request, struct archive **ret, struct text *error);

/* First in main(): is this process meant to be the child? Then main returns what precheck_child() returns. */
bool precheck_is_child(int argc, char **argv);
int precheck_child(int argc, char **argv);

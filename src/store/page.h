/* The page beside the store: what the next run has to know of a time in which the store could not be written.
 *
 *     beyond   events were told, or are about to be, that the store does not hold
 *     ids      while it is so: no event beyond RESERVE_STEP after this id has been told
 *
 * It is written out in full and synced before the store is used, so that it takes no room later: on a full disk it can
 * be written all the same. On one that may only be read it cannot; that is told. A run that did not end in order and
 * left `beyond` behind is followed by a new boot and by ids beyond; so is one whose page is gone or damaged, for nobody
 * knows then. */
#pragma once

#include "disk.h"

#include <stdbool.h>
#include <stdint.h>

struct page_content {
    bool beyond;
    uint64_t ids;
};

/* Opens it. Where there is none, or none that can be read, a new one is made that says `beyond`; *ret_set_aside then
 * says what a damaged one is called now (malloc'ed; NULL: there was none). 0 with a descriptor, or a negative code. */
int page_open(const char *folder, int *ret_fd, struct page_content *ret, char **ret_set_aside, struct trouble *trouble);
/* Only reads what it says; nothing is made or set aside. 0, or a negative errno: -ENOENT: there is none; -EBADMSG: it
 * is damaged. */
int page_look(const char *folder, struct page_content *ret);
/* Writes and syncs. 0 or a negative errno. */
int page_write(int fd, const struct page_content *content);

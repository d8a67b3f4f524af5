/* The folder of the store, and files in it that cannot be read. */
#pragma once

#include "disk.h"

/* Fills `trouble` from an errno: "WHAT PATH: why". Returns its negative. */
int trouble_errno(struct trouble *trouble, int number, const char *what, const char *path);
/* Makes the folder where it is missing (0700), and takes the lock that says: a process uses this store. */
int folder_lock(const char *folder, int *ret_fd, struct trouble *trouble);
/* Renames the file, with its log, to a name that says when; *ret is malloc'ed. Nothing is ever overwritten. */
int disk_set_aside(const char *path, char **ret, struct trouble *trouble);

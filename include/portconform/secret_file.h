/* Who may use a file of secrets: keys, pass phrases, communities.
 *
 * What fstat(2) says of it is put into words here, once; what is tolerable differs from secret to secret, and so do the
 * sentences about it, so both are the caller's.
 */
#pragma once

struct stat;

enum {
    SECRET_FILE_IRREGULAR = 1,   /* it is no regular file */
    SECRET_FILE_FOREIGN = 2,     /* it belongs neither to root nor to the user that this process acts as */
    SECRET_FILE_OPEN = 4,        /* everybody has some right, or the group may change it */
    SECRET_FILE_GROUP_READS = 8, /* tolerable where the file is root's: a service gets what it cannot change */
    SECRET_FILE_GROUP_EXECUTES = 16,
};
/* These flags together; 0: its owner alone, who is root or ourselves, may use it. */
unsigned secret_file_flaws(const struct stat *status);

/* The permissions of a file of secrets. */
#include "portconform/secret_file.h"

#include <sys/stat.h>
#include <unistd.h>

unsigned secret_file_flaws(const struct stat *status)
{
    unsigned flaws = 0;
    if (!S_ISREG(status->st_mode))
        flaws |= SECRET_FILE_IRREGULAR;
    if (status->st_uid != 0 && status->st_uid != geteuid())
        flaws |= SECRET_FILE_FOREIGN;
    if ((status->st_mode & (S_IRWXO | S_IWGRP)) != 0)
        flaws |= SECRET_FILE_OPEN;
    if ((status->st_mode & S_IRGRP) != 0)
        flaws |= SECRET_FILE_GROUP_READS;
    if ((status->st_mode & S_IXGRP) != 0)
        flaws |= SECRET_FILE_GROUP_EXECUTES;
    return flaws;
}

/* Where the store is: the default place, and the folder itself. */
#include "portconform/store.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSTEM_FOLDER "/var/lib/portconform"

static int folder_join(const char *folder, size_t length, const char *name, char **ret)
{
    if (asprintf(ret, "%.*s%s", (int)length, folder, name) < 0)
        return -ENOMEM;
    return 0;
}

/* systemd names what it made; of several folders the first is ours. */
static int folder_of_service(char **ret)
{
    const char *folders = getenv("STATE_DIRECTORY");
    if (folders == NULL || folders[0] != '/')
        return -ENOENT;
    return folder_join(folders, strcspn(folders, ":"), "", ret);
}

static int folder_of_system(char **ret)
{
    if (geteuid() != 0 && access(SYSTEM_FOLDER, W_OK | X_OK) != 0)
        return -ENOENT;
    return folder_join(SYSTEM_FOLDER, strlen(SYSTEM_FOLDER), "", ret);
}

static int folder_of_user(char **ret)
{
    const char *state = getenv("XDG_STATE_HOME");
    if (state != NULL && state[0] == '/') /* the specification says: ignore what is not absolute */
        return folder_join(state, strlen(state), "/portconform", ret);
    const char *home = getenv("HOME");
    if (home != NULL && home[0] == '/')
        return folder_join(home, strlen(home), "/.local/state/portconform", ret);
    char buffer[4096];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) != 0 || found == NULL || found->pw_dir[0] != '/')
        return -ENOENT;
    return folder_join(found->pw_dir, strlen(found->pw_dir), "/.local/state/portconform", ret);
}

int store_default_folder(char **ret)
{
    int r = folder_of_service(ret);
    if (r == -ENOENT)
        r = folder_of_system(ret);
    return r == -ENOENT ? folder_of_user(ret) : r;
}

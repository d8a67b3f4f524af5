/* Where the control socket is when nobody says otherwise. */
#include "portconform/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char system_folder[] = "/run/portconform";
static const char file_name[] = "/control";

static int give(const char *folder, size_t length, const char *below, struct text *ret)
{
    text_clear(ret);
    text_add_n(ret, folder, length);
    text_add(ret, below);
    text_add(ret, file_name);
    return ret->failed ? -ENOMEM : 0;
}

/* A daemon by hand makes the folder as systemd would; whoever cannot has one of their own. */
static bool may_serve_in(const char *folder)
{
    if (mkdir(folder, 0755) < 0 && errno != EEXIST)
        return false;
    return access(folder, W_OK) == 0;
}

static const char *absolute(const char *variable)
{
    const char *value = getenv(variable);
    return value && value[0] == '/' ? value : NULL;
}

/* $XDG_RUNTIME_DIR is the user's alone; so is what is made below it. */
static int in_user_folder(bool serving, struct text *ret)
{
    const char *runtime = absolute("XDG_RUNTIME_DIR");
    if (!runtime)
        return -ENOENT;
    int r = give(runtime, strlen(runtime), "/portconform", ret);
    if (r < 0 || !serving)
        return r;
    size_t folder = ret->length - strlen(file_name);
    ret->data[folder] = '\0';
    r = mkdir(ret->data, 0700) < 0 && errno != EEXIST ? -errno : 0;
    ret->data[folder] = file_name[0];
    return r;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

int control_default_socket(bool serving, struct text *ret)
{
    /* systemd names all runtime directories of the unit, with colons; ours is the first */
    const char *given = serving ? absolute("RUNTIME_DIRECTORY") : NULL;
    if (given)
        return give(given, strcspn(given, ":"), "", ret);
    if (serving)
        return may_serve_in(system_folder) ? give(system_folder, strlen(system_folder), "", ret)
                                           : in_user_folder(true, ret);
    int r = give(system_folder, strlen(system_folder), "", ret);
    if (r < 0 || is_there(text_string(ret)))
        return r;
    struct text own = {0};
    if (in_user_folder(false, &own) == 0 && is_there(text_string(&own)))
        r = give(text_string(&own), own.length - strlen(file_name), "", ret);
    text_done(&own);
    return r;
}

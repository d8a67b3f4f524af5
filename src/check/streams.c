/* The standard streams: open whatever the caller did with them, and told apart by what they are. */
#include "portconform/check.h"
#include "portconform/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int check_standard_streams(void)
{
    int r = 0;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        if (fd == STDOUT_FILENO)
            r = -EBADF;
        if (open("/dev/null", O_RDWR) != fd) /* the lowest free number: the closed one */
            r = -EBADF;
    }
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        r = -errno;
    return r;
}

int check_print(const struct text *text)
{
    if (text->failed)
        return -ENOMEM;
    errno = 0;
    if (fwrite(text_string(text), 1, text->length, stdout) != text->length || fflush(stdout) != 0)
        return errno > 0 ? -errno : -EIO;
    return 0;
}

static bool is_dumb(void)
{
    const char *terminal = getenv("TERM");
    return !terminal || strcmp(terminal, "dumb") == 0;
}

bool check_colour_wanted(enum check_colour choice)
{
    switch (choice) {
    case CHECK_COLOUR_ALWAYS:
        return true;
    case CHECK_COLOUR_NEVER:
        return false;
    case CHECK_COLOUR_AUTO:
        break;
    }
    const char *refused = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) == 1 && !is_dumb() && !(refused && *refused);
}

unsigned check_columns(void)
{
    enum { USUAL = 80, LEAST = 40 };
    struct winsize size;
    if (isatty(STDOUT_FILENO) != 1)
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return USUAL;
    return size.ws_col < LEAST ? LEAST : size.ws_col;
}

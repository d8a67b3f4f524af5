/* sd_notify(3) by hand: its protocol is one datagram of lines to the socket that the environment names. */
#include "notify.h"

#include "portconform/number.h"
#include "portconform/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct {
    int fd;
    int64_t every_ms; /* half of what the watchdog allows; 0: there is none */
    int64_t next_ms;
} notify = {.fd = -1};

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || length >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') /* an abstract one */
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, size) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* A watchdog that is meant for another process is none of ours. */
static void read_watchdog(void)
{
    int64_t usec = 0, pid = 0;
    const char *given = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");
    if (!given || number_parse(given, 1, INT64_MAX, &usec) < 0)
        return;
    if (whose && (number_parse(whose, 1, INT32_MAX, &pid) < 0 || pid != getpid()))
        return;
    notify.every_ms = usec / 2000 > 0 ? usec / 2000 : 1;
}

void notify_open(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    if (path)
        notify.fd = connect_to(path);
    if (notify.fd >= 0)
        read_watchdog();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

/* Never waits: a service manager that does not read is told by the next one. */
static void tell(const char *lines)
{
    if (notify.fd >= 0)
        (void)!send(notify.fd, lines, strlen(lines), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void notify_ready(const char *status)
{
    struct text lines = {0};
    text_add(&lines, "READY=1\nSTATUS=");
    text_escape_string(&lines, status, ESCAPE_TEXT);
    text_add(&lines, "\n");
    if (!lines.failed)
        tell(text_string(&lines));
    text_done(&lines);
}

void notify_reloading(void)
{
    struct timespec clock;
    struct text lines = {0};
    clock_gettime(CLOCK_MONOTONIC, &clock); /* which a moment's is not: it goes on during suspend */
    text_printf(&lines, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n",
                clock.tv_sec * INT64_C(1000000) + clock.tv_nsec / 1000);
    tell(text_string(&lines));
    text_done(&lines);
}

void notify_stopping(void)
{
    tell("STOPPING=1\n");
}

void notify_alive(struct moment now)
{
    if (notify.every_ms == 0 || now.mono_ms < notify.next_ms)
        return;
    notify.next_ms = now.mono_ms + notify.every_ms;
    tell("WATCHDOG=1\n");
}

/* The target of the measurements: many listening ports, each connection accepted and closed; and, on demand, one whose
 * program has stopped accepting.
 *
 *     bed LOW HIGH [STALLED]      says "ready", ends with its standard input
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, STALLED_BACKLOG = 128, EVENTS = 256 };

static int die(const char *what)
{
    perror(what);
    exit(1);
}

static int listen_on(uint16_t port, int backlog)
{
    const int on = 1, off = 0;
    const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
        bind(fd, (const struct sockaddr *)&any, sizeof(any)) || listen(fd, backlog))
        return die("listen");
    return fd;
}

static void watch(int epoll_fd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
        die("epoll_ctl");
}

static void accept_all(int fd)
{
    for (;;) {
        int connection = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connection >= 0)
            (void)close(connection);
        else if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

int main(int argc, char **argv)
{
    const struct rlimit many = {70000, 70000};
    int low = argc > 2 ? atoi(argv[1]) : 0;
    int high = argc > 2 ? atoi(argv[2]) : -1;
    (void)setrlimit(RLIMIT_NOFILE, &many);
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        return die("epoll_create1");
    for (int port = low; port <= high; port++)
        watch(epoll_fd, listen_on((uint16_t)port, BACKLOG));
    if (argc > 3)
        (void)listen_on((uint16_t)atoi(argv[3]), STALLED_BACKLOG);
    watch(epoll_fd, STDIN_FILENO);
    puts("ready");
    (void)fflush(stdout);
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == STDIN_FILENO)
                return 0;
            accept_all(events[i].data.fd);
        }
    }
}

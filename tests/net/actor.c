/* A program that listens: the services of the test hosts.
 *
 *     actor WHAT...      WHAT = tcp:ADDRESS:PORT[:MODE] or udp:ADDRESS:PORT[:MODE]
 *
 * Modes: `accept` (the default: accepts and waits for the peer to go), `banner` (greets in plain text), `stuck`
 * (listens with the smallest backlog and never accepts), `v6only`, `echo` (udp: answers with what came), `silent` (udp:
 * the default). IPv6 addresses stand in brackets. It writes one line "ready" when all sockets stand, and ends by a
 * signal.
 *
 * Copied under another name it plays another program: owners are told by the name of the executable.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKETS_MAX = 1024 };

static struct pollfd sockets[SOCKETS_MAX];
static enum mode {
    MODE_ACCEPT,
    MODE_BANNER,
    MODE_STUCK,
    MODE_V6ONLY,
    MODE_ECHO,
    MODE_SILENT,
    MODE_PEER
} modes[SOCKETS_MAX];
static bool is_udp[SOCKETS_MAX];
static nfds_t socket_count;

static const char *const mode_names[] = {"accept", "banner", "stuck", "v6only", "echo", "silent", NULL};

static _Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "actor: %s: %s\n", what, why);
    exit(2);
}

static enum mode find_mode(const char *name, const char *what)
{
    for (int i = 0; mode_names[i]; i++)
        if (!strcmp(mode_names[i], name))
            return (enum mode)i;
    give_up(what, "no such mode");
}

static void add_socket(int fd, enum mode mode, bool udp)
{
    if (socket_count == SOCKETS_MAX)
        give_up("sockets", "too many");
    /* a stuck server does not even look */
    sockets[socket_count] = (struct pollfd){.fd = mode == MODE_STUCK ? -1 : fd, .events = POLLIN};
    modes[socket_count] = mode;
    is_udp[socket_count++] = udp;
}

/* Splits "tcp:ADDRESS:PORT[:MODE]"; the address may hold colons inside brackets. */
static void open_one(const char *what)
{
    char copy[128];
    snprintf(copy, sizeof(copy), "%s", what);
    bool udp = !strncmp(copy, "udp:", 4);
    if (!udp && strncmp(copy, "tcp:", 4))
        give_up(what, "tcp: or udp: expected");
    char *address = copy + 4, *end = NULL;
    bool v6 = *address == '[';
    if (v6) {
        address++;
        end = strchr(address, ']');
        if (end)
            *end++ = '\0';
    } else {
        end = strchr(address, ':');
    }
    if (!end || *end != ':')
        give_up(what, "no port");
    *end++ = '\0';
    char *mode_name = strchr(end, ':');
    if (mode_name)
        *mode_name++ = '\0';
    enum mode mode = mode_name ? find_mode(mode_name, what) : MODE_ACCEPT;
    uint16_t port = htons((uint16_t)strtoul(end, NULL, 10));

    int fd = socket(v6 ? AF_INET6 : AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (fd < 0)
        give_up(what, strerror(errno));
    int on = 1, v6only = mode == MODE_V6ONLY;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = port};
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = port};
    if (v6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
    if (inet_pton(v6 ? AF_INET6 : AF_INET, address, v6 ? (void *)&in6.sin6_addr : (void *)&in4.sin_addr) != 1)
        give_up(what, "not an address");
    if (bind(fd, v6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in4, v6 ? sizeof(in6) : sizeof(in4)))
        give_up(what, strerror(errno));
    if (!udp && listen(fd, mode == MODE_STUCK ? 0 : 128))
        give_up(what, strerror(errno));
    add_socket(fd, mode, udp);
}

static void drop(nfds_t i)
{
    close(sockets[i].fd);
    socket_count--;
    sockets[i] = sockets[socket_count];
    modes[i] = modes[socket_count];
    is_udp[i] = is_udp[socket_count];
}

static void serve(nfds_t i)
{
    char buffer[2048];
    if (modes[i] == MODE_PEER) {
        if (read(sockets[i].fd, buffer, sizeof(buffer)) <= 0)
            drop(i);
    } else if (is_udp[i]) {
        struct sockaddr_storage from;
        socklen_t length = sizeof(from);
        ssize_t n = recvfrom(sockets[i].fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &length);
        if (n >= 0 && modes[i] == MODE_ECHO)
            sendto(sockets[i].fd, buffer, (size_t)n, 0, (struct sockaddr *)&from, length);
    } else {
        int fd = accept(sockets[i].fd, NULL, NULL);
        if (fd < 0)
            return;
        if (modes[i] == MODE_BANNER && write(fd, "220 plain text here\r\n", 21) < 0)
            close(fd);
        else
            add_socket(fd, MODE_PEER, false);
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        open_one(argv[i]);
    puts("ready");
    fflush(stdout);
    for (;;) {
        if (poll(sockets, socket_count, -1) < 0 && errno != EINTR)
            give_up("poll", strerror(errno));
        /* backwards, because a peer that went is dropped from the array */
        for (nfds_t i = socket_count; i-- > 0;)
            if (sockets[i].revents)
                serve(i);
    }
}

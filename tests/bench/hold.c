/* Many established connections in this network namespace, and a few listeners: what a busy server looks like.
 *
 *     hold CONNECTIONS LISTENERS  says "ready", ends with its standard input
 *
 * As many processes share the work as their limit of descriptors asks for. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_PORT = 2000, EACH = 5000 };

static int die(const char *what)
{
    perror(what);
    exit(1);
}

static int listen_on(uint16_t port)
{
    const int on = 1;
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        bind(fd, (const struct sockaddr *)&any, sizeof(any)) || listen(fd, 128))
        return die("listen");
    return fd;
}

/* One process's share: each has an acceptor and a loopback address to call from of its own. */
static void connect_share(int rank, int count, int acceptor)
{
    const struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + (uint32_t)rank)};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)(FIRST_PORT + rank)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    for (int i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) ||
            bind(fd, (const struct sockaddr *)&from, sizeof(from)) ||
            connect(fd, (const struct sockaddr *)&to, sizeof(to)) || accept(acceptor, NULL, NULL) < 0)
            die("connect");
    }
}

static void hold_share(int rank, int count)
{
    int ready[2];
    if (pipe(ready))
        die("pipe");
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        connect_share(rank, count, listen_on((uint16_t)(FIRST_PORT + rank)));
        (void)close(ready[0]);
        (void)close(ready[1]);
        for (;;)
            pause();
    }
    char octet;
    (void)close(ready[1]);
    if (read(ready[0], &octet, 1) < 0)
        die("read");
    (void)close(ready[0]);
}

int main(int argc, char **argv)
{
    int connections = argc > 2 ? atoi(argv[1]) : 0;
    int listeners = argc > 2 ? atoi(argv[2]) : 0;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        return die("setrlimit");
    int shares = (connections + EACH - 1) / EACH;
    for (int i = 0; i < shares; i++)
        hold_share(i, i < shares - 1 ? EACH : connections - i * EACH);
    for (int i = shares; i < listeners; i++)
        (void)listen_on((uint16_t)(FIRST_PORT + i));
    puts("ready");
    (void)fflush(stdout);
    char octet;
    return read(STDIN_FILENO, &octet, 1) < 0;
}

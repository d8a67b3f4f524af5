/* Many established connections in this network namespace, and a few listeners: what a busy server looks like.
 *
 *     hold CONNECTIONS LISTENERS  says "ready", ends with its standard input
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_PORT = 2000, ACCEPTORS = 4 };

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

/* From a loopback address of its own every 20,000, so that there are ports enough. */
static void connect_one(int i, const int *acceptors)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + (uint32_t)(i / 20000))};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)(FIRST_PORT + i % ACCEPTORS)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) ||
        bind(fd, (const struct sockaddr *)&from, sizeof(from)) ||
        connect(fd, (const struct sockaddr *)&to, sizeof(to)) || accept(acceptors[i % ACCEPTORS], NULL, NULL) < 0)
        die("connect");
}

int main(int argc, char **argv)
{
    int connections = argc > 2 ? atoi(argv[1]) : 0;
    int listeners = argc > 2 ? atoi(argv[2]) : 0;
    const struct rlimit many = {(rlim_t)(2 * connections + listeners + 100),
                                (rlim_t)(2 * connections + listeners + 100)};
    int acceptors[ACCEPTORS];
    if (setrlimit(RLIMIT_NOFILE, &many))
        return die("setrlimit");
    for (int i = 0; i < listeners || i < ACCEPTORS; i++) {
        int fd = listen_on((uint16_t)(FIRST_PORT + i));
        if (i < ACCEPTORS)
            acceptors[i] = fd;
    }
    for (int i = 0; i < connections; i++)
        connect_one(i, acceptors);
    puts("ready");
    (void)fflush(stdout);
    char octet;
    return read(STDIN_FILENO, &octet, 1) < 0;
}

/* Distance: a link between two network namespaces on which every packet takes a while. The kernel's own way (netem) is
 * a module that not every machine has; this is a TUN device on either side and a queue in between.
 *
 *     relay NETNS_A NETNS_B DELAY_US      makes "far0" in both, says "ready", ends with its standard input
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MTU_MAX = 1600, QUEUE = 1 << 15 };

struct packet {
    int64_t due_us;
    uint16_t length;
    unsigned char octets[MTU_MAX];
};

/* One direction: what was read from `from` waits for its time, then goes to `to`. */
struct direction {
    int from, to;
    struct packet *queue;
    size_t first, count;
};

static int die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int open_tun(const char *netns)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int namespace_fd = open(netns, O_RDONLY | O_CLOEXEC);
    if (namespace_fd < 0 || setns(namespace_fd, CLONE_NEWNET))
        return die(netns);
    (void)close(namespace_fd);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    strcpy(request.ifr_name, "far0");
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
        return die("/dev/net/tun");
    return fd;
}

static void take_in(struct direction *direction, int64_t delay_us)
{
    while (direction->count < QUEUE) {
        struct packet *packet = &direction->queue[(direction->first + direction->count) % QUEUE];
        ssize_t length = read(direction->from, packet->octets, sizeof(packet->octets));
        if (length <= 0)
            return;
        packet->length = (uint16_t)length;
        packet->due_us = now_us() + delay_us;
        direction->count++;
    }
}

static void let_out(struct direction *direction)
{
    while (direction->count > 0 && direction->queue[direction->first].due_us <= now_us()) {
        const struct packet *packet = &direction->queue[direction->first];
        if (write(direction->to, packet->octets, packet->length) < 0 && errno == EAGAIN)
            return;
        direction->first = (direction->first + 1) % QUEUE;
        direction->count--;
    }
}

static int64_t next_due(const struct direction *direction)
{
    return direction->count > 0 ? direction->queue[direction->first].due_us : INT64_MAX;
}

static void wait_for(const struct direction *a, const struct direction *b)
{
    int64_t due_us = next_due(a) < next_due(b) ? next_due(a) : next_due(b);
    int64_t left_us = due_us == INT64_MAX ? 1000000 : due_us - now_us();
    const struct timespec left = {.tv_nsec = left_us > 0 && left_us < 1000000 ? left_us * 1000 : 0,
                                  .tv_sec = left_us >= 1000000};
    struct pollfd ready[3] = {{.fd = a->count < QUEUE ? a->from : -1, .events = POLLIN},
                              {.fd = b->count < QUEUE ? b->from : -1, .events = POLLIN},
                              {.fd = STDIN_FILENO, .events = POLLIN}};
    if (ppoll(ready, 3, &left, NULL) > 0 && ready[2].revents)
        exit(0);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int64_t delay_us = atoll(argv[3]);
    int a = open_tun(argv[1]), b = open_tun(argv[2]);
    struct direction there = {.from = a, .to = b, .queue = calloc(QUEUE, sizeof(struct packet))};
    struct direction back = {.from = b, .to = a, .queue = calloc(QUEUE, sizeof(struct packet))};
    if (!there.queue || !back.queue)
        return die("calloc");
    puts("ready");
    (void)fflush(stdout);
    for (;;) {
        take_in(&there, delay_us);
        take_in(&back, delay_us);
        let_out(&there);
        let_out(&back);
        wait_for(&there, &back);
    }
}

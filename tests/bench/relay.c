/* Distance: a link between two network namespaces on which every packet takes a while. The kernel's own way (netem) is
 * a module that not every machine has; this stands in a third namespace between two veth pairs.
 *
 *     relay NETNS NETNS_A NETNS_B DELAY_US      "far0" of A and B is the other end of "near0" and "near1" of NETNS;
 *                                               says "ready", ends with its standard input
 *
 * What comes in waits in the ring where the kernel has put it, and goes out in batches: no system call a packet, so
 * that whoever is measured is measured, and not the distance. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 256, FRAMES = 1 << 16, BLOCK = 1 << 16, BATCH = 128 }; /* handshakes alone: no packet is larger */

struct end {
    int fd;
    unsigned char *ring;
    size_t next; /* the oldest frame that is not sent on */
};

static int die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* as the kernel stamps frames */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void enter(const char *netns)
{
    int fd = open(netns, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET))
        die(netns);
    (void)close(fd);
}

/* A veth leaves checksums to hardware that is not there: who reads its packets has to have them computed. */
static void compute_checksums(const char *netns)
{
    struct ethtool_value off = {.cmd = ETHTOOL_STXCSUM, .data = 0};
    struct ifreq request = {.ifr_name = "far0", .ifr_data = (void *)&off};
    enter(netns);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
        die("ETHTOOL_STXCSUM");
    (void)close(fd);
}

static struct end open_end(const char *interface)
{
    const int on = 1, version = TPACKET_V2;
    const struct tpacket_req room = {
        .tp_block_size = BLOCK, .tp_block_nr = FRAMES / (BLOCK / FRAME), .tp_frame_size = FRAME, .tp_frame_nr = FRAMES};
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(interface)};
    struct end end = {.fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (end.fd < 0 || setsockopt(end.fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
        setsockopt(end.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
        setsockopt(end.fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) ||
        setsockopt(end.fd, SOL_PACKET, PACKET_RX_RING, &room, sizeof(room)))
        die(interface);
    end.ring = mmap(NULL, (size_t)FRAME * FRAMES, PROT_READ | PROT_WRITE, MAP_SHARED, end.fd, 0);
    if (end.ring == MAP_FAILED || bind(end.fd, (const struct sockaddr *)&address, sizeof(address)))
        die(interface);
    return end;
}

static struct tpacket2_hdr *frame_at(const struct end *end, size_t ahead)
{
    return (struct tpacket2_hdr *)(void *)(end->ring + (end->next + ahead) % FRAMES * FRAME);
}

/* When the frame is to go on; INT64_MAX: there is none. */
static int64_t due_us(const struct end *end, size_t ahead, int64_t delay_us)
{
    const struct tpacket2_hdr *frame = frame_at(end, ahead);
    if (!(__atomic_load_n(&frame->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
        return INT64_MAX;
    return (int64_t)frame->tp_sec * 1000000 + frame->tp_nsec / 1000 + delay_us;
}

static void send_on(struct end *from, const struct end *to, int64_t delay_us)
{
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];
    unsigned count = 0;
    int64_t now = now_us();
    memset(messages, 0, sizeof(messages));
    while (count < BATCH && due_us(from, count, delay_us) <= now) {
        struct tpacket2_hdr *frame = frame_at(from, count);
        parts[count] = (struct iovec){(unsigned char *)frame + frame->tp_mac, frame->tp_snaplen};
        messages[count].msg_hdr.msg_iov = &parts[count];
        messages[count].msg_hdr.msg_iovlen = 1;
        count++;
    }
    if (count == 0)
        return;
    int sent = sendmmsg(to->fd, messages, count, 0);
    unsigned gone = sent > 0 ? (unsigned)sent : errno == EAGAIN ? 0 : 1; /* one that nobody takes is lost */
    for (unsigned i = 0; i < gone; i++)
        __atomic_store_n(&frame_at(from, i)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    from->next = (from->next + gone) % FRAMES;
}

static void wait_for(const struct end *a, const struct end *b, int64_t delay_us)
{
    int64_t first = due_us(a, 0, delay_us), second = due_us(b, 0, delay_us);
    int64_t due = first < second ? first : second;
    int64_t left_us = due == INT64_MAX ? 1000000 : due - now_us();
    const struct timespec left = {.tv_nsec = left_us > 0 && left_us < 1000000 ? left_us * 1000 : 0,
                                  .tv_sec = left_us >= 1000000};
    /* an end with frames waiting is readable: only the other may wake us sooner */
    struct pollfd ready[3] = {{.fd = first == INT64_MAX ? a->fd : -1, .events = POLLIN},
                              {.fd = second == INT64_MAX ? b->fd : -1, .events = POLLIN},
                              {.fd = STDIN_FILENO, .events = POLLIN}};
    if (left_us > 0 && ppoll(ready, 3, &left, NULL) > 0 && ready[2].revents)
        exit(0);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int64_t delay_us = atoll(argv[4]);
    compute_checksums(argv[2]);
    compute_checksums(argv[3]);
    enter(argv[1]);
    struct end a = open_end("near0"), b = open_end("near1");
    puts("ready");
    (void)fflush(stdout);
    for (;;) {
        send_on(&a, &b, delay_us);
        send_on(&b, &a, delay_us);
        wait_for(&a, &b, delay_us);
    }
}

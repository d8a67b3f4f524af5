/* What this kernel, and our rights on this machine, let probes see: asked of the kernel by trying. */
#include "portconform/probe.h"

#include "portconform/text.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static bool can(int family, int type, int protocol, int level, int option)
{
    const int on = 1;
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return false;
    bool able = option < 0 || setsockopt(fd, level, option, &on, sizeof(on)) == 0;
    (void)close(fd);
    return able;
}

struct probe_capabilities probe_capabilities(void)
{
    struct rlimit limit = {0};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    return (struct probe_capabilities){
        .ipv4 = can(AF_INET, SOCK_STREAM, 0, 0, -1),
        .ipv6 = can(AF_INET6, SOCK_STREAM, 0, 0, -1),
        .icmp_of_udp = can(AF_INET, SOCK_DGRAM, 0, SOL_IP, IP_RECVERR),
        .icmp_of_tcp = can(AF_INET, SOCK_STREAM, 0, SOL_IP, IP_RECVERR),
        .echo = can(AF_INET, SOCK_DGRAM, IPPROTO_ICMP, 0, -1),
        .descriptors = limit.rlim_cur > UINT32_MAX ? UINT32_MAX : (unsigned)limit.rlim_cur,
    };
}

void probe_capabilities_format(struct text *out, const struct probe_capabilities *seen)
{
    const char *families = seen->ipv4 && seen->ipv6 ? "IPv4 and IPv6" : seen->ipv6 ? "IPv6 alone" : "IPv4 alone";
    text_printf(out, "%s; who refused is told for %s; ", seen->ipv4 || seen->ipv6 ? families : "no network",
                seen->icmp_of_udp && seen->icmp_of_tcp ? "UDP, and for TCP where the kernel keeps the ICMP message"
                : seen->icmp_of_udp                    ? "UDP"
                                                       : "nothing");
    text_printf(out, "%s; %u descriptors",
                seen->echo ? "ICMP echo" : "no ICMP echo (net.ipv4.ping_group_range does not permit it)",
                seen->descriptors);
}

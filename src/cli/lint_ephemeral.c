/* Expected ports of this machine that lie in its ephemeral range: the kernel may give them to any client first. */
#include "lint.h"

#include "portconform/file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct kernel_ports {
    uint16_t low, high; /* net.ipv4.ip_local_port_range */
    char *reserved;     /* net.ipv4.ip_local_reserved_ports: "8080,9148-9150" */
};

/* A machine without these files, or with others than Linux's, has nothing to say. */
static bool read_kernel_ports(struct kernel_ports *ret)
{
    enum { FILE_MAX = 1 << 20 };
    char *range = NULL;
    size_t length = 0;
    if (file_read("/proc/sys/net/ipv4/ip_local_port_range", FILE_MAX, &range, &length) < 0)
        return false;
    char *end = NULL;
    unsigned long low = strtoul(range, &end, 10);
    unsigned long high = strtoul(end, NULL, 10);
    free(range);
    *ret = (struct kernel_ports){.low = (uint16_t)low, .high = (uint16_t)high};
    if (file_read("/proc/sys/net/ipv4/ip_local_reserved_ports", FILE_MAX, &ret->reserved, &length) < 0)
        ret->reserved = NULL;
    return low > 0 && low <= high && high <= UINT16_MAX;
}

static bool is_reserved(const struct kernel_ports *kernel, uint16_t port)
{
    for (const char *at = kernel->reserved; at && *at >= '0' && *at <= '9';) {
        char *end = NULL;
        unsigned long low = strtoul(at, &end, 10);
        unsigned long high = *end == '-' ? strtoul(end + 1, &end, 10) : low;
        if (port >= low && port <= high)
            return true;
        at = end + (*end == ',');
    }
    return false;
}

static void mark_at_stake(bool *at_stake, const struct port_range *range, const struct kernel_ports *kernel)
{
    for (unsigned port = range->low; port <= range->high; port += range->step)
        if (port >= kernel->low && port <= kernel->high && !is_reserved(kernel, (uint16_t)port))
            at_stake[port] = true;
}

/* "38001,39500-39600", as the kernel's setting wants it. */
static void list_ports(struct text *out, const bool *at_stake)
{
    for (unsigned port = 1; port <= UINT16_MAX; port++) {
        if (!at_stake[port])
            continue;
        unsigned last = port;
        while (last < UINT16_MAX && at_stake[last + 1])
            last++;
        text_printf(out, "%s%u", out->length > 0 ? "," : "", port);
        if (last > port)
            text_printf(out, "-%u", last);
        port = last;
    }
}

static int check_host(const struct plan_host *host, const struct kernel_ports *kernel, struct diag_list *diags)
{
    bool *at_stake = calloc(UINT16_MAX + 1, sizeof(*at_stake));
    if (!at_stake)
        return -ENOMEM;
    for (size_t e = 0; e < host->expectation_count; e++) {
        const struct expectation *expectation = &host->expectations[e];
        if (!expectation->unset && expectation->rule->presence != PRESENCE_DYNAMIC)
            mark_at_stake(at_stake, &expectation->range, kernel);
    }
    struct text ports = {0};
    struct text cure = {0};
    list_ports(&ports, at_stake);
    text_printf(&cure, "cure: net.ipv4.ip_local_reserved_ports = %s", text_string(&ports));
    if (ports.length > 0)
        diag_add(diags, DIAG_WARNING, host->host->origin, text_string(&cure),
                 "expected ports of host %s lie in its ephemeral range %u-%u; another program may take them first",
                 host->host->name, kernel->low, kernel->high);
    text_done(&cure);
    text_done(&ports);
    free(at_stake);
    return 0;
}

int lint_ephemeral(const struct lint_plans *plans, struct diag_list *diags)
{
    struct kernel_ports kernel = {0};
    const struct plan *first = plans->items[0];
    bool known = read_kernel_ports(&kernel);
    int r = 0;
    for (size_t h = 0; r == 0 && known && h < first->host_count; h++)
        if (first->hosts[h].is_self && !first->hosts[h].host->netns)
            r = check_host(&first->hosts[h], &kernel, diags);
    free(kernel.reserved);
    return r;
}

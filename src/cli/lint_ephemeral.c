/* Expected ports that lie in their host's ephemeral range: the kernel may give them to any client first. The range is
 * this machine's own, or the one that a host's recording tells. */
#include "lint.h"

#include "portconform/file.h"
#include "portconform/listeners.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct kernel_ports {
    uint16_t low, high; /* net.ipv4.ip_local_port_range */
    char *reserved;     /* net.ipv4.ip_local_reserved_ports: "8080,9148-9150"; NULL: not known */
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

/* "38001,39500-39600", as the kernel's setting wants it: at most `most` runs of numbers, then how many are left. */
static void list_ports(struct text *out, const bool *at_stake, size_t most)
{
    size_t runs = 0;
    for (unsigned port = 1; port <= UINT16_MAX; port++) {
        if (!at_stake[port])
            continue;
        unsigned last = port;
        while (last < UINT16_MAX && at_stake[last + 1])
            last++;
        if (runs++ < most) {
            text_printf(out, "%s%u", out->length > 0 ? "," : "", port);
            if (last > port)
                text_printf(out, "-%u", last);
        }
        port = last;
    }
    if (runs > most)
        text_printf(out, " and %zu more", runs - most);
}

/* The whole setting: what it holds now stays, since writing it replaces all of it. */
static void tell_cure(struct text *out, bool *at_stake, const struct kernel_ports *kernel)
{
    for (unsigned port = 1; port <= UINT16_MAX; port++)
        at_stake[port] = at_stake[port] || is_reserved(kernel, (uint16_t)port);
    struct text ports = {0};
    list_ports(&ports, at_stake, SIZE_MAX);
    text_printf(out, "cure: net.ipv4.ip_local_reserved_ports = %s", text_string(&ports));
    out->failed = out->failed || ports.failed;
    text_done(&ports);
}

static bool is_at_stake(const struct expectation *expectation)
{
    const struct rule *rule = expectation->rule;
    return !expectation->unset && rule->presence != PRESENCE_DYNAMIC && !rule->outside_os;
}

static int check_host(const struct plan_host *host, const struct kernel_ports *kernel, struct diag_list *diags)
{
    enum { RUNS_NAMED = 6 };
    bool *at_stake = calloc(UINT16_MAX + 1, sizeof(*at_stake));
    if (!at_stake)
        return -ENOMEM;
    for (size_t e = 0; e < host->expectation_count; e++)
        if (is_at_stake(&host->expectations[e]))
            mark_at_stake(at_stake, &host->expectations[e].range, kernel);
    struct text ports = {0};
    struct text cure = {0};
    list_ports(&ports, at_stake, RUNS_NAMED);
    if (ports.length > 0) {
        tell_cure(&cure, at_stake, kernel);
        diag_add(diags, DIAG_WARNING, host->host->origin, text_string(&cure),
                 "expected ports of host %s lie in its ephemeral range %u-%u, and another program may take them first: "
                 "%s",
                 host->host->name, kernel->low, kernel->high, text_string(&ports));
    }
    text_done(&cure);
    text_done(&ports);
    free(at_stake);
    return 0;
}

/* A recording may tell the range of the host that it was made on. One that cannot be read is the check's to tell. */
static bool read_recorded_ports(const char *path, struct kernel_ports *ret)
{
    enum { RECORDING_MAX = 16 << 20 };
    struct moment now = {0};
    struct listener_table *table = NULL;
    char *content = NULL;
    size_t length = 0;
    bool known = file_read(path, RECORDING_MAX, &content, &length) == 0 &&
                 recording_parse(content, path, now, &table, NULL) == 0 && table->ephemeral_low > 0;
    if (known)
        *ret = (struct kernel_ports){.low = table->ephemeral_low, .high = table->ephemeral_high};
    listener_table_free(table);
    free(content);
    return known;
}

int lint_ephemeral(const struct lint_plans *plans, struct diag_list *diags)
{
    struct kernel_ports kernel = {0};
    const struct plan *first = plans->items[0];
    bool known = read_kernel_ports(&kernel);
    int r = 0;
    for (size_t h = 0; r == 0 && h < first->host_count; h++) {
        const struct plan_host *host = &first->hosts[h];
        struct kernel_ports recorded = {0};
        if (host->host->listeners == LISTENERS_FILE && read_recorded_ports(host->host->listener_file, &recorded))
            r = check_host(host, &recorded, diags);
        else if (known && host->is_self && !host->host->netns && host->host->listeners != LISTENERS_FILE)
            r = check_host(host, &kernel, diags);
    }
    free(kernel.reserved);
    return r;
}

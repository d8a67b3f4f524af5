/* The kernel source: what listens on this machine, in our own network namespace or another. */
#include "helper.h"
#include "netns.h"
#include "owners.h"
#include "portconform/error.h"
#include "portconform/file.h"
#include "portconform/vector.h"
#include "sockdiag.h"
#include "table.h"
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

struct kernel_look {
    const struct listener_request *request;
    struct listener_table *table;
    struct sockdiag_rows rows;
    int udp_status;
};

/* The file shows the calling thread's namespace. It is evidence of second rank: unreadable, the range is unknown. */
static void read_ephemeral_range(struct listener_table *table)
{
    char *content;
    size_t length;
    if (file_read("/proc/sys/net/ipv4/ip_local_port_range", 64, &content, &length) < 0)
        return;
    ephemeral_parse(content, "\t ", &table->ephemeral_low, &table->ephemeral_high);
    free(content);
}

static int read_sockets(struct kernel_look *look, struct sockdiag_sockets *sockets)
{
    const int64_t deadline_mono_ms = look->request->deadline_mono_ms;
    const int status = sockdiag_collect(TRANSPORT_TCP, sockets, deadline_mono_ms, &look->rows);
    if (status < 0)
        return status;
    look->udp_status = sockdiag_collect(TRANSPORT_UDP, sockets, deadline_mono_ms, &look->rows);
    return look->udp_status == -ENOMEM ? -ENOMEM : 0;
}

/* Everything that depends on the namespace of the calling thread. */
static int look_inside(void *context)
{
    struct kernel_look *look = context;
    const int status = read_sockets(look, NULL);
    if (status == 0)
        read_ephemeral_range(look->table);
    return status;
}

/* Interfaces were named as if they were ours. */
static void name_devices(struct sockdiag_rows *rows, int inside)
{
    for (size_t i = 0; i < rows->count; i++) {
        struct sockdiag_row *row = &rows->items[i];
        struct ifreq request = {.ifr_ifindex = (int)row->device_index};
        if (row->device_index == 0)
            continue;
        row->listener.device[0] = '\0';
        if (ioctl(inside, SIOCGIFNAME, &request) == 0)
            memcpy(row->listener.device, request.ifr_name, sizeof(row->listener.device));
    }
}

/* From outside, by sockets that a helper opens in there. */
static int look_from_outside(struct kernel_look *look)
{
    const struct listener_request *request = look->request;
    struct helper_namespace inside;
    int status = helper_enter(request->helper, request->netns, request->deadline_mono_ms, &inside);
    if (status < 0)
        return status;
    look->table->ephemeral_low = inside.range.low;
    look->table->ephemeral_high = inside.range.high;
    status = read_sockets(look, &inside.dumps);
    name_devices(&look->rows, inside.names);
    helper_namespace_done(&inside);
    return status;
}

static int look_where_asked(struct kernel_look *look)
{
    const struct listener_request *request = look->request;
    if (!request->netns)
        return look_inside(look);
    if (listener_helper_namespaces(request->helper) == HELPER_SERVES)
        return look_from_outside(look);
    return netns_run(request->netns, look_inside, look);
}

static int compare_inodes(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* What probes leave from waits for answers, not for callers. */
static void leave_out_own(struct kernel_look *look)
{
    const struct listener_request *request = look->request;
    size_t kept = 0;
    for (size_t i = 0; i < look->rows.count; i++) {
        const struct sockdiag_row row = look->rows.items[i];
        if (row.listener.inode == 0 || !bsearch(&row.listener.inode, request->own_sockets, request->own_socket_count,
                                                sizeof(row.listener.inode), compare_inodes))
            look->rows.items[kept++] = row;
    }
    look->rows.count = kept;
}

static int take_rows(struct kernel_look *look)
{
    struct listener_vector listeners = {0};
    int status = 0;
    for (size_t i = 0; i < look->rows.count && status == 0; i++) {
        struct listener *slot = VECTOR_PUSH(&listeners);
        if (slot)
            *slot = look->rows.items[i].listener;
        else
            status = -ENOMEM;
    }
    if (status == 0)
        status = table_take(look->table, &listeners);
    VECTOR_DONE(&listeners);
    return status;
}

static int look_at_kernel(struct kernel_look *look)
{
    const struct listener_request *request = look->request;
    struct listener_table *table = look->table;
    int status = look_where_asked(look);
    if (status == 0 && request->own_socket_count > 0)
        leave_out_own(look);
    if (status == 0 && request->owners)
        status = owners_find_known(&look->rows, table->arena, request);
    if (status < 0)
        return status;
    table->udp_complete = look->udp_status == 0;
    if (look->udp_status < 0)
        table->note = arena_printf(table->arena, "UDP sockets could not be read: %s", pc_strerror(look->udp_status));
    return take_rows(look);
}

static int kernel_collect(const struct listener_request *request, struct listener_table **ret)
{
    struct listener_table *table = listener_table_new("kernel", request->now);
    if (!table)
        return -ENOMEM;
    struct kernel_look look = {.request = request, .table = table};
    const int status = look_at_kernel(&look);
    VECTOR_DONE(&look.rows);
    if (status == -ENOMEM) {
        listener_table_free(table);
        return status;
    }
    if (status < 0)
        listener_table_fail(table, status,
                            request->netns
                                ? arena_printf(table->arena, "network namespace %s cannot be looked into: %s",
                                               request->netns, pc_strerror(status))
                                : NULL);
    *ret = table;
    return 0;
}

const struct listener_source kernel_source = {
    .name = "kernel",
    .summary = "the sockets of this machine, as the kernel tells them (sock_diag)",
    .collect = kernel_collect,
};

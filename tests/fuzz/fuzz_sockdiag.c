/* Answers of sock_diag: a stream of netlink messages. */
#include "fuzz.h"
#include "sockdiag.h"
#include <libmnl/libmnl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INT32_MAX)
        return 0;
    uint8_t *copy = malloc(size + 1); /* aligned, as the receive buffer is */
    FUZZ_ASSERT(copy);
    if (size)
        memcpy(copy, data, size);
    int left = (int)size;
    const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)copy;
    /* libmnl takes a length beyond INT32_MAX for a negative one; the kernel never sends that */
    while (mnl_nlmsg_ok(message, left) && message->nlmsg_len <= (uint32_t)left) {
        struct sockdiag_row row;
        if (sockdiag_read(message, left % 2 ? TRANSPORT_TCP : TRANSPORT_UDP, &row) == 1) {
            FUZZ_ASSERT(row.listener.port > 0 && !address_is_mapped(&row.listener.address));
            FUZZ_ASSERT(memchr(row.listener.device, 0, sizeof(row.listener.device)));
        }
        message = mnl_nlmsg_next(message, &left);
    }
    free(copy);
    return 0;
}

/* One probe, for the tests in network namespaces:
 *
 *     probe_once TRANSPORT ADDRESS PORT [SERVICE [TIMEOUT_MS [SOURCE]]]
 *
 * TRANSPORT is tcp, udp, tls or icmp; SERVICE and SOURCE may be "-". Prints one line:
 * OUTCOME REASON ICMP OFFENDER SIGN PATH, where ICMP is "3/13", SIGN is "alive" and PATH is "local" or "-". What the
 * probe says in detail goes to standard error.
 */
#include "portconform/number.h"
#include "portconform/probe.h"
#include "portconform/probe_tls.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

static const struct probe_kind *const kinds[] = {&probe_kind_tcp, &probe_kind_udp, &probe_kind_tls, &probe_kind_icmp};

static void print_result(void *context, const struct probe_request *request, const struct probe_result *result)
{
    char icmp[16] = "-", offender[ADDRESS_TEXT] = "-";
    (void)context;
    (void)request;
    if (result->icmp.seen) {
        (void)snprintf(icmp, sizeof(icmp), "%u/%u", result->icmp.type, result->icmp.code);
        (void)address_format(&result->icmp.offender, offender, sizeof(offender));
    }
    printf("%s %s %s %s %s %s\n", probe_outcome_name(result->outcome), reason_row(result->reason)->name, icmp, offender,
           result->sign_of_life ? "alive" : "-", result->path_local ? "local" : "-");
    (void)fprintf(stderr, "%s (%u attempts, %u us)\n", result->detail, result->attempts, result->rtt_us);
}

static const char *argument(int argc, char **argv, int index)
{
    return index < argc && strcmp(argv[index], "-") != 0 ? argv[index] : NULL;
}

static int read_request(int argc, char **argv, struct probe_request *ret)
{
    int64_t port, timeout_ms = 1000;
    const char *service = argument(argc, argv, 4), *timeout = argument(argc, argv, 5);
    const char *source = argument(argc, argv, 6);
    if (argc < 4 || address_parse(argv[2], &ret->target) || number_parse(argv[3], 0, 65535, &port))
        return -1;
    if (timeout && number_parse(timeout, 1, 60000, &timeout_ms))
        return -1;
    if (source && address_parse(source, &ret->source))
        return -1;
    if (service && !(ret->service = service_find(service)))
        return -1;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i]->name, argv[1]) == 0)
            ret->kind = kinds[i];
    ret->port = (uint16_t)port;
    ret->timeout_ms = (unsigned)timeout_ms;
    return ret->kind ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct probe_request request = {.attempts = 2, .done = print_result};
    struct probe_engine *engine;
    if (read_request(argc, argv, &request)) {
        (void)fprintf(stderr, "usage: probe_once TRANSPORT ADDRESS PORT [SERVICE [TIMEOUT_MS [SOURCE]]]\n");
        return 2;
    }
    if (probe_engine_new(NULL, &engine))
        return 1;
    if (probe_engine_add(engine, &request)) {
        probe_engine_free(engine);
        return 1;
    }
    while (probe_engine_step(engine, moment_now()) > 0) {
        int64_t left_ms = probe_engine_next_ms(engine) - moment_now().mono_ms;
        struct pollfd ready = {.fd = probe_engine_fd(engine), .events = POLLIN};
        (void)poll(&ready, 1, left_ms > 0 ? (int)left_ms : 0);
    }
    probe_engine_free(engine);
    return 0;
}

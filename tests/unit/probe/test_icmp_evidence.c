/* What ICMP and errno prove, row by row, and what is our own trouble. */
#include "evidence.h"

#include "portconform/probe.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct icmp_case {
    enum report_origin origin;
    uint8_t type, code;
    enum offender offender;
    enum probe_outcome outcome;
    enum reason reason;
};

static const struct icmp_case icmp_cases[] = {
    /* a hop's word */
    {REPORT_ICMP, 3, 0, OFFENDER_HOP, PROBE_STOPPED, REASON_NET_UNREACHABLE},
    {REPORT_ICMP, 3, 1, OFFENDER_HOP, PROBE_STOPPED, REASON_HOST_UNREACHABLE},
    {REPORT_ICMP, 3, 2, OFFENDER_HOP, PROBE_STOPPED, REASON_PROTOCOL_UNREACHABLE},
    {REPORT_ICMP, 3, 3, OFFENDER_HOP, PROBE_STOPPED, REASON_PORT_UNREACHABLE_BY_HOP},
    {REPORT_ICMP, 3, 5, OFFENDER_HOP, PROBE_STOPPED, REASON_ICMP_OTHER},
    {REPORT_ICMP, 3, 6, OFFENDER_HOP, PROBE_STOPPED, REASON_NET_UNREACHABLE},
    {REPORT_ICMP, 3, 7, OFFENDER_HOP, PROBE_STOPPED, REASON_HOST_UNREACHABLE},
    {REPORT_ICMP, 3, 9, OFFENDER_HOP, PROBE_STOPPED, REASON_NET_PROHIBITED},
    {REPORT_ICMP, 3, 10, OFFENDER_HOP, PROBE_STOPPED, REASON_HOST_PROHIBITED},
    {REPORT_ICMP, 3, 13, OFFENDER_HOP, PROBE_STOPPED, REASON_ADMIN_PROHIBITED},
    {REPORT_ICMP, 3, 200, OFFENDER_HOP, PROBE_STOPPED, REASON_ICMP_OTHER},
    {REPORT_ICMP, 11, 0, OFFENDER_HOP, PROBE_STOPPED, REASON_ICMP_OTHER},
    {REPORT_ICMP, 12, 0, OFFENDER_HOP, PROBE_STOPPED, REASON_ICMP_OTHER},
    {REPORT_ICMP6, 1, 0, OFFENDER_HOP, PROBE_STOPPED, REASON_NET_UNREACHABLE},
    {REPORT_ICMP6, 1, 1, OFFENDER_HOP, PROBE_STOPPED, REASON_ADMIN_PROHIBITED},
    {REPORT_ICMP6, 1, 2, OFFENDER_HOP, PROBE_STOPPED, REASON_ICMP_OTHER},
    {REPORT_ICMP6, 1, 3, OFFENDER_HOP, PROBE_STOPPED, REASON_HOST_UNREACHABLE},
    {REPORT_ICMP6, 1, 4, OFFENDER_HOP, PROBE_STOPPED, REASON_PORT_UNREACHABLE_BY_HOP},
    {REPORT_ICMP6, 1, 5, OFFENDER_HOP, PROBE_STOPPED, REASON_ADMIN_PROHIBITED},
    {REPORT_ICMP6, 1, 6, OFFENDER_HOP, PROBE_STOPPED, REASON_ADMIN_PROHIBITED},
    {REPORT_ICMP6, 3, 0, OFFENDER_HOP, PROBE_STOPPED, REASON_ICMP_OTHER},
    {REPORT_ICMP6, 4, 1, OFFENDER_HOP, PROBE_STOPPED, REASON_ICMP_OTHER},
    /* the target's own: only port-unreachable is a closed port, a prohibition is its firewall */
    {REPORT_ICMP, 3, 3, OFFENDER_TARGET, PROBE_REFUSED, REASON_PORT_UNREACHABLE},
    {REPORT_ICMP6, 1, 4, OFFENDER_TARGET, PROBE_REFUSED, REASON_PORT_UNREACHABLE},
    {REPORT_ICMP, 3, 1, OFFENDER_TARGET, PROBE_STOPPED, REASON_HOST_UNREACHABLE},
    {REPORT_ICMP, 3, 9, OFFENDER_TARGET, PROBE_STOPPED, REASON_NET_PROHIBITED},
    {REPORT_ICMP, 3, 10, OFFENDER_TARGET, PROBE_STOPPED, REASON_HOST_PROHIBITED},
    {REPORT_ICMP, 3, 13, OFFENDER_TARGET, PROBE_STOPPED, REASON_ADMIN_PROHIBITED},
    {REPORT_ICMP6, 1, 1, OFFENDER_TARGET, PROBE_STOPPED, REASON_ADMIN_PROHIBITED},
    /* from ourselves: a neighbour that is down, or our own trouble */
    {REPORT_ICMP, 3, 1, OFFENDER_SELF, PROBE_SILENT, REASON_NEIGHBOUR_FAILED},
    {REPORT_ICMP6, 1, 3, OFFENDER_SELF, PROBE_SILENT, REASON_NEIGHBOUR_FAILED},
    {REPORT_ICMP, 3, 0, OFFENDER_SELF, PROBE_LOCAL, REASON_LOCAL_OTHER},
    {REPORT_ICMP, 3, 3, OFFENDER_SELF, PROBE_LOCAL, REASON_LOCAL_OTHER},
    {REPORT_ICMP, 3, 13, OFFENDER_SELF, PROBE_LOCAL, REASON_LOCAL_OTHER},
    {REPORT_ICMP6, 1, 1, OFFENDER_SELF, PROBE_LOCAL, REASON_LOCAL_OTHER},
    {REPORT_ICMP6, 1, 4, OFFENDER_SELF, PROBE_LOCAL, REASON_LOCAL_OTHER},
    /* nobody told who sent it: not the target's word, so not a closed port */
    {REPORT_ICMP, 3, 3, OFFENDER_NONE, PROBE_STOPPED, REASON_PORT_UNREACHABLE_BY_HOP},
    {REPORT_ICMP, 3, 1, OFFENDER_NONE, PROBE_STOPPED, REASON_HOST_UNREACHABLE},
};

static void icmp_row_by_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(icmp_cases) / sizeof(icmp_cases[0]); i++) {
        const struct icmp_case *row = &icmp_cases[i];
        struct evidence evidence = evidence_of_icmp(row->origin, row->type, row->code, row->offender);
        if (!evidence.ends || evidence.outcome != row->outcome || evidence.reason != row->reason)
            fail_msg("row %zu, %u/%u: %s %s", i, row->type, row->code, probe_outcome_name(evidence.outcome),
                     reason_row(evidence.reason)->name);
    }
}

static void advice_ends_nothing(void **state)
{
    (void)state;
    assert_false(evidence_of_icmp(REPORT_ICMP, 3, 4, OFFENDER_HOP).ends); /* fragmentation needed */
    assert_false(evidence_of_icmp(REPORT_ICMP, 5, 1, OFFENDER_HOP).ends); /* redirect */
    assert_false(evidence_of_icmp(REPORT_ICMP, 4, 0, OFFENDER_TARGET).ends);
    assert_false(evidence_of_icmp(REPORT_ICMP6, 2, 0, OFFENDER_HOP).ends); /* packet too big */
}

/* Whatever comes over the network: a remote sender never makes it our trouble or a neighbour's failure, and only the
 * target refuses. */
static void no_type_and_code_blames_the_wrong_one(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * 256 * 256; i++) {
        enum report_origin origin = i & 1 ? REPORT_ICMP : REPORT_ICMP6;
        uint8_t type = (uint8_t)(i >> 1), code = (uint8_t)(i >> 9);
        struct evidence hop = evidence_of_icmp(origin, type, code, OFFENDER_HOP);
        struct evidence target = evidence_of_icmp(origin, type, code, OFFENDER_TARGET);
        struct evidence self = evidence_of_icmp(origin, type, code, OFFENDER_SELF);
        assert_true(!hop.ends || hop.outcome == PROBE_STOPPED);
        assert_true(!target.ends || target.outcome == PROBE_STOPPED || target.outcome == PROBE_REFUSED);
        assert_true(!self.ends || self.outcome == PROBE_LOCAL || self.reason == REASON_NEIGHBOUR_FAILED);
    }
}

static void errno_alone(void **state)
{
    (void)state;
    static const struct {
        int error;
        sa_family_t family;
        enum transport transport;
        enum probe_outcome outcome;
        enum reason reason;
    } cases[] = {
        {ECONNREFUSED, AF_INET, TRANSPORT_TCP, PROBE_REFUSED, REASON_RST},
        {ECONNREFUSED, AF_INET6, TRANSPORT_TCP, PROBE_REFUSED, REASON_RST},
        {ECONNREFUSED, AF_INET, TRANSPORT_UDP, PROBE_REFUSED, REASON_PORT_UNREACHABLE},
        {EHOSTUNREACH, AF_INET, TRANSPORT_TCP, PROBE_STOPPED, REASON_UNREACHABLE_BY_ERRNO},
        {ENETUNREACH, AF_INET, TRANSPORT_TCP, PROBE_STOPPED, REASON_UNREACHABLE_BY_ERRNO},
        {EACCES, AF_INET6, TRANSPORT_TCP, PROBE_STOPPED, REASON_ADMIN_PROHIBITED},
        {EACCES, AF_INET, TRANSPORT_TCP, PROBE_STOPPED, REASON_UNREACHABLE_BY_ERRNO},
        {ENOPROTOOPT, AF_INET, TRANSPORT_UDP, PROBE_STOPPED, REASON_PROTOCOL_UNREACHABLE},
        {ETIMEDOUT, AF_INET, TRANSPORT_TCP, PROBE_SILENT, REASON_SILENT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct evidence evidence = evidence_of_errno(cases[i].error, cases[i].family, cases[i].transport);
        assert_true(evidence.ends);
        assert_int_equal(evidence.outcome, cases[i].outcome);
        assert_int_equal(evidence.reason, cases[i].reason);
    }
    assert_int_equal(evidence_of_errno(ENOMEM, AF_INET, TRANSPORT_TCP).outcome, PROBE_LOCAL);
}

static void our_own_trouble(void **state)
{
    (void)state;
    static const struct {
        int error;
        enum reason reason;
    } cases[] = {
        {EMFILE, REASON_NO_DESCRIPTORS},     {ENFILE, REASON_NO_DESCRIPTORS},
        {ENOMEM, REASON_NO_MEMORY},          {ENOBUFS, REASON_NO_MEMORY},
        {ENETUNREACH, REASON_NO_ROUTE},      {EHOSTUNREACH, REASON_NO_ROUTE},
        {EACCES, REASON_ROUTE_PROHIBITED},   {EINVAL, REASON_ROUTE_BLACKHOLE},
        {EPERM, REASON_NO_PERMISSION},       {EADDRNOTAVAIL, REASON_NO_SOURCE_ADDRESS},
        {EADDRINUSE, REASON_NO_SOURCE_PORT}, {0, REASON_LOCAL_OTHER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(probe_local_reason(cases[i].error), cases[i].reason);
        assert_true(reason_is_local(cases[i].reason));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(icmp_row_by_row),
        cmocka_unit_test(advice_ends_nothing),
        cmocka_unit_test(no_type_and_code_blames_the_wrong_one),
        cmocka_unit_test(errno_alone),
        cmocka_unit_test(our_own_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

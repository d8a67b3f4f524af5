/* Reads a socket's error queue (IP_RECVERR(2const)): the ICMP message behind an error, and who sent it. */
#include "errqueue.h"
#include "engine.h"
#include "evidence.h"
#include "route.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <string.h>
#include <sys/socket.h>

struct report {
    struct sock_extended_err error;
    struct address offender; /* AF_UNSPEC: not told */
    struct address about;    /* where to the datagram or the call was; AF_UNSPEC: not told */
    uint16_t port;
};

static bool parse_report(struct msghdr *message, struct report *ret)
{
    for (struct cmsghdr *item = CMSG_FIRSTHDR(message); item; item = CMSG_NXTHDR(message, item)) {
        bool v4 = item->cmsg_level == SOL_IP && item->cmsg_type == IP_RECVERR;
        bool v6 = item->cmsg_level == SOL_IPV6 && item->cmsg_type == IPV6_RECVERR;
        if (!v4 && !v6)
            continue;
        if (item->cmsg_len < CMSG_LEN(sizeof(ret->error)))
            return false;
        memcpy(&ret->error, CMSG_DATA(item), sizeof(ret->error));
        /* the offender's sockaddr follows the error (SO_EE_OFFENDER) */
        struct sockaddr_storage offender = {.ss_family = AF_UNSPEC};
        size_t length = item->cmsg_len - CMSG_LEN(sizeof(ret->error));
        if (length > sizeof(offender))
            length = sizeof(offender);
        memcpy(&offender, CMSG_DATA(item) + sizeof(ret->error), length);
        ret->offender = (struct address){.family = AF_UNSPEC};
        if (offender.ss_family == AF_INET || offender.ss_family == AF_INET6)
            ret->offender = address_from_sockaddr((const struct sockaddr *)&offender, NULL);
        return true;
    }
    return false;
}

/* 1: *ret is filled; 0: the queue is empty; the rest of a report, the datagram that failed, is of no interest. */
static int next_report(int fd, struct report *ret)
{
    for (;;) {
        alignas(struct cmsghdr) unsigned char control[512];
        unsigned char datagram[64];
        struct iovec vector = {datagram, sizeof(datagram)};
        struct sockaddr_storage about = {.ss_family = AF_UNSPEC};
        struct msghdr message = {.msg_name = &about,
                                 .msg_namelen = sizeof(about),
                                 .msg_iov = &vector,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof(control)};
        if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            return 0;
        if (!parse_report(&message, ret))
            continue;
        ret->about = (struct address){.family = AF_UNSPEC};
        if (message.msg_namelen > 0 && (about.ss_family == AF_INET || about.ss_family == AF_INET6))
            ret->about = address_from_sockaddr((const struct sockaddr *)&about, &ret->port);
        return 1;
    }
}

static bool same_host(const struct address *a, const struct address *b)
{
    return a->family == b->family && memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

static enum offender whose(struct probe *probe, const struct address *offender)
{
    if (offender->family == AF_UNSPEC)
        return OFFENDER_NONE;
    if (same_host(offender, &probe->request.target))
        return OFFENDER_TARGET;
    return route_is_local(&probe->engine->route_fd, offender) ? OFFENDER_SELF : OFFENDER_HOP;
}

static bool end_by_icmp(struct probe *probe, const struct report *report, enum report_origin origin)
{
    enum offender offender = whose(probe, &report->offender);
    struct evidence evidence = evidence_of_icmp(origin, report->error.ee_type, report->error.ee_code, offender);
    if (!evidence.ends)
        return false;
    struct probe_result *result = &probe->result;
    result->icmp = (struct icmp_evidence){
        .seen = true,
        .type = report->error.ee_type,
        .code = report->error.ee_code,
        .offender = report->offender,
    };
    result->sign_of_life = offender == OFFENDER_TARGET;
    if (evidence.outcome == PROBE_LOCAL) {
        char text[ADDRESS_TEXT];
        result->error = (int)report->error.ee_errno;
        probe_set_detail(probe, "ICMP %u/%u from this machine itself (%s)", report->error.ee_type,
                         report->error.ee_code, address_format(&report->offender, text, sizeof(text)));
    }
    probe_end(probe, evidence.outcome, evidence.reason);
    return true;
}

/* An error that the kernel found by itself: the neighbour that did not answer, or trouble of ours. */
static bool end_by_local_report(struct probe *probe, const struct report *report)
{
    int error = (int)report->error.ee_errno;
    if (error == EMSGSIZE || error == 0) /* path MTU: advice */
        return false;
    probe->result.error = error;
    if (error == EHOSTUNREACH)
        probe_end(probe, PROBE_SILENT, REASON_NEIGHBOUR_FAILED);
    else
        probe_end(probe, PROBE_LOCAL, probe_local_reason(error));
    return true;
}

/* A socket is used again and again: a report may be about a probe of yesterday. */
static bool is_of_another(const struct probe *probe, const struct report *report)
{
    struct address about = report->about;
    address_normalise(&about);
    if (about.family == AF_UNSPEC)
        return false;
    return !same_host(&about, &probe->request.target) || (report->port != 0 && report->port != probe->request.port);
}

static bool end_by_report(struct probe *probe, const struct report *report)
{
    if (is_of_another(probe, report))
        return false;
    switch (report->error.ee_origin) {
    case SO_EE_ORIGIN_ICMP:
        return end_by_icmp(probe, report, REPORT_ICMP);
    case SO_EE_ORIGIN_ICMP6:
        return end_by_icmp(probe, report, REPORT_ICMP6);
    case SO_EE_ORIGIN_LOCAL:
        return end_by_local_report(probe, report);
    default: /* not an enum of ours: time stamps and the like */
        return false;
    }
}

static enum transport transport_of(const struct probe *probe, int fd)
{
    int type = 0;
    socklen_t length = sizeof(type);
    const enum slot_use use = probe->slot == NO_SLOT ? SLOT_ONCE : probe->engine->slots[probe->slot].use;
    if (use == SLOT_TCP || use == SLOT_TCP_QUIET)
        return TRANSPORT_TCP;
    (void)getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
    return type == SOCK_STREAM ? TRANSPORT_TCP : TRANSPORT_UDP;
}

static void end_by_errno(struct probe *probe, int fd, int error)
{
    enum transport transport = transport_of(probe, fd);
    struct evidence evidence = evidence_of_errno(error, probe->request.target.family, transport);
    probe->result.error = error;
    if (evidence.outcome == PROBE_LOCAL) {
        probe_end(probe, PROBE_LOCAL, probe_local_reason(error));
        return;
    }
    if (evidence.reason == REASON_RST)
        probe->result.sign_of_life = true;
    else if (evidence.outcome != PROBE_SILENT)
        probe_set_detail(probe, "by the error %s alone: the kernel kept no ICMP message", strerrorname_np(error));
    probe_end(probe, evidence.outcome, evidence.reason);
}

/* The socket's error, which reading takes away. */
static int take_pending_error(int fd)
{
    int error = 0;
    socklen_t length = sizeof(error);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) ? errno : error;
}

bool probe_read_reports(struct probe *probe, int fd)
{
    struct report report;
    while (next_report(fd, &report))
        if (end_by_report(probe, &report))
            return true;
    return false;
}

bool probe_read_error(struct probe *probe, int fd, int error)
{
    struct report report;
    bool advised = false;
    if (probe->ended) /* what ended it stands; a later report changes nothing of the result */
        return true;
    while (next_report(fd, &report)) {
        if (end_by_report(probe, &report))
            return true;
        advised = true;
    }
    /* An error whose report found no room in the queue: left alone, it would wake us again and again. */
    int pending = error ? 0 : take_pending_error(fd);
    if (!error && !advised)
        error = pending;
    if (!error)
        return false;
    end_by_errno(probe, fd, error);
    return true;
}

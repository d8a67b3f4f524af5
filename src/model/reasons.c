/* The reasons: one row each, the only place where the outcome of a probe, a piece of listener evidence or a rule of
 * judgement gets its words. A blame or class of NONE leaves the verdict's own in force. */
#include "tables.h"

/* code, name, text, blame, class, severity. The text is a phrase that also reads well in parentheses. */
#define REASON_ROWS(ROW)                                                                                               \
    ROW(NONE, "none", "no particular reason", NONE, NONE, OK)                                                          \
    ROW(ACCEPTED, "accepted", "connection accepted", NONE, NONE, OK)                                                   \
    ROW(UDP_ANSWER, "udp-answer", "datagram answered", NONE, NONE, OK)                                                 \
    ROW(SERVICE_PROVEN, "service-proven", "the service answered in its own protocol", NONE, NONE, OK)                  \
    ROW(WRONG_PROTOCOL, "wrong-protocol", "another protocol is spoken there", NONE, NONE, CRITICAL)                    \
    ROW(TLS_EXPECTED, "tls-expected", "it speaks, but not TLS", NONE, NONE, CRITICAL)                                  \
    ROW(TLS_FAILED, "tls-failed", "the TLS handshake failed", NONE, NONE, CRITICAL)                                    \
    ROW(TLS_UNEXPECTED, "tls-unexpected", "it speaks TLS, and plain was expected", NONE, NONE, CRITICAL)               \
    ROW(CERTIFICATE_UNTRUSTED, "certificate-untrusted", "no known authority vouches for its certificate", NONE, NONE,  \
        CRITICAL)                                                                                                      \
    ROW(CERTIFICATE_NAME, "certificate-name", "its certificate is for another name", NONE, NONE, CRITICAL)             \
    ROW(RST, "rst", "connection reset", NONE, NONE, CRITICAL)                                                          \
    ROW(PORT_UNREACHABLE, "port-unreachable", "port unreachable", NONE, NONE, CRITICAL)                                \
    ROW(CERTIFICATE_EXPIRED, "certificate-expired", "its certificate is not valid today", NONE, NONE, CRITICAL)        \
    ROW(ADMIN_PROHIBITED, "admin-prohibited", "administratively prohibited", NONE, NONE, CRITICAL)                     \
    ROW(HOST_PROHIBITED, "host-prohibited", "host administratively prohibited", NONE, NONE, CRITICAL)                  \
    ROW(NET_PROHIBITED, "net-prohibited", "network administratively prohibited", NONE, NONE, CRITICAL)                 \
    ROW(HOST_UNREACHABLE, "host-unreachable", "host unreachable", NONE, NONE, CRITICAL)                                \
    ROW(NET_UNREACHABLE, "net-unreachable", "network unreachable", NONE, NONE, CRITICAL)                               \
    ROW(PROTOCOL_UNREACHABLE, "protocol-unreachable", "protocol unreachable", NONE, NONE, CRITICAL)                    \
    ROW(PORT_UNREACHABLE_BY_HOP, "port-unreachable-by-hop", "port unreachable, says another machine", NONE, NONE,      \
        CRITICAL)                                                                                                      \
    ROW(ICMP_OTHER, "icmp-other", "another ICMP error", NONE, NONE, CRITICAL)                                          \
    ROW(UNREACHABLE_BY_ERRNO, "unreachable-by-errno", "unreachable; the kernel did not tell which ICMP error", NONE,   \
        NONE, CRITICAL)                                                                                                \
    ROW(SILENT, "silent", "no answer", NONE, NONE, CRITICAL)                                                           \
    ROW(NEIGHBOUR_FAILED, "neighbour-failed", "no machine on the link has that address", NONE, NONE, CRITICAL)         \
    ROW(NO_DESCRIPTORS, "no-descriptors", "too many open files here", LOCAL, MONITORING, UNKNOWN)                      \
    ROW(NO_MEMORY, "no-memory", "out of memory here", LOCAL, MONITORING, UNKNOWN)                                      \
    ROW(NO_ROUTE, "no-route", "this machine has no route to it", LOCAL, MONITORING, UNKNOWN)                           \
    ROW(ROUTE_PROHIBITED, "route-prohibited", "a route of this machine prohibits it", LOCAL, MONITORING, UNKNOWN)      \
    ROW(ROUTE_BLACKHOLE, "route-blackhole", "a route of this machine discards it", LOCAL, MONITORING, UNKNOWN)         \
    ROW(NO_SOURCE_ADDRESS, "no-source-address", "the vantage's source is no address of this machine", LOCAL,           \
        MONITORING, UNKNOWN)                                                                                           \
    ROW(NO_PERMISSION, "no-permission", "this machine does not permit the probe", LOCAL, MONITORING, UNKNOWN)          \
    ROW(DEADLINE, "deadline", "the check ended before this was decided", LOCAL, MONITORING, UNKNOWN)                   \
    ROW(LOCAL_OTHER, "local-other", "the probe failed on this machine", LOCAL, MONITORING, UNKNOWN)                    \
    ROW(LISTENERS_UNREADABLE, "listeners-unreadable", "the listeners of the host could not be read", LOCAL,            \
        MONITORING, UNKNOWN)                                                                                           \
    ROW(NO_SOURCE_PORT, "no-source-port", "no port of source_ports is free on this machine", LOCAL, MONITORING,        \
        UNKNOWN)                                                                                                       \
    ROW(LISTENING, "listening", "a program listens in the right place", NONE, NONE, OK)                                \
    ROW(NOBODY_LISTENS, "nobody-listens", "no program listens there", NONE, NONE, CRITICAL)                            \
    ROW(LOOPBACK_ONLY, "loopback-only", "a program listens, but on loopback alone", NONE, NONE, CRITICAL)              \
    ROW(OTHER_ADDRESS, "other-address", "a program listens, but on another address", NONE, NONE, CRITICAL)             \
    ROW(OTHER_FAMILY, "other-family", "a program listens, but for the other address family", NONE, NONE, CRITICAL)     \
    ROW(QUEUE_FULL, "queue-full", "the accept queue is full", NONE, NONE, CRITICAL)                                    \
    ROW(FOREIGN_PROGRAM, "foreign-program", "another program than the product's holds the port", NONE, NONE, CRITICAL) \
    ROW(BOUND_WIDE, "bound-wide", "bound to more than its scope allows", NONE, NONE, CRITICAL)                         \
    ROW(UNEXPLAINED, "unexplained", "no rule explains it", NONE, NONE, WARNING)                                        \
    ROW(NOT_A_CALLER, "not-a-caller", "the vantage is not one of the callers", NONE, NONE, OK)                         \
    ROW(SILENT_BY_NATURE, "silent-by-nature", "a UDP service that never answers", NONE, NONE, OK)                      \
    ROW(SILENT_HOST, "silent-host", "no closed port of the host answers either", NONE, NONE, UNKNOWN)                  \
    ROW(NOBODY_LOOKED, "nobody-looked", "no listener source, and not probed from here", NONE, NONE, OK)                \
    ROW(HOST_DOWN, "host-down", "no sign of life from the host", NONE, NONE, CRITICAL)                                 \
    ROW(PARAMETER_UNSET, "parameter-unset", "a parameter has no value", CONFIG, CONFIGURATION, UNKNOWN)                \
    ROW(FAMILY_ABSENT, "family-absent", "the host has no address of the demanded family", CONFIG, CONFIGURATION,       \
        UNKNOWN)                                                                                                       \
    ROW(NO_ADDRESS, "no-address", "the host has no address for this rule", CONFIG, CONFIGURATION, UNKNOWN)             \
    ROW(MUST_NOT_PASS_OPEN, "must-not-pass-open", "the flow passes and must not", NONE, NONE, CRITICAL)                \
    ROW(SHUT_AS_DEMANDED, "shut-as-demanded", "shut, as it may or must be", NONE, NONE, OK)                            \
    ROW(ANY_OF_OPEN, "any-of-open", "one port of the range or group suffices", NONE, NONE, OK)                         \
    ROW(CONTRADICTION, "contradiction", "listener and probe disagree, and there was no second look", NONE, NONE,       \
        UNKNOWN)                                                                                                       \
    ROW(HELD, "held", "held while the host is down", NONE, NONE, UNKNOWN)                                              \
    ROW(WAIVER_OVER, "waiver-over", "the waiver has passed its last day", CONFIG, CONFIGURATION, WARNING)              \
    ROW(NOT_PROBED, "not-probed", "not probed from here", NONE, NONE, OK)                                              \
    ROW(ICMP_RATIONED, "icmp-rationed",                                                                                \
        "no answer, and the host had spent the few ICMP messages that it sends: it may be closed as well", NONE, NONE, \
        UNKNOWN)                                                                                                       \
    ROW(NO_RESPONDER, "no-responder", "no responder of the acceptance test is heard at the address", NONE, NONE,       \
        WARNING)                                                                                                       \
    ROW(NOT_THE_RESPONDER, "not-the-responder", "it was not the responder of the acceptance test", NONE, NONE, WARNING)

#define AS_ROW(id, name, text, blame, class, severity)                                                                 \
    [REASON_##id] = {REASON_##id, name, text, BLAME_##blame, CLASS_##class, SEVERITY_##severity},
#define AS_WORD(id, name, ...)  [REASON_##id] = name,
#define AS_ENTRY(id, name, ...) name,

static const struct reason_row reason_rows[REASON_COUNT] = {REASON_ROWS(AS_ROW)};
const char *const reason_words[REASON_COUNT + 1] = {REASON_ROWS(AS_WORD)};
const char *const reason_word_list[] = {REASON_ROWS(AS_ENTRY) NULL};

const struct reason_row *reason_row(enum reason reason)
{
    if ((unsigned)reason >= REASON_COUNT || reason_rows[reason].name == NULL)
        return &reason_rows[REASON_NONE];
    return &reason_rows[reason];
}

bool reason_is_local(enum reason reason)
{
    return reason_row(reason)->blame == BLAME_LOCAL;
}

bool reason_is_impostor(enum reason reason)
{
    static const enum reason telling[] = {REASON_TLS_EXPECTED,     REASON_TLS_FAILED,
                                          REASON_TLS_UNEXPECTED,   REASON_CERTIFICATE_UNTRUSTED,
                                          REASON_CERTIFICATE_NAME, REASON_CERTIFICATE_EXPIRED};
    for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++)
        if (telling[i] == reason)
            return true;
    return false;
}

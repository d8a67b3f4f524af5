/* The verdicts: one row each, from which plugin, JSON, MIB, log and manual take their words. */
#include "tables.h"

/* code, name, text, blame, class, severity, meaning. One list, because three tables are made of it. */
#define VERDICT_ROWS(ROW)                                                                                              \
    ROW(CONFORMING, "conforming", "as demanded", NONE, NONE, OK, "The port is as the guide demands.")                  \
    ROW(MISSING, "missing", "nobody listens", SERVER, AVAILABILITY, CRITICAL,                                          \
        "No program listens on a port that must be served.")                                                           \
    ROW(FILTERED, "filtered", "something on the way stops it", NETWORK, AVAILABILITY, CRITICAL,                        \
        "A flow that must pass is stopped before it reaches the listener: a hop says so, or nothing comes back from "  \
        "a host that is up.")                                                                                          \
    ROW(RESET, "reset", "a program listens, yet the connection is refused", NETWORK, AVAILABILITY, CRITICAL,           \
        "A program listens in the right place, but the caller gets a reset or a port-unreachable: a firewall on the "  \
        "way or on the host itself refuses in the listener's name.")                                                   \
    ROW(CLOSED, "closed", "the connection is refused", BOTH, AVAILABILITY, CRITICAL,                                   \
        "The host refuses the connection, and nobody could look whether a program listens there: it is stopped, or a " \
        "firewall refuses in its name.")                                                                               \
    ROW(MISBOUND, "misbound", "bound to the wrong address", SERVER, CONFIGURATION, CRITICAL,                           \
        "A program listens on the port, but on an address or address family that the callers do not reach.")           \
    ROW(ELSEWHERE, "elsewhere", "answered by somebody else", BOTH, CONFIGURATION, WARNING,                             \
        "The port answers, but no program of the host listens where the answer comes from: a redirect, a proxy or "    \
        "another machine answers in its place.")                                                                       \
    ROW(SATURATED, "saturated", "the accept queue is full", SERVER, AVAILABILITY, CRITICAL,                            \
        "A program listens in the right place but does not accept: its queue is full and new callers get no answer.")  \
    ROW(INDETERMINATE, "indeterminate", "cannot be told", BOTH, MONITORING, UNKNOWN,                                   \
        "Nothing came back, and nothing else tells a filter, a stopped program and a silent host apart.")              \
    ROW(UNPROVEN, "unproven", "neither proven nor refuted", NONE, MONITORING, OK,                                      \
        "Nothing speaks against the port, but nothing seen from here proves that callers reach it.")                   \
    ROW(UNSEEN, "unseen", "nobody looked", NONE, MONITORING, OK,                                                       \
        "There is no listener source for the host and the port is not probed from here.")                              \
    ROW(EXPOSED, "exposed", "open to those who must not reach it", SERVER, SECURITY, CRITICAL,                         \
        "A port that is for the host itself or for its named peers alone is open, or is bound to be open, to "         \
        "others.")                                                                                                     \
    ROW(WIDE, "wide", "bound wider than needed", SERVER, SECURITY, WARNING,                                            \
        "A port that seems to be for the host itself alone is bound to a network address; that it is internal is "     \
        "concluded and not stated by the guide.")                                                                      \
    ROW(FORBIDDEN, "forbidden", "passes although it must not", NETWORK, SECURITY, WARNING,                             \
        "A place that the guide does not name as a caller can open the port.")                                         \
    ROW(IMPOSTOR, "impostor", "not the product's program", SERVER, SECURITY, CRITICAL,                                 \
        "Another program than the product's holds the port, or something other than its protocol is spoken there.")    \
    ROW(UNEXPECTED, "unexpected", "explained by no rule", SERVER, SECURITY, WARNING,                                   \
        "A program listens on a port of an exclusive host that no rule explains.")                                     \
    ROW(UNREACHABLE, "unreachable", "no sign of life from the host", BOTH, AVAILABILITY, CRITICAL,                     \
        "Nothing at all came back from the host; its other findings are held.")                                        \
    ROW(NOT_JUDGED, "not-judged", "could not be judged", LOCAL, MONITORING, UNKNOWN,                                   \
        "Our own trouble or a gap in the configuration stood in the way; it says nothing about the host.")             \
    ROW(WAIVER_EXPIRED, "waiver-expired", "the waiver is over", CONFIG, CONFIGURATION, WARNING,                        \
        "A waiver has passed its last day; what it excused counts again.")

#define AS_ROW(id, name, text, blame, class, severity, meaning)                                                        \
    [VERDICT_##id] = {VERDICT_##id, name, text, BLAME_##blame, CLASS_##class, SEVERITY_##severity, meaning},
#define AS_WORD(id, name, ...)  [VERDICT_##id] = name,
#define AS_ENTRY(id, name, ...) name,

static const struct verdict_row verdict_rows[VERDICT_COUNT] = {[VERDICT_NONE] = {VERDICT_NONE, "none", "not yet judged",
                                                                                 BLAME_NONE, CLASS_NONE, SEVERITY_OK,
                                                                                 "There was no verdict before."},
                                                               VERDICT_ROWS(AS_ROW)};

const char *const verdict_words[VERDICT_COUNT + 1] = {VERDICT_ROWS(AS_WORD)};
const char *const verdict_word_list[] = {VERDICT_ROWS(AS_ENTRY) NULL};

const struct verdict_row *verdict_row(enum verdict verdict)
{
    return &verdict_rows[(unsigned)verdict < VERDICT_COUNT ? verdict : VERDICT_NONE];
}

bool verdict_from_name(const char *name, enum verdict *ret)
{
    int code = word_find("verdict", name);
    if (code < 0)
        return false;
    *ret = (enum verdict)code;
    return true;
}

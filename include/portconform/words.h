/* The words of the product, each once: verdicts, reasons, blame, class, severity, presence, scope and the others.
 *
 * Log, MIB, JSON, plugin, manual and text take them from the tables behind these functions or are tested against them.
 * Codes are append-only: they are numbers in a MIB and in other people's databases. `name` is what machines read and is
 * never translated; `text` is a phrase for people.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Ordered: the worst of several is the largest. */
enum severity { SEVERITY_OK, SEVERITY_UNKNOWN, SEVERITY_WARNING, SEVERITY_CRITICAL };
const char *severity_name(enum severity severity); /* "OK", "UNKNOWN", "WARNING", "CRITICAL" */
int severity_exit_status(enum severity severity);  /* 0, 3, 1, 2 */

/* Who has to act. */
enum blame { BLAME_NONE, BLAME_SERVER, BLAME_NETWORK, BLAME_BOTH, BLAME_LOCAL, BLAME_CONFIG };

enum finding_class { CLASS_NONE, CLASS_SECURITY, CLASS_AVAILABILITY, CLASS_CONFIGURATION, CLASS_MONITORING };

enum verdict {
    VERDICT_NONE = 0, /* none yet: the `was` of a new finding */
    VERDICT_CONFORMING = 1,
    VERDICT_MISSING = 2,
    VERDICT_FILTERED = 3,
    VERDICT_RESET = 4,
    VERDICT_CLOSED = 5,
    VERDICT_MISBOUND = 6,
    VERDICT_ELSEWHERE = 7,
    VERDICT_SATURATED = 8,
    VERDICT_INDETERMINATE = 9,
    VERDICT_UNPROVEN = 10,
    VERDICT_UNSEEN = 11,
    VERDICT_EXPOSED = 12,
    VERDICT_WIDE = 13,
    VERDICT_FORBIDDEN = 14,
    VERDICT_IMPOSTOR = 15,
    VERDICT_UNEXPECTED = 16,
    VERDICT_UNREACHABLE = 17,
    VERDICT_NOT_JUDGED = 18,
    VERDICT_WAIVER_EXPIRED = 19,
    VERDICT_COUNT
};

struct verdict_row {
    enum verdict code;
    const char *name; /* "not-judged" */
    const char *text; /* "nobody listens" */
    enum blame blame;
    enum finding_class class;
    enum severity severity;
    const char *meaning; /* a sentence for the manual and the MIB */
};
const struct verdict_row *verdict_row(enum verdict verdict); /* never NULL */
bool verdict_from_name(const char *name, enum verdict *ret);

/* Why a verdict is what it is: how a probe ended, what the listener evidence said, or which rule of judgement spoke. */
enum reason {
    REASON_NONE = 0,
    /* probe: it answered */
    REASON_ACCEPTED = 1,       /* TCP connection established */
    REASON_UDP_ANSWER = 2,     /* a datagram came back that proves the service */
    REASON_SERVICE_PROVEN = 3, /* the service's own protocol was spoken */
    REASON_WRONG_PROTOCOL = 4, /* something else was spoken */
    REASON_TLS_EXPECTED = 5,   /* the peer speaks, but not TLS */
    REASON_TLS_FAILED = 6,     /* TLS was spoken, and the handshake failed */
    REASON_TLS_UNEXPECTED = 7, /* TLS was spoken where plain was expected */
    /* ... by TLS, and the configured authorities were asked about the certificate */
    REASON_CERTIFICATE_UNTRUSTED = 8,
    REASON_CERTIFICATE_NAME = 9, /* it is for another name */
    /* probe: refused by the target itself */
    REASON_RST = 10,
    REASON_PORT_UNREACHABLE = 11, /* ICMP 3/3, ICMPv6 1/4, from the target */
    /* the certificate again */
    REASON_CERTIFICATE_EXPIRED = 15,
    /* probe: stopped by a hop */
    REASON_ADMIN_PROHIBITED = 20,     /* ICMP 3/13, ICMPv6 1/1 */
    REASON_HOST_PROHIBITED = 21,      /* 3/10 */
    REASON_NET_PROHIBITED = 22,       /* 3/9 */
    REASON_HOST_UNREACHABLE = 23,     /* 3/1, 1/3 from another machine */
    REASON_NET_UNREACHABLE = 24,      /* 3/0, 1/0 */
    REASON_PROTOCOL_UNREACHABLE = 25, /* 3/2 */
    REASON_PORT_UNREACHABLE_BY_HOP = 26,
    REASON_ICMP_OTHER = 27,
    REASON_UNREACHABLE_BY_ERRNO = 28, /* the kernel gave an errno and no ICMP */
    /* probe: nothing */
    REASON_SILENT = 30,
    REASON_NEIGHBOUR_FAILED = 31, /* host-unreachable from one of our own addresses: ARP or NDP found nobody */
    /* our own trouble */
    REASON_NO_DESCRIPTORS = 40, /* EMFILE, ENFILE */
    REASON_NO_MEMORY = 41,      /* ENOMEM, ENOBUFS */
    REASON_NO_ROUTE = 42,
    REASON_ROUTE_PROHIBITED = 43,
    REASON_ROUTE_BLACKHOLE = 44,
    REASON_NO_SOURCE_ADDRESS = 45, /* the vantage's source is not an address of this machine */
    REASON_NO_PERMISSION = 46,
    REASON_DEADLINE = 47, /* the check ended before this was decided */
    REASON_LOCAL_OTHER = 48,
    REASON_LISTENERS_UNREADABLE = 49, /* the listener source failed */
    REASON_NO_SOURCE_PORT = 50,       /* all that probes may leave from are in use */
    /* listener evidence */
    REASON_LISTENING = 60,
    REASON_NOBODY_LISTENS = 61,
    REASON_LOOPBACK_ONLY = 62,
    REASON_OTHER_ADDRESS = 63,
    REASON_OTHER_FAMILY = 64,
    REASON_QUEUE_FULL = 65,
    REASON_FOREIGN_PROGRAM = 66,
    REASON_BOUND_WIDE = 67, /* bound beyond its scope */
    REASON_UNEXPLAINED = 68,
    /* judgement */
    REASON_NOT_A_CALLER = 80,     /* the vantage is a bystander of this flow */
    REASON_SILENT_BY_NATURE = 81, /* a UDP service that never answers */
    REASON_SILENT_HOST = 82,      /* no closed port of the host answered either */
    REASON_NOBODY_LOOKED = 83,    /* no listener source, not probed */
    REASON_HOST_DOWN = 84,        /* no sign of life from the host */
    REASON_PARAMETER_UNSET = 85,
    REASON_FAMILY_ABSENT = 86,      /* a demanded address family that the host lacks */
    REASON_NO_ADDRESS = 87,         /* no address of the host has the rule's segment, or a name has no address */
    REASON_MUST_NOT_PASS_OPEN = 88, /* the flow passes and must not */
    REASON_SHUT_AS_DEMANDED = 89,   /* absent optional, dynamic or reserved port; or closed to those who may not call */
    REASON_ANY_OF_OPEN = 90,        /* one port of the range or group suffices */
    REASON_CONTRADICTION = 91,      /* listener and probe disagree and no second look was possible */
    REASON_HELD = 92,
    REASON_WAIVER_OVER = 93,
    REASON_NOT_PROBED = 94,
    REASON_ICMP_RATIONED = 95,     /* UDP: silent while the target had no ICMP message left for a closed port */
    REASON_NO_RESPONDER = 96,      /* acceptance test: no responder with the key was heard at the address */
    REASON_NOT_THE_RESPONDER = 97, /* acceptance test: one is there, and it was somebody else */
    REASON_COUNT
};

struct reason_row {
    enum reason code;
    const char *name;         /* "admin-prohibited" */
    const char *text;         /* "administratively prohibited" */
    enum blame blame;         /* NONE: the verdict's row decides */
    enum finding_class class; /* likewise */
    enum severity severity;   /* what a probe reason alone would be worth; informative */
};
const struct reason_row *reason_row(enum reason reason); /* never NULL; unused codes give the row of NONE */
bool reason_is_local(enum reason reason);                /* our own trouble */
bool reason_is_impostor(enum reason reason);             /* tells by itself why what answers is not the service */

const char *blame_name(enum blame blame);         /* "none" "server" "network" "both" "local" "config" */
const char *class_name(enum finding_class class); /* "none" "security" "availability" "configuration" "monitoring" */

enum presence {
    PRESENCE_REQUIRED,
    PRESENCE_ANY,
    PRESENCE_FIRST_FREE,
    PRESENCE_ONE_OF,
    PRESENCE_OPTIONAL,
    PRESENCE_DYNAMIC,
    PRESENCE_RESERVED
};
const char *presence_name(enum presence presence);      /* "required" "any" "first-free" "one-of" ... */
bool presence_absence_conforms(enum presence presence); /* optional, dynamic, reserved */

enum scope { SCOPE_NETWORK, SCOPE_PEERS, SCOPE_HOST };
const char *scope_name(enum scope scope);

enum scope_basis { BASIS_STATED, BASIS_INFERRED };
const char *basis_name(enum scope_basis basis);

enum direction { DIRECTION_IN, DIRECTION_OUT, DIRECTION_BOTH, DIRECTION_INTERNAL, DIRECTION_UNSTATED };
const char *direction_name(enum direction direction);

enum family { FAMILY_ANY, FAMILY_BOTH, FAMILY_IPV4, FAMILY_IPV6 };
const char *family_name(enum family family);

enum address_kind { ADDRESS_OWN, ADDRESS_VIP, ADDRESS_NAT, ADDRESS_PROXY };
const char *address_kind_name(enum address_kind kind);

/* Every table of words by its kind, for the tests that compare MIB, schema and manual with them. Kinds: verdict reason
 * severity blame class presence scope basis direction family address-kind demand outcome path transition. The verdict
 * NONE has no word here: nobody may ask for it (its row's name is "none"). `words` is closed by NULL. */
struct word_table {
    const char *kind;         /* "verdict" */
    const char *const *words; /* by code; NULL entries are unused codes */
    size_t count;
};
const struct word_table *word_tables(void); /* closed by a row with kind NULL */
/* The index of `word` in the table of that kind, or -1. */
int word_find(const char *kind, const char *word);
/* All words of a kind, NULL-terminated, without holes; for hints. Empty for an unknown kind. */
const char *const *word_list(const char *kind);

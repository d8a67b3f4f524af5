/* The matrix: who must reach whom, as openings that a firewall between them has to make.
 *
 * Made from a plan alone: each expectation of each host, and each rule that a network or a placed external listens for,
 * meets everybody in the site who plays one of its callers. What the site does not say (a parameter without value, a
 * caller whom nobody plays, a service whose place is unknown) is never guessed: it becomes an open question.
 *
 * Not in it: ports for the host alone, reserved ones, dynamic ones that no peer calls, multicast, a host's calls to
 * itself, calls of externals among themselves, and loopback addresses.
 *
 * One opening is one way: source, destination, transport and one port range. The same way demanded by several rules is
 * one opening that names them all; neighbouring port numbers become one range where everything else is equal. Openings
 * are ordered by destination, source, transport and port, whatever the order of the files.
 */
#pragma once

#include "portconform/plan.h"
#include "portconform/text.h"

enum end_kind { END_ANYBODY, END_HOST, END_NETWORK, END_EXTERNAL, END_VANTAGE };
const char *end_kind_name(enum end_kind kind); /* "anybody" "host" "network" "external" "vantage" */

struct end_address {
    struct prefix prefix;   /* of full length for a single address; family AF_UNSPEC: a name */
    const char *name;       /* DNS name as written; NULL: an address */
    enum address_kind kind; /* OWN for what is no host's */
};

/* One side of an opening: those addresses of somebody that take part in it. The same end is the same pointer. */
struct opening_end {
    enum end_kind kind;
    const char *name;                    /* "anybody" for ANYBODY */
    const struct host *host;             /* of HOST, else NULL */
    size_t variant;                      /* tells several choices of one's addresses apart: 0, 1, ... */
    const struct end_address *addresses; /* none for ANYBODY */
    size_t address_count;
};

/* IP versions, as bits. */
enum { OPENING_IPV4 = 1, OPENING_IPV6 = 2 };

struct opening {
    const struct opening_end *source;
    const struct opening_end *destination;
    unsigned families; /* in which both ends have addresses and that the rule allows; a name may have either */
    struct port_range range;
    const struct rule *const *rules; /* by id, each once; at least one */
    size_t rule_count;
};

enum question_kind {
    QUESTION_PARAMETER, /* a parameter without value decides whether or where somebody listens */
    QUESTION_CONDITION, /* ... whether somebody calls */
    QUESTION_CALLER,    /* nobody of the site plays a caller */
    QUESTION_UNSAID,    /* the guide does not say who calls something outside */
    QUESTION_LISTENER,  /* an external component that is called has no place in `externals` */
    QUESTION_ADDRESS,   /* somebody has no address that fits */
    QUESTION_FAMILY,    /* two have no IP version in common */
    QUESTION_PORTS,     /* the numbers of somebody who is no host cannot be computed */
};

struct open_question {
    enum question_kind kind;
    const char *subject;      /* "browser of jp1-itdm"; a condition; a name */
    const char *const *names; /* whom it concerns: hosts, networks, externals; sorted */
    size_t name_count;
    const struct rule *const *rules; /* by id */
    size_t rule_count;
};

struct matrix {
    struct arena *arena;
    const struct plan *plan; /* borrowed: outlives the matrix */
    const struct host *host; /* as asked for; NULL: all */
    const struct opening *openings;
    size_t opening_count;
    const struct open_question *questions;
    size_t question_count;
};

struct matrix_options {
    const struct host *host;       /* only openings from or to it; NULL: all */
    bool inbound;                  /* with `host`: only those to it */
    const struct vantage *vantage; /* calls too, as what it acts as; NULL: none */
};

/* `plan` holds all hosts of the site. 0 or -ENOMEM. */
int matrix_build(const struct plan *plan, const struct matrix_options *options, struct matrix **ret);
void matrix_free(struct matrix *matrix); /* takes NULL */

/* "10.0.1.10", "10.20.0.0/16", "update.example.com"; without a zone, which no firewall rule has. Appends. */
void end_format_address(struct text *out, const struct end_address *address);
/* All of them with blanks between; nothing for anybody. Appends. */
void end_format_addresses(struct text *out, const struct opening_end *end);
/* "jp1-itdm/agent/1,jp1-itdm/agent/2#a": the ids of the rules. Appends. */
void rules_format(struct text *out, const struct rule *const *rules, size_t count);
/* "http", "http,https" where the rules differ; nothing where none states it. Appends. */
void opening_format_service(struct text *out, const struct opening *opening);
/* What the first rule that says so is about, in English; NULL: none says. */
const char *opening_about(const struct opening *opening);
/* "who plays browser of jp1-itdm? It calls mgr01 (jp1-itdm/manager-multi-management/1)". Appends. */
void question_format(struct text *out, const struct open_question *question);

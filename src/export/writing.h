/* What the exporters share: safe words, and openings cut into what one line of a firewall can say. */
#pragma once

#include "portconform/export.h"

extern const struct exporter export_nftables, export_windows, export_cisco_acl, export_csv, export_html;

/* --- words.c ----------------------------------------------------------------------------------------------------- */

/* Text that is not ours for a comment or a quoted string of any form: printable ASCII on one line, without quotation
 * marks but the single one, backslashes, '$', '|', ';' and braces, at most `max` columns (0: all). Appends. */
void words_add(struct text *out, const char *string, size_t max);
/* "pc0101 to mgr01: jp1-itdm/agent/1: The manager calls the agent here", as it is. Appends. */
void words_opening(struct text *out, const struct opening *opening);
/* "tcp 31000 from pc0101 to mgr01 (jp1-itdm/agent/1)" for a diagnostic. Appends. */
void words_way(struct text *out, const struct opening *opening);
/* Letters, digits, '-' and '_'; anything else becomes '_'. Appends. */
void words_identifier(struct text *out, const char *string);
/* Why a firewall's form has no rule for this opening, as comment lines that begin with `lead`: another one's lets it
 * through (`covered`), or the host's own firewall never sees it. False, and nothing added: it needs one. */
bool words_no_rule(struct text *out, const struct opening *opening, const struct opening *covered, bool own_chain,
                   const char *lead);
/* The open questions, each a comment line that begins with `lead`; nothing where there are none. Appends. */
void words_questions(struct text *out, const struct matrix *matrix, const char *lead);

/* --- legs.c ------------------------------------------------------------------------------------------------------ */

enum side_kind { SIDE_ANY, SIDE_ADDRESSES, SIDE_NAME };
struct side {
    enum side_kind kind;
    const struct end_address *const *items; /* of ADDRESSES: all of the leg's family */
    size_t count;
    const char *name; /* of NAME */
};

/* One line's worth of an opening: one IP version, and on each side anything, addresses, or one name. */
struct leg {
    const struct opening *opening;
    int family; /* AF_INET, AF_INET6; AF_UNSPEC: both, and anything on either side */
    struct side source, destination;
};
struct leg_list {
    const struct leg *items;
    size_t count;
};

/* Cuts an opening. `own_chain`: for the destination's own firewall, which need not ask for its own addresses unless the
 * rule is about some of them only. 0 or -ENOMEM. */
int legs_make(struct arena *arena, const struct opening *opening, bool own_chain, struct leg_list *ret);

/* Does the hardware's firmware answer here, so that the host's own firewall never sees the call? */
bool opening_is_outside_os(const struct opening *opening);

/* For each opening of a matrix, the other one that holds it wholly and has a rule, or NULL. NULL: out of memory. */
const struct opening *const *legs_covered(struct arena *arena, const struct matrix *matrix);

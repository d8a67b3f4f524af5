/* The port language: what `ports = "..."` may say.
 *
 *     ports     = item *( "," item )
 *     item      = [ transport ] ( "any" / "ephemeral" / expr [ ".." expr [ "/" step ] ] )
 *     transport = "tcp" / "udp" / "unstated"
 *
 * An item without a transport has that of the item before it; the first must name one. `expr` is an expression
 * (expression.h) of at least one operand; `step` a number from 1 to 65535. Examples: `tcp 31080`,
 * `tcp 40007+40*instance`, `udp 39500..39999`, `tcp 31007..31009, 31011, 31012`, `udp any`.
 *
 * Blanks around `..` are allowed. A "/" outside parentheses is the step, never a division. A step that does not meet
 * the end of its range is an error, and so is an empty range. Full-width digits, "80-90" and "80~90" are errors with a
 * hint. What depends on no parameter is checked when it is read: its ports, its range, its step, and that no item
 * stands twice.
 */
#pragma once

#include "portconform/address.h"
#include "portconform/diag.h"
#include "portconform/expression.h"
#include <stdint.h>

enum port_item_kind {
    PORT_ITEM_NUMBERS,   /* low..high/step; low == high for one number */
    PORT_ITEM_ANY,       /* nobody's listener: never an expectation */
    PORT_ITEM_EPHEMERAL, /* likewise, from the ephemeral range */
};

struct port_item {
    enum transport transport;
    enum port_item_kind kind;
    const struct expression *low; /* NULL unless NUMBERS */
    const struct expression *high;
    uint16_t step;    /* 1 where none is given */
    const char *text; /* as written, without blanks and transport: "40007+40*instance"; part of finding keys */
};

struct port_items {
    const struct port_item *items; /* owned by the arena */
    size_t count;
};

/* Parses `text`. `origin` is where its first character stands; errors are placed inside it. Returns 0; PC_ESYNTAX
 * with at least one diagnostic; PC_ERANGE with one for each item whose constants cannot be (*ret is untouched then
 * too); or -ENOMEM. */
int ports_parse(const char *text, struct origin origin, struct arena *arena, struct port_items *ret,
                struct diag_list *diags);

/* A resolved item: 1 <= low <= high <= 65535, (high - low) % step == 0. */
struct port_range {
    enum transport transport;
    uint16_t low;
    uint16_t high;
    uint16_t step;
};

bool port_range_contains(const struct port_range *range, uint16_t port);
unsigned port_range_count(const struct port_range *range);
/* "80", "39500..39999", "5517..5555/2" into a buffer of PORT_RANGE_TEXT octets; returns it. */
enum { PORT_RANGE_TEXT = 24 };
const char *port_range_format(const struct port_range *range, char *buffer, size_t size);

/* Resolves a NUMBERS item. 0; PC_EUNSET with *ret_unset the first parameter without value (borrowed); PC_ERANGE when a
 * port leaves 1..65535, the range is empty, or the step misses its end; -EOVERFLOW, -EDOM (division by zero). `why`
 * (may be NULL, DIAGNOSIS_TEXT octets) receives the reason with the values of the parameters that entered. */
enum { DIAGNOSIS_TEXT = 256 };
int port_item_resolve(const struct port_item *item, const struct scope_values *values, struct port_range *ret,
                      const char **ret_unset, char *why);

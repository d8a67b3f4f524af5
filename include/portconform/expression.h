/* Expressions over typed parameters: conditions (`when`, peers) and port arithmetic.
 *
 *     or    = and *( "||" and )
 *     and   = not *( "&&" not )
 *     not   = "!" not / cmp
 *     cmp   = sum [ ( "==" / "!=" / "<" / "<=" / ">" / ">=" ) sum ]
 *     sum   = term *( ( "+" / "-" ) term )
 *     term  = unary *( ( "*" / "/" / "%" ) unary )
 *     unary = [ "-" ] atom
 *     atom  = number / 'text' / name / "peer." name / "true" / "false" / "(" or ")"
 *
 * A text is at most EXPRESSION_TEXT_MAX octets long and nests at most EXPRESSION_NESTING_MAX deep, so that no guide can
 * exhaust the stack. A single number counts as an expression too.
 *
 * Types are checked when a guide is loaded (expression_check): `+` needs integers or ports, `==` two operands of one
 * type, and an enum is compared only with a value that it has. Arithmetic is 64 bit and checked. `&&` and `||` decide
 * as soon as one side does: an unset parameter on the other side does not matter.
 */
#pragma once

#include "portconform/arena.h"
#include "portconform/diag.h"
#include <stdbool.h>
#include <stdint.h>

enum value_type { VALUE_UNSET, VALUE_INT, VALUE_BOOL, VALUE_TEXT };

struct value {
    enum value_type type;
    int64_t number;   /* INT; BOOL as 0 or 1 */
    const char *text; /* TEXT (an enum's value), borrowed */
};

bool value_equal(const struct value *a, const struct value *b);
/* "multi", "3", "true", "?" for unset, into the buffer; returns it. */
const char *value_format(const struct value *value, char *buffer, size_t size);

enum { EXPRESSION_TEXT_MAX = 4096, EXPRESSION_NESTING_MAX = 64 };

struct expression; /* immutable, owned by the arena it was parsed into */

/* Words of the languages, which no parameter may be named: true, false, peer, tcp, udp, unstated, any, ephemeral. */
bool expression_reserved(const char *name);

/* Parses a whole condition or sum. 0, PC_ESYNTAX with one diagnostic, or -ENOMEM. Errors are placed at their column
 * inside `text`, which begins at `origin`. */
int expression_parse(const char *text, struct origin origin, struct arena *arena, const struct expression **ret,
                     struct diag_list *diags);
/* For the port language: parses a sum (no comparison), stops at the first character that cannot continue it, and
 * reports how many octets it took. A "/" outside parentheses is the step of a range there and never a division. */
int expression_parse_prefix(const char *text, struct origin origin, struct arena *arena, const struct expression **ret,
                            size_t *ret_used, struct diag_list *diags);

/* Where the values come from. `lookup` fills *ret (type UNSET where the parameter has no value) and returns 0, or
 * -ENOENT for an unknown name. `peer` is for names written as peer.NAME; NULL: there is none. */
struct scope_values {
    int (*lookup)(const void *context, const char *name, struct value *ret);
    const void *context;
    const struct scope_values *peer;
};

/* 0; PC_EUNSET with *ret_unset (borrowed from the expression; a peer's parameter without "peer."); -EOVERFLOW; -EDOM;
 * PC_ESEMANTIC for a type clash, an unknown name, or a peer where there is none. ret_unset may be NULL. */
int expression_eval(const struct expression *expression, const struct scope_values *values, struct value *ret,
                    const char **ret_unset);

/* What a parameter may hold, for the type check and for lint. */
struct parameter_type {
    enum value_type type;
    const char *const *values; /* the values of an enum, NULL-terminated; NULL for other types */
};
struct scope_types {
    /* 0 or -ENOENT; fills *ret */
    int (*lookup)(const void *context, const char *name, struct parameter_type *ret);
    const void *context;
    bool has_peer;            /* may peer.NAME be used here? (same names) */
    const char *const *names; /* all names, NULL-terminated, for hints */
};
/* Checks names, types and enum values; `wanted` is VALUE_BOOL for a condition, VALUE_INT for a port. 0 or PC_ESEMANTIC.
 */
int expression_check(const struct expression *expression, enum value_type wanted, const struct scope_types *types,
                     struct diag_list *diags);

/* Calls `visit` for each name that occurs (peer.NAME with is_peer), in order of appearance. */
void expression_names(const struct expression *expression, void (*visit)(void *context, const char *name, bool is_peer),
                      void *context);
/* Does the value depend on no parameter? */
bool expression_is_constant(const struct expression *expression);
/* The text as written, trimmed; borrowed. */
const char *expression_text(const struct expression *expression);

/* The tree that a configuration file becomes: values as libconfig read them, places as our lexer saw them.
 *
 * Nodes live in the scratch arena of a load; names and texts in the arena of the configuration, so that the model may
 * borrow them. */
#pragma once

#include "portconform/diag.h"
#include <stddef.h>
#include <stdint.h>

enum node_kind { NODE_GROUP, NODE_LIST, NODE_ARRAY, NODE_STRING, NODE_INT, NODE_BOOL };

struct node {
    enum node_kind kind;
    const char *name;          /* of a member of a group; NULL: an element of a list or array */
    struct origin name_origin; /* where the name stands; an element: as `origin` */
    struct origin origin;      /* where the value begins: its bracket, quotation mark or first digit */
    const char *text;          /* STRING */
    int64_t number;            /* INT; BOOL as 0 or 1 */
    struct node *first, *last; /* children, in the order of the file */
    struct node *next;
    size_t count;
};

/* "a group", "a list", "a number": as a message names it. */
const char *node_kind_text(enum node_kind kind);
/* The member of a group, or NULL. */
const struct node *node_member(const struct node *group, const char *name);
/* Where the first character inside the quotation marks of a string stands. */
struct origin node_inside(const struct node *string);

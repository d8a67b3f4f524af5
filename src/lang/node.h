/* The tree of an expression.
 *
 * A chain of operators of one level ("a + b - c") is one node with its operands as a list, so that the tree is only as
 * deep as parentheses nest, however long the text.
 */
#pragma once

#include "portconform/expression.h"

enum node_kind {
    NODE_NUMBER,
    NODE_BOOL,
    NODE_TEXT,
    NODE_NAME, /* text is the parameter; is_peer: written peer.NAME */
    NODE_NOT,
    NODE_NEGATE,
    NODE_OR,  /* the four below have two operands or more */
    NODE_AND, /* their operators stand in the operands' `op` */
    NODE_COMPARE,
    NODE_SUM,
    NODE_TERM,
};

enum node_op {
    OP_NONE, /* the first operand */
    OP_OR,
    OP_AND,
    OP_EQUAL,
    OP_UNEQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_REMAINDER,
};

struct node {
    enum node_kind kind;
    enum node_op op;    /* how this one joins the operands before it */
    struct node *next;  /* the next operand of the same parent */
    struct node *first; /* the operands */
    int64_t number;
    const char *text;
    bool is_peer;
    size_t offset; /* of its first octet in what was parsed */
};

struct expression {
    const struct node *root;
    const char *text;
    size_t offset;        /* of `text` in what was parsed */
    struct origin origin; /* of `text` */
    bool constant;
};

const char *node_op_text(enum node_op op);

/* The type check: what can be known about an expression before any parameter has a value. */
#include "cursor.h"
#include "node.h"
#include "portconform/error.h"
#include <stddef.h>
#include <string.h>

struct checker {
    const struct expression *expression;
    const struct scope_types *types;
    struct diag_list *diags;
    bool failed;
};

/* VALUE_UNSET as the type of a node: an error was told already, so nothing more is said about it. */
static struct parameter_type check_node(struct checker *checker, const struct node *node);

static const char *type_name(enum value_type type)
{
    switch (type) {
    case VALUE_UNSET:
        return "nothing";
    case VALUE_INT:
        return "a number";
    case VALUE_BOOL:
        return "true or false";
    case VALUE_TEXT:
        return "a text";
    }
    return "nothing";
}

static void __attribute__((format(printf, 4, 5)))
check_fail(struct checker *checker, const struct node *node, const char *hint, const char *format, ...)
{
    const struct expression *expression = checker->expression;
    const struct cursor cursor = {
        .text = expression->text, .length = strlen(expression->text), .origin = expression->origin};
    const struct origin origin = cursor_origin(&cursor, node->offset - expression->offset);
    va_list args;
    va_start(args, format);
    diag_vadd(checker->diags, DIAG_ERROR, origin, hint, format, args);
    va_end(args);
    checker->failed = true;
}

static bool list_has(const char *const *words, const char *word)
{
    for (; words && *words; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

static const char *peer_prefix(const struct node *node)
{
    return node->is_peer ? "peer." : "";
}

static struct parameter_type check_name(struct checker *checker, const struct node *node)
{
    struct parameter_type type = {.type = VALUE_UNSET};
    if (node->is_peer && !checker->types->has_peer) {
        check_fail(checker, node, "conditions of a peer stand in \"from\"", "\"peer.%s\": there is no peer here",
                   node->text);
        return type;
    }
    if (checker->types->lookup(checker->types->context, node->text, &type) == 0)
        return type;
    const char *nearest = pc_nearest(node->text, checker->types->names);
    if (nearest)
        check_fail(checker, node, NULL, "unknown parameter \"%s%s\"; did you mean \"%s\"?", peer_prefix(node),
                   node->text, nearest);
    else
        check_fail(checker, node, NULL, "unknown parameter \"%s%s\"", peer_prefix(node), node->text);
    return (struct parameter_type){.type = VALUE_UNSET};
}

/* Every operand of `node` must be of type `wanted`; so is the result. */
static void check_operands(struct checker *checker, const struct node *node, enum value_type wanted, const char *what)
{
    for (const struct node *operand = node->first; operand; operand = operand->next) {
        const struct parameter_type type = check_node(checker, operand);
        if (type.type != VALUE_UNSET && type.type != wanted)
            check_fail(checker, operand, NULL, "%s needs %s, and this is %s", what, type_name(wanted),
                       type_name(type.type));
    }
}

/* "single" without quotes where an enum that has the value stands on the other side. */
static bool check_bare_value(struct checker *checker, const struct node *node, const struct node *other)
{
    struct parameter_type type = {.type = VALUE_UNSET};
    struct parameter_type ignored;
    if (node->kind != NODE_NAME || node->is_peer || other->kind != NODE_NAME)
        return false;
    if (checker->types->lookup(checker->types->context, node->text, &ignored) == 0 ||
        checker->types->lookup(checker->types->context, other->text, &type) < 0 || !list_has(type.values, node->text))
        return false;
    check_fail(checker, node, "a value is written in single quotes", "\"%s\" is a value of \"%s\", not a parameter",
               node->text, other->text);
    return true;
}

static void check_enum_value(struct checker *checker, const struct node *literal, const struct node *other,
                             const struct parameter_type *type)
{
    if (literal->kind != NODE_TEXT || other->kind != NODE_NAME || !type->values ||
        list_has(type->values, literal->text))
        return;
    const char *nearest = pc_nearest(literal->text, type->values);
    if (nearest)
        check_fail(checker, literal, NULL, "\"%s%s\" has no value '%s'; did you mean '%s'?", peer_prefix(other),
                   other->text, literal->text, nearest);
    else
        check_fail(checker, literal, NULL, "\"%s%s\" has no value '%s'", peer_prefix(other), other->text,
                   literal->text);
}

static void check_compare(struct checker *checker, const struct node *node)
{
    const struct node *left_node = node->first;
    const struct node *right_node = left_node->next;
    const char *op = node_op_text(right_node->op);
    if (check_bare_value(checker, left_node, right_node) || check_bare_value(checker, right_node, left_node))
        return;
    const struct parameter_type left = check_node(checker, left_node);
    const struct parameter_type right = check_node(checker, right_node);
    if (left.type == VALUE_UNSET || right.type == VALUE_UNSET)
        return;
    const bool equality = right_node->op == OP_EQUAL || right_node->op == OP_UNEQUAL;
    if (!equality) {
        const struct node *wrong = left.type != VALUE_INT ? left_node : right_node;
        const enum value_type type = left.type != VALUE_INT ? left.type : right.type;
        if (type != VALUE_INT)
            check_fail(checker, wrong, NULL, "\"%s\" compares numbers, and this is %s", op, type_name(type));
        return;
    }
    if (left.type != right.type) {
        check_fail(checker, right_node, NULL, "\"%s\" compares %s with %s", op, type_name(left.type),
                   type_name(right.type));
        return;
    }
    check_enum_value(checker, right_node, left_node, &left);
    check_enum_value(checker, left_node, right_node, &right);
}

static struct parameter_type check_node(struct checker *checker, const struct node *node)
{
    switch (node->kind) {
    case NODE_NUMBER:
        return (struct parameter_type){.type = VALUE_INT};
    case NODE_BOOL:
        return (struct parameter_type){.type = VALUE_BOOL};
    case NODE_TEXT:
        return (struct parameter_type){.type = VALUE_TEXT};
    case NODE_NAME:
        return check_name(checker, node);
    case NODE_NOT:
        check_operands(checker, node, VALUE_BOOL, "\"!\"");
        return (struct parameter_type){.type = VALUE_BOOL};
    case NODE_OR:
    case NODE_AND:
        check_operands(checker, node, VALUE_BOOL, node->kind == NODE_OR ? "\"||\"" : "\"&&\"");
        return (struct parameter_type){.type = VALUE_BOOL};
    case NODE_COMPARE:
        check_compare(checker, node);
        return (struct parameter_type){.type = VALUE_BOOL};
    case NODE_NEGATE:
    case NODE_SUM:
    case NODE_TERM:
        check_operands(checker, node, VALUE_INT, "arithmetic");
        return (struct parameter_type){.type = VALUE_INT};
    }
    return (struct parameter_type){.type = VALUE_UNSET};
}

int expression_check(const struct expression *expression, enum value_type wanted, const struct scope_types *types,
                     struct diag_list *diags)
{
    struct checker checker = {.expression = expression, .types = types, .diags = diags};
    const struct parameter_type type = check_node(&checker, expression->root);
    if (type.type != VALUE_UNSET && type.type != wanted)
        check_fail(&checker, expression->root, NULL, "%s is needed here, and \"%s\" is %s", type_name(wanted),
                   expression->text, type_name(type.type));
    return checker.failed ? PC_ESEMANTIC : 0;
}

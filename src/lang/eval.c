/* Evaluation: checked 64-bit arithmetic, and three-valued logic where parameters have no value. */
#include "node.h"
#include "portconform/error.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_UNSET:
        return true;
    case VALUE_INT:
    case VALUE_BOOL:
        return a->number == b->number;
    case VALUE_TEXT:
        return strcmp(a->text, b->text) == 0;
    }
    return false;
}

const char *value_format(const struct value *value, char *buffer, size_t size)
{
    switch (value->type) {
    case VALUE_UNSET:
        snprintf(buffer, size, "?");
        break;
    case VALUE_INT:
        snprintf(buffer, size, "%" PRId64, value->number);
        break;
    case VALUE_BOOL:
        snprintf(buffer, size, "%s", value->number ? "true" : "false");
        break;
    case VALUE_TEXT:
        snprintf(buffer, size, "%s", value->text);
        break;
    }
    return buffer;
}

struct evaluation {
    const struct scope_values *values;
    const char *unset; /* the first parameter without value that was needed */
};

static int eval_node(struct evaluation *eval, const struct node *node, struct value *ret);

static struct value int_value(int64_t number)
{
    return (struct value){.type = VALUE_INT, .number = number};
}

static struct value bool_value(bool truth)
{
    return (struct value){.type = VALUE_BOOL, .number = truth};
}

static int eval_name(struct evaluation *eval, const struct node *node, struct value *ret)
{
    const struct scope_values *values = eval->values;
    if (values && node->is_peer)
        values = values->peer;
    if (!values || values->lookup(values->context, node->text, ret) < 0)
        return PC_ESEMANTIC;
    if (ret->type == VALUE_UNSET) {
        eval->unset = node->text;
        return PC_EUNSET;
    }
    return 0;
}

static int apply_arithmetic(enum node_op op, int64_t a, int64_t b, int64_t *ret)
{
    if (op == OP_ADD)
        return __builtin_add_overflow(a, b, ret) ? -EOVERFLOW : 0;
    if (op == OP_SUBTRACT)
        return __builtin_sub_overflow(a, b, ret) ? -EOVERFLOW : 0;
    if (op == OP_MULTIPLY)
        return __builtin_mul_overflow(a, b, ret) ? -EOVERFLOW : 0;
    if (b == 0)
        return -EDOM;
    if (a == INT64_MIN && b == -1)
        return -EOVERFLOW; /* the one division that leaves 64 bits */
    *ret = op == OP_DIVIDE ? a / b : a % b;
    return 0;
}

static int eval_arithmetic(struct evaluation *eval, const struct node *node, struct value *ret)
{
    int64_t sum = 0;
    for (const struct node *operand = node->first; operand; operand = operand->next) {
        struct value value = {0};
        int status = eval_node(eval, operand, &value);
        if (status < 0)
            return status;
        if (value.type != VALUE_INT)
            return PC_ESEMANTIC;
        if (operand->op == OP_NONE)
            sum = value.number;
        else if ((status = apply_arithmetic(operand->op, sum, value.number, &sum)) < 0)
            return status;
    }
    *ret = int_value(sum);
    return 0;
}

/* a < b: -1, a == b: 0, a > b: 1 */
static bool comparison_holds(enum node_op op, int order)
{
    switch (op) {
    case OP_EQUAL:
        return order == 0;
    case OP_UNEQUAL:
        return order != 0;
    case OP_LESS:
        return order < 0;
    case OP_LESS_EQUAL:
        return order <= 0;
    case OP_GREATER:
        return order > 0;
    case OP_GREATER_EQUAL:
        return order >= 0;
    case OP_NONE:
    case OP_OR:
    case OP_AND:
    case OP_ADD:
    case OP_SUBTRACT:
    case OP_MULTIPLY:
    case OP_DIVIDE:
    case OP_REMAINDER:
        break;
    }
    return false;
}

static int eval_compare(struct evaluation *eval, const struct node *node, struct value *ret)
{
    const struct node *right_node = node->first->next;
    struct value left = {0};
    struct value right = {0};
    int status = eval_node(eval, node->first, &left);
    if (status == 0)
        status = eval_node(eval, right_node, &right);
    if (status < 0)
        return status;
    const bool equality = right_node->op == OP_EQUAL || right_node->op == OP_UNEQUAL;
    if (left.type != right.type || (!equality && left.type != VALUE_INT))
        return PC_ESEMANTIC;
    int order = !value_equal(&left, &right);
    if (left.type == VALUE_INT)
        order = (left.number > right.number) - (left.number < right.number);
    *ret = bool_value(comparison_holds(right_node->op, order));
    return 0;
}

/* `decider` is the truth that settles the whole chain: true for ||, false for &&. An operand without value settles
 * nothing; it only matters when no other does. */
static int eval_logic(struct evaluation *eval, const struct node *node, bool decider, struct value *ret)
{
    const char *unset = NULL;
    for (const struct node *operand = node->first; operand; operand = operand->next) {
        struct value value = {0};
        const int status = eval_node(eval, operand, &value);
        if (status == PC_EUNSET) {
            unset = unset ? unset : eval->unset;
            continue;
        }
        if (status < 0)
            return status;
        if (value.type != VALUE_BOOL)
            return PC_ESEMANTIC;
        if ((value.number != 0) == decider) {
            *ret = value;
            return 0;
        }
    }
    if (unset) {
        eval->unset = unset;
        return PC_EUNSET;
    }
    *ret = bool_value(!decider);
    return 0;
}

static int eval_prefixed(struct evaluation *eval, const struct node *node, struct value *ret)
{
    struct value value = {0};
    const int status = eval_node(eval, node->first, &value);
    if (status < 0)
        return status;
    if (value.type != (node->kind == NODE_NOT ? VALUE_BOOL : VALUE_INT))
        return PC_ESEMANTIC;
    if (node->kind == NODE_NOT)
        value.number = !value.number;
    else if (__builtin_sub_overflow((int64_t)0, value.number, &value.number))
        return -EOVERFLOW;
    *ret = value;
    return 0;
}

static int eval_node(struct evaluation *eval, const struct node *node, struct value *ret)
{
    switch (node->kind) {
    case NODE_NUMBER:
        *ret = int_value(node->number);
        return 0;
    case NODE_BOOL:
        *ret = bool_value(node->number);
        return 0;
    case NODE_TEXT:
        *ret = (struct value){.type = VALUE_TEXT, .text = node->text};
        return 0;
    case NODE_NAME:
        return eval_name(eval, node, ret);
    case NODE_NOT:
    case NODE_NEGATE:
        return eval_prefixed(eval, node, ret);
    case NODE_OR:
        return eval_logic(eval, node, true, ret);
    case NODE_AND:
        return eval_logic(eval, node, false, ret);
    case NODE_COMPARE:
        return eval_compare(eval, node, ret);
    case NODE_SUM:
    case NODE_TERM:
        return eval_arithmetic(eval, node, ret);
    }
    return PC_ESEMANTIC;
}

int expression_eval(const struct expression *expression, const struct scope_values *values, struct value *ret,
                    const char **ret_unset)
{
    struct evaluation eval = {.values = values};
    struct value value = {0};
    const int status = eval_node(&eval, expression->root, &value);
    if (status == 0)
        *ret = value;
    else if (status == PC_EUNSET && ret_unset)
        *ret_unset = eval.unset;
    return status;
}

static void visit_names(const struct node *node, void (*visit)(void *context, const char *name, bool is_peer),
                        void *context)
{
    if (node->kind == NODE_NAME)
        visit(context, node->text, node->is_peer);
    for (const struct node *operand = node->first; operand; operand = operand->next)
        visit_names(operand, visit, context);
}

void expression_names(const struct expression *expression, void (*visit)(void *context, const char *name, bool is_peer),
                      void *context)
{
    visit_names(expression->root, visit, context);
}

bool expression_is_constant(const struct expression *expression)
{
    return expression->constant;
}

const char *expression_text(const struct expression *expression)
{
    return expression->text;
}

/* The expression parser: recursive descent over a table of operator levels. */
#include "cursor.h"
#include "node.h"
#include "portconform/error.h"
#include <errno.h>
#include <string.h>

struct parser {
    struct cursor cursor;
    struct arena *arena;
    unsigned depth;
    bool step_follows; /* port language: "/" outside parentheses ends the expression */
    bool constant;
};

enum level { LEVEL_OR, LEVEL_AND, LEVEL_NOT, LEVEL_COMPARE, LEVEL_SUM, LEVEL_TERM, LEVEL_UNARY };

struct joiner {
    const char *text;
    enum level level;
    enum node_op op;
};

static const struct joiner operators[] = {
    /* longer ones before those that they begin with */
    {"||", LEVEL_OR, OP_OR},
    {"&&", LEVEL_AND, OP_AND},
    {"==", LEVEL_COMPARE, OP_EQUAL},
    {"!=", LEVEL_COMPARE, OP_UNEQUAL},
    {"<=", LEVEL_COMPARE, OP_LESS_EQUAL},
    {">=", LEVEL_COMPARE, OP_GREATER_EQUAL},
    {"<", LEVEL_COMPARE, OP_LESS},
    {">", LEVEL_COMPARE, OP_GREATER},
    {"+", LEVEL_SUM, OP_ADD},
    {"-", LEVEL_SUM, OP_SUBTRACT},
    {"*", LEVEL_TERM, OP_MULTIPLY},
    {"/", LEVEL_TERM, OP_DIVIDE},
    {"%", LEVEL_TERM, OP_REMAINDER},
};

static const enum node_kind kinds[] = {
    [LEVEL_OR] = NODE_OR,   [LEVEL_AND] = NODE_AND,   [LEVEL_NOT] = NODE_NOT,      [LEVEL_COMPARE] = NODE_COMPARE,
    [LEVEL_SUM] = NODE_SUM, [LEVEL_TERM] = NODE_TERM, [LEVEL_UNARY] = NODE_NEGATE,
};

const char *node_op_text(enum node_op op)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (operators[i].op == op)
            return operators[i].text;
    return "";
}

static const char *const reserved[] = {"true", "false", "peer", "tcp", "udp", "unstated", "any", "ephemeral"};

bool expression_reserved(const char *name)
{
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (strcmp(name, reserved[i]) == 0)
            return true;
    return false;
}

static int parse_level(struct parser *parser, enum level level, struct node **ret);

static int node_new(struct parser *parser, enum node_kind kind, size_t at, struct node **ret)
{
    struct node *node = ARENA_NEW(parser->arena, struct node);
    if (!node)
        return -ENOMEM;
    node->kind = kind;
    node->offset = at;
    *ret = node;
    return 0;
}

static int parse_nested(struct parser *parser, enum level level, struct node **ret)
{
    if (parser->depth >= EXPRESSION_NESTING_MAX)
        return cursor_error(&parser->cursor, parser->cursor.at, NULL, "nested deeper than %d levels",
                            EXPRESSION_NESTING_MAX);
    parser->depth++;
    const int status = parse_level(parser, level, ret);
    parser->depth--;
    return status;
}

static int parse_number(struct parser *parser, struct node **ret)
{
    struct cursor *cursor = &parser->cursor;
    const size_t begin = cursor->at;
    int64_t number = 0;
    bool overflow = false;
    for (char c = cursor_peek(cursor); c >= '0' && c <= '9'; c = cursor_peek(cursor)) {
        overflow = overflow || __builtin_mul_overflow(number, (int64_t)10, &number) ||
                   __builtin_add_overflow(number, (int64_t)(c - '0'), &number);
        cursor->at++;
    }
    const int digits = (int)(cursor->at - begin);
    const char *text = cursor->text + begin;
    if (overflow)
        return cursor_error(cursor, begin, NULL, "%.*s is too large a number", digits, text);
    if (digits > 1 && text[0] == '0')
        return cursor_error(cursor, begin, "numbers are decimal and begin with another digit", "%.*s begins with 0",
                            digits, text);
    const size_t letters = cursor_name_length(cursor, cursor->at);
    if (letters || cursor_peek(cursor) == '_')
        return cursor_error(cursor, cursor->at, NULL, "letters right behind the number %.*s", digits, text);
    const int status = node_new(parser, NODE_NUMBER, begin, ret);
    if (status == 0)
        (*ret)->number = number;
    return status;
}

static int parse_text(struct parser *parser, struct node **ret)
{
    struct cursor *cursor = &parser->cursor;
    const size_t begin = cursor->at;
    const char *inside = cursor->text + begin + 1;
    const char *end = memchr(inside, '\'', cursor->length - begin - 1);
    if (!end)
        return cursor_error(cursor, begin, NULL, "this text has no closing '");
    const int status = node_new(parser, NODE_TEXT, begin, ret);
    if (status < 0)
        return status;
    (*ret)->text = arena_strndup(parser->arena, inside, (size_t)(end - inside));
    cursor->at = (size_t)(end - cursor->text) + 1;
    return (*ret)->text ? 0 : -ENOMEM;
}

static int parse_name(struct parser *parser, struct node **ret)
{
    struct cursor *cursor = &parser->cursor;
    const size_t begin = cursor->at;
    bool is_peer = false;
    if (cursor_take(cursor, "peer.")) {
        if (cursor_name_length(cursor, cursor->at) == 0)
            return cursor_unexpected(cursor, "a parameter behind \"peer.\"");
        is_peer = true;
    }
    const size_t length = cursor_name_length(cursor, cursor->at);
    const int status = node_new(parser, NODE_NAME, begin, ret);
    if (status < 0)
        return status;
    struct node *node = *ret;
    node->text = arena_strndup(parser->arena, cursor->text + cursor->at, length);
    if (!node->text)
        return -ENOMEM;
    const bool is_true = !is_peer && strcmp(node->text, "true") == 0;
    if (is_true || (!is_peer && strcmp(node->text, "false") == 0)) {
        node->kind = NODE_BOOL;
        node->number = is_true;
    } else if (expression_reserved(node->text)) {
        return cursor_error(cursor, begin, NULL, "\"%s\" is a word of the language and cannot stand here", node->text);
    } else {
        node->is_peer = is_peer;
        parser->constant = false;
    }
    cursor->at += length;
    return 0;
}

static int parse_parentheses(struct parser *parser, struct node **ret)
{
    struct cursor *cursor = &parser->cursor;
    const size_t begin = cursor->at++;
    const bool step_follows = parser->step_follows;
    parser->step_follows = false;
    const int status = parse_nested(parser, LEVEL_OR, ret);
    parser->step_follows = step_follows;
    if (status < 0)
        return status;
    cursor_skip_blanks(cursor);
    if (cursor->at >= cursor->length)
        return cursor_error(cursor, begin, NULL, "this parenthesis is not closed");
    return cursor_take(cursor, ")") ? 0 : cursor_unexpected(cursor, "an operator or \")\"");
}

static int parse_atom(struct parser *parser, struct node **ret)
{
    struct cursor *cursor = &parser->cursor;
    cursor_skip_blanks(cursor);
    const char c = cursor_peek(cursor);
    if (c >= '0' && c <= '9')
        return parse_number(parser, ret);
    if (c == '\'')
        return parse_text(parser, ret);
    if (c == '(')
        return parse_parentheses(parser, ret);
    if (cursor_name_length(cursor, cursor->at))
        return parse_name(parser, ret);
    return cursor_unexpected(cursor, "a number, a parameter or \"(\"");
}

/* "!" or "-" and what it applies to. */
static int parse_prefixed(struct parser *parser, enum level level, struct node **ret)
{
    const size_t begin = parser->cursor.at++;
    struct node *operand = NULL;
    int status = level == LEVEL_NOT ? parse_nested(parser, level, &operand) : parse_atom(parser, &operand);
    if (status == 0)
        status = node_new(parser, kinds[level], begin, ret);
    if (status == 0)
        (*ret)->first = operand;
    return status;
}

/* Is an operator of this level next? Then moves behind it. */
static enum node_op parse_operator(struct parser *parser, enum level level)
{
    struct cursor *cursor = &parser->cursor;
    cursor_skip_blanks(cursor);
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        const struct joiner *one = &operators[i];
        const bool is_step = one->op == OP_DIVIDE && parser->step_follows;
        if (one->level == level && !is_step && cursor_take(cursor, one->text))
            return one->op;
    }
    return OP_NONE;
}

static int parse_chain(struct parser *parser, enum level level, struct node **ret)
{
    cursor_skip_blanks(&parser->cursor);
    const size_t begin = parser->cursor.at;
    struct node *first = NULL;
    int status = parse_level(parser, level + 1, &first);
    if (status < 0)
        return status;
    struct node *last = first;
    for (;;) {
        const size_t end = parser->cursor.at;
        const enum node_op op = parse_operator(parser, level);
        if (op == OP_NONE) {
            parser->cursor.at = end; /* blanks behind an operand are not part of it */
            break;
        }
        if (level == LEVEL_COMPARE && first != last)
            return cursor_error(&parser->cursor, end, "join two comparisons with &&",
                                "a comparison has two sides, not three");
        status = parse_level(parser, level + 1, &last->next);
        if (status < 0)
            return status;
        last = last->next;
        last->op = op;
    }
    *ret = first;
    if (first == last)
        return 0;
    status = node_new(parser, kinds[level], begin, ret);
    if (status == 0)
        (*ret)->first = first;
    return status;
}

static int parse_level(struct parser *parser, enum level level, struct node **ret)
{
    cursor_skip_blanks(&parser->cursor);
    if (level == LEVEL_NOT) {
        if (cursor_peek(&parser->cursor) == '!')
            return parse_prefixed(parser, level, ret);
        return parse_level(parser, LEVEL_COMPARE, ret);
    }
    if (level == LEVEL_UNARY) {
        if (cursor_peek(&parser->cursor) == '-')
            return parse_prefixed(parser, level, ret);
        return parse_atom(parser, ret);
    }
    return parse_chain(parser, level, ret);
}

static int parser_start(struct parser *parser, const char *text, struct origin origin, struct arena *arena,
                        struct diag_list *diags)
{
    *parser = (struct parser){.arena = arena, .constant = true};
    parser->cursor = (struct cursor){
        .text = text, .length = strnlen(text, EXPRESSION_TEXT_MAX + 1), .origin = origin, .diags = diags};
    if (parser->cursor.length > EXPRESSION_TEXT_MAX)
        return cursor_error(&parser->cursor, 0, NULL, "longer than %d octets", EXPRESSION_TEXT_MAX);
    cursor_skip_blanks(&parser->cursor);
    return 0;
}

static int parser_finish(const struct parser *parser, const struct node *root, size_t begin,
                         const struct expression **ret)
{
    struct expression *expression = ARENA_NEW(parser->arena, struct expression);
    if (!expression)
        return -ENOMEM;
    expression->root = root;
    expression->constant = parser->constant;
    expression->offset = begin;
    expression->origin = cursor_origin(&parser->cursor, begin);
    expression->text = arena_strndup(parser->arena, parser->cursor.text + begin, parser->cursor.at - begin);
    if (!expression->text)
        return -ENOMEM;
    *ret = expression;
    return 0;
}

int expression_parse(const char *text, struct origin origin, struct arena *arena, const struct expression **ret,
                     struct diag_list *diags)
{
    struct parser parser;
    struct node *root = NULL;
    int status = parser_start(&parser, text, origin, arena, diags);
    if (status < 0)
        return status;
    const size_t begin = parser.cursor.at;
    status = parse_level(&parser, LEVEL_OR, &root);
    if (status < 0)
        return status;
    const struct parser end = parser;
    cursor_skip_blanks(&parser.cursor);
    if (parser.cursor.at < parser.cursor.length)
        return cursor_unexpected(&parser.cursor, "an operator");
    return parser_finish(&end, root, begin, ret);
}

int expression_parse_prefix(const char *text, struct origin origin, struct arena *arena, const struct expression **ret,
                            size_t *ret_used, struct diag_list *diags)
{
    struct parser parser;
    struct node *root = NULL;
    int status = parser_start(&parser, text, origin, arena, diags);
    if (status < 0)
        return status;
    parser.step_follows = true;
    const size_t begin = parser.cursor.at;
    status = parse_level(&parser, LEVEL_SUM, &root);
    if (status == 0)
        status = parser_finish(&parser, root, begin, ret);
    if (status == 0)
        *ret_used = parser.cursor.at;
    return status;
}

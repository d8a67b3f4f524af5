/* A recursive descent over libconfig's grammar; its depth is capped, so is the number of settings.
 *
 *     members = *( name "=" value [ ";" / "," ] )      list  = "(" [ value *( "," value ) ] ")"
 *     value   = scalar / group / list / array          array = "[" [ scalar *( "," scalar ) ] "]"
 *     group   = "{" members "}"                        scalar = integer / true / false / 1*string
 */
#include "syntax.h"

#include "lexer.h"
#include "portconform/error.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DESCRIPTION = 80 };

struct parser {
    struct lexer lexer;
    struct token token; /* the next one, not consumed */
    struct arena *scratch, *arena;
    struct diag_list *diags;
    size_t nodes;
    unsigned depth;
};

/* How each kind of bracket is spoken of. */
static const struct bracket {
    enum node_kind kind;
    enum token_kind open, close;
    char open_character, close_character;
} brackets[] = {
    {NODE_GROUP, TOKEN_GROUP_OPEN, TOKEN_GROUP_CLOSE, '{', '}'},
    {NODE_LIST, TOKEN_LIST_OPEN, TOKEN_LIST_CLOSE, '(', ')'},
    {NODE_ARRAY, TOKEN_ARRAY_OPEN, TOKEN_ARRAY_CLOSE, '[', ']'},
};

static int parse_value(struct parser *parser, struct node *node);

static void next(struct parser *parser)
{
    parser->token = lexer_next(&parser->lexer);
}

static bool is_closing(enum token_kind kind)
{
    return kind == TOKEN_GROUP_CLOSE || kind == TOKEN_LIST_CLOSE || kind == TOKEN_ARRAY_CLOSE;
}

/* One error a file: a token that is already bad was told by the lexer. */
static int unexpected(struct parser *parser, const char *wanted, const char *hint)
{
    char found[DESCRIPTION];
    if (parser->token.kind != TOKEN_BAD)
        diag_add(parser->diags, DIAG_ERROR, parser->token.origin, hint, "expected %s, found %s", wanted,
                 token_describe(&parser->token, found, sizeof(found)));
    return PC_ESYNTAX;
}

/* What stands where a bracket should close, or an element go on. */
static int unclosed(struct parser *parser, const struct bracket *bracket, struct origin opened, const char *wanted)
{
    char hint[DESCRIPTION];
    if (parser->token.kind == TOKEN_END) {
        diag_add(parser->diags, DIAG_ERROR, opened, NULL, "this '%c' is never closed", bracket->open_character);
        return PC_ESYNTAX;
    }
    if (is_closing(parser->token.kind)) {
        snprintf(hint, sizeof(hint), "the '%c' of line %u, column %u is still open", bracket->open_character,
                 opened.line, opened.column);
        diag_add(parser->diags, DIAG_ERROR, parser->token.origin, hint, "'%c' does not close '%c'", *parser->token.text,
                 bracket->open_character);
        return PC_ESYNTAX;
    }
    return unexpected(parser, wanted, NULL);
}

static int add_child(struct parser *parser, struct node *parent, struct node **ret)
{
    if (parser->nodes >= SYNTAX_NODE_MAX) {
        diag_add(parser->diags, DIAG_ERROR, parser->token.origin, NULL, "more than %d settings in one file",
                 SYNTAX_NODE_MAX);
        return PC_ESYNTAX;
    }
    struct node *node = ARENA_NEW(parser->scratch, struct node);
    if (!node)
        return -ENOMEM;
    node->origin = node->name_origin = parser->token.origin;
    parser->nodes++;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->count++;
    *ret = node;
    return 0;
}

/* The name of a member: new in its group, and not too many. */
static int parse_name(struct parser *parser, struct node *group, struct node **ret)
{
    const struct token *token = &parser->token;
    for (const struct node *other = group->first; other; other = other->next) {
        if (strlen(other->name) != token->length || memcmp(other->name, token->text, token->length) != 0)
            continue;
        char hint[DESCRIPTION];
        snprintf(hint, sizeof(hint), "it was given first in line %u, column %u", other->name_origin.line,
                 other->name_origin.column);
        diag_add(parser->diags, DIAG_ERROR, token->origin, hint, "'%s' is given twice", other->name);
        return PC_ESYNTAX;
    }
    if (group->count >= SYNTAX_MEMBER_MAX) {
        diag_add(parser->diags, DIAG_ERROR, token->origin, "what is many is a list of groups",
                 "more than %d names in one group", SYNTAX_MEMBER_MAX);
        return PC_ESYNTAX;
    }
    struct node *node;
    int result = add_child(parser, group, &node);
    if (result < 0)
        return result;
    node->name = arena_strndup(parser->arena, token->text, token->length);
    if (!node->name)
        return -ENOMEM;
    *ret = node;
    next(parser);
    return 0;
}

/* Members until `close` (or the end of the file for the root), which is left to the caller. */
static int parse_members(struct parser *parser, struct node *group)
{
    while (parser->token.kind == TOKEN_NAME) {
        struct node *node;
        int result = parse_name(parser, group, &node);
        if (result < 0)
            return result;
        if (parser->token.kind != TOKEN_EQUALS) {
            char wanted[DESCRIPTION];
            snprintf(wanted, sizeof(wanted), "'=' after '%.40s'", node->name);
            return unexpected(parser, wanted, NULL);
        }
        next(parser);
        result = parse_value(parser, node);
        if (result < 0)
            return result;
        if (parser->token.kind == TOKEN_SEMICOLON || parser->token.kind == TOKEN_COMMA) {
            next(parser);
        } else if (parser->token.kind != TOKEN_NAME && parser->token.kind != TOKEN_END &&
                   !is_closing(parser->token.kind)) {
            char wanted[DESCRIPTION];
            snprintf(wanted, sizeof(wanted), "';' after the value of '%.40s'", node->name);
            return unexpected(parser, wanted, NULL);
        }
    }
    return 0;
}

static int parse_elements(struct parser *parser, struct node *node, const struct bracket *bracket)
{
    while (parser->token.kind != bracket->close) {
        if (node->kind == NODE_ARRAY &&
            (parser->token.kind == TOKEN_GROUP_OPEN || parser->token.kind == TOKEN_LIST_OPEN ||
             parser->token.kind == TOKEN_ARRAY_OPEN)) {
            return unexpected(parser, "a plain value", "an array [...] holds plain values; a list (...) holds groups");
        }
        if (parser->token.kind == TOKEN_END || is_closing(parser->token.kind))
            return unclosed(parser, bracket, node->origin, "a value");
        struct node *element;
        int result = add_child(parser, node, &element);
        if (result == 0)
            result = parse_value(parser, element);
        if (result < 0)
            return result;
        if (node->kind == NODE_ARRAY && element->kind != node->first->kind) {
            diag_add(parser->diags, DIAG_ERROR, element->origin, NULL,
                     "the elements of an array have one type: %s does not go with %s", node_kind_text(element->kind),
                     node_kind_text(node->first->kind));
            return PC_ESYNTAX;
        }
        if (parser->token.kind == bracket->close)
            break;
        if (parser->token.kind != TOKEN_COMMA) {
            char wanted[DESCRIPTION];
            snprintf(wanted, sizeof(wanted), "',' or '%c'", bracket->close_character);
            return unclosed(parser, bracket, node->origin, wanted);
        }
        struct origin comma = parser->token.origin;
        next(parser);
        if (parser->token.kind == bracket->close) {
            diag_add(parser->diags, DIAG_ERROR, comma, "leave it out: libconfig allows none after the last element",
                     "a comma before '%c'", bracket->close_character);
            return PC_ESYNTAX;
        }
    }
    return 0;
}

static int parse_bracketed(struct parser *parser, struct node *node, const struct bracket *bracket)
{
    if (parser->depth >= SYNTAX_DEPTH_MAX) {
        diag_add(parser->diags, DIAG_ERROR, parser->token.origin, NULL, "brackets more than %d deep", SYNTAX_DEPTH_MAX);
        return PC_ESYNTAX;
    }
    parser->depth++;
    node->kind = bracket->kind;
    next(parser);
    int result = bracket->kind == NODE_GROUP ? parse_members(parser, node) : parse_elements(parser, node, bracket);
    if (result < 0)
        return result;
    if (parser->token.kind != bracket->close)
        return unclosed(parser, bracket, node->origin, "a name");
    parser->depth--;
    next(parser);
    return 0;
}

/* Strings that follow each other are one. */
static int parse_string(struct parser *parser, struct node *node)
{
    size_t length = 0;
    node->kind = NODE_STRING;
    for (; parser->token.kind == TOKEN_STRING; next(parser))
        length += parser->token.length;
    if (length <= SYNTAX_STRING_MAX)
        return 0;
    diag_add(parser->diags, DIAG_ERROR, node->origin, NULL, "a string of more than %d octets", SYNTAX_STRING_MAX);
    return PC_ESYNTAX;
}

static int parse_value(struct parser *parser, struct node *node)
{
    node->origin = parser->token.origin;
    if (!node->name)
        node->name_origin = node->origin;
    for (size_t i = 0; i < sizeof(brackets) / sizeof(brackets[0]); i++)
        if (parser->token.kind == brackets[i].open)
            return parse_bracketed(parser, node, &brackets[i]);
    if (parser->token.kind == TOKEN_STRING)
        return parse_string(parser, node);
    if (parser->token.kind != TOKEN_INT && parser->token.kind != TOKEN_BOOL)
        return unexpected(parser, "a value",
                          parser->token.kind == TOKEN_NAME ? "text stands in quotation marks" : NULL);
    node->kind = parser->token.kind == TOKEN_INT ? NODE_INT : NODE_BOOL;
    next(parser);
    return 0;
}

int syntax_parse(const char *octets, size_t length, const char *file, struct arena *scratch, struct arena *arena,
                 struct node **ret, struct diag_list *diags)
{
    struct parser parser = {.scratch = scratch, .arena = arena, .diags = diags};
    struct node *root = ARENA_NEW(scratch, struct node);
    if (!root)
        return -ENOMEM;
    root->kind = NODE_GROUP;
    root->origin = root->name_origin = (struct origin){file, 1, 1};
    lexer_init(&parser.lexer, octets, length, file, diags);
    next(&parser);
    int result = parse_members(&parser, root);
    if (result < 0)
        return result;
    if (parser.token.kind != TOKEN_END)
        return unexpected(&parser, "a name", NULL);
    *ret = root;
    return 0;
}

/* The parser of the port language. */
#include "portconform/ports.h"
#include "cursor.h"
#include "node.h"
#include "portconform/error.h"
#include "portconform/vector.h"
#include "range.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* An item, and its range where that depends on no parameter. */
struct parsed_item {
    struct port_item item;
    bool resolved;
    struct port_range range;
};

struct item_list {
    struct parsed_item *items;
    size_t count, capacity;
};

struct ports_parser {
    struct cursor cursor;
    struct arena *arena;
    struct item_list list;
    enum transport transport;
    bool has_transport;
    bool out_of_range; /* an item was well-formed, and its constants cannot be */
};

static const struct {
    const char *word;
    enum transport transport;
} transports[] = {{"tcp", TRANSPORT_TCP}, {"udp", TRANSPORT_UDP}, {"unstated", TRANSPORT_UNSTATED}};

static const struct {
    const char *word;
    enum port_item_kind kind;
} keywords[] = {{"any", PORT_ITEM_ANY}, {"ephemeral", PORT_ITEM_EPHEMERAL}};

static bool word_is(const struct cursor *cursor, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(cursor->text + cursor->at, word, length) == 0;
}

/* --- transport -------------------------------------------------------------------------------------------------- */

static int unknown_transport(const struct cursor *cursor, size_t length)
{
    static const char *const names[] = {"tcp", "udp", "unstated", NULL};
    char word[16];
    snprintf(word, sizeof(word), "%.*s", (int)length, cursor->text + cursor->at);
    const char *nearest = pc_nearest(word, names);
    if (nearest)
        return cursor_error(cursor, cursor->at, NULL, "unknown transport \"%.*s\"; did you mean \"%s\"?", (int)length,
                            cursor->text + cursor->at, nearest);
    return cursor_error(cursor, cursor->at, "a transport is tcp, udp or unstated", "unknown transport \"%.*s\"",
                        (int)length, cursor->text + cursor->at);
}

static int missing_transport(const struct cursor *cursor, size_t length)
{
    const char *word = cursor->text + cursor->at;
    const bool glued = length > 3 && (memcmp(word, "tcp", 3) == 0 || memcmp(word, "udp", 3) == 0);
    char cure[48];
    if (!glued)
        return cursor_error(cursor, cursor->at, "the transport comes first: tcp 80", "no transport");
    snprintf(cure, sizeof(cure), "write %.3s %.*s", word, length < 16 ? (int)length - 3 : 13, word + 3);
    return cursor_error(cursor, cursor->at, cure, "no blank behind the transport");
}

/* Does a number, a parameter or a keyword follow at offset `at`, with blanks before it? */
static bool operand_follows(const struct cursor *cursor, size_t at)
{
    struct cursor ahead = *cursor;
    ahead.at = at;
    cursor_skip_blanks(&ahead);
    const char c = cursor_peek(&ahead);
    return ahead.at > at && ((c >= '0' && c <= '9') || c == '(' || cursor_name_length(&ahead, ahead.at));
}

static int parse_transport(struct ports_parser *parser)
{
    struct cursor *cursor = &parser->cursor;
    const size_t length = cursor_name_length(cursor, cursor->at);
    for (size_t i = 0; length && i < sizeof(transports) / sizeof(transports[0]); i++) {
        if (!word_is(cursor, length, transports[i].word))
            continue;
        parser->transport = transports[i].transport;
        parser->has_transport = true;
        cursor->at += length;
        return 0;
    }
    if (length && operand_follows(cursor, cursor->at + length))
        return unknown_transport(cursor, length);
    if (parser->has_transport)
        return 0;
    const char c = cursor_peek(cursor);
    if (length == 0 && !(c >= '0' && c <= '9') && c != '(' && c != '-')
        return cursor_unexpected(cursor, "a transport (tcp, udp, unstated)");
    return missing_transport(cursor, length);
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

/* "80-90": a difference, to the letter; a range, to whoever wrote it. */
static bool looks_like_a_range(const struct expression *expression)
{
    const struct node *root = expression->root;
    if (root->kind != NODE_SUM || expression->text[0] == '(')
        return false;
    const struct node *left = root->first;
    const struct node *right = left->next;
    return !right->next && right->op == OP_SUBTRACT && left->kind == NODE_NUMBER && right->kind == NODE_NUMBER;
}

static int parse_end(struct ports_parser *parser, const struct expression **ret)
{
    struct cursor *cursor = &parser->cursor;
    cursor_skip_blanks(cursor);
    const size_t begin = cursor->at;
    size_t used = 0;
    const int status = expression_parse_prefix(cursor->text + begin, cursor_origin(cursor, begin), parser->arena, ret,
                                               &used, cursor->diags);
    if (status < 0)
        return status;
    cursor->at += used;
    if (!looks_like_a_range(*ret))
        return 0;
    const struct node *left = (*ret)->root->first;
    char cure[96];
    snprintf(cure, sizeof(cure), "a range is written %lld..%lld", (long long)left->number,
             (long long)left->next->number);
    return cursor_error(cursor, begin, cure, "\"%s\" is a difference, not a range", (*ret)->text);
}

static int parse_step(struct ports_parser *parser, uint16_t *ret)
{
    struct cursor *cursor = &parser->cursor;
    cursor_skip_blanks(cursor);
    const size_t begin = cursor->at;
    int64_t step = 0;
    for (char c = cursor_peek(cursor); c >= '0' && c <= '9'; c = cursor_peek(cursor)) {
        step = step > UINT16_MAX ? step : step * 10 + (c - '0');
        cursor->at++;
    }
    if (cursor->at == begin)
        return cursor_unexpected(cursor, "a step (a number)");
    if (step < 1 || step > UINT16_MAX)
        return cursor_error(cursor, begin, NULL, "a step is 1 to %d", UINT16_MAX);
    *ret = (uint16_t)step;
    return 0;
}

static int parse_high_end(struct ports_parser *parser, size_t dots, struct port_item *item)
{
    struct cursor *cursor = &parser->cursor;
    cursor_skip_blanks(cursor);
    const char c = cursor_peek(cursor);
    if (c == '\0' || c == ',' || c == '/')
        return cursor_error(cursor, dots, "a range has two ends: 80..90", "\"..\" without a last port");
    if (c == '.')
        return cursor_error(cursor, dots, "a range is written with two full stops: 80..90", "too many full stops");
    return parse_end(parser, &item->high);
}

static int parse_numbers(struct ports_parser *parser, struct port_item *item)
{
    struct cursor *cursor = &parser->cursor;
    size_t before = cursor->at;
    if (cursor_take(cursor, ".."))
        return cursor_error(cursor, before, "a range has two ends: 80..90", "\"..\" without a first port");
    int status = parse_end(parser, &item->low);
    if (status < 0)
        return status;
    item->high = item->low;
    cursor_skip_blanks(cursor);
    before = cursor->at;
    const bool is_range = cursor_take(cursor, "..");
    if (is_range)
        status = parse_high_end(parser, before, item);
    if (status < 0)
        return status;
    cursor_skip_blanks(cursor);
    before = cursor->at;
    if (!cursor_take(cursor, "/"))
        return 0;
    if (!is_range)
        return cursor_error(cursor, before,
                            "the transport comes first: tcp 80; a division stands in parentheses: (80/2)",
                            "a step needs a range before it");
    return parse_step(parser, &item->step);
}

/* --- what constants tell ---------------------------------------------------------------------------------------- */

/* Checks what can be checked before parameters have values, and resolves what is wholly known. */
static void check_constants(struct ports_parser *parser, size_t begin, struct parsed_item *parsed)
{
    const struct port_item *item = &parsed->item;
    char reason[DIAGNOSIS_TEXT];
    uint16_t port;
    int status = 0;
    if (item->kind != PORT_ITEM_NUMBERS)
        return;
    const bool low = expression_is_constant(item->low);
    const bool high = expression_is_constant(item->high);
    if (low && high)
        status = range_resolve(item, NULL, &parsed->range, NULL, reason);
    else if (low || high)
        status = range_eval_port(low ? item->low : item->high, NULL, &port, NULL, reason);
    parsed->resolved = low && high && status == 0;
    if (status == 0)
        return;
    parser->out_of_range = true;
    cursor_error(&parser->cursor, begin, NULL, "\"%s %s\": %s", transport_name(item->transport), item->text, reason);
}

static bool ranges_meet(const struct port_range *a, const struct port_range *b)
{
    if (a->low > b->high || b->low > a->high)
        return false;
    if (a->low == a->high)
        return port_range_contains(b, a->low);
    if (b->low == b->high)
        return port_range_contains(a, b->low);
    return a->step == 1 && b->step == 1;
}

/* An item that stands twice would give two findings of one key; one that only overlaps is told twice. */
static void check_earlier_items(struct ports_parser *parser, size_t begin, const struct parsed_item *parsed)
{
    const struct port_item *item = &parsed->item;
    for (size_t i = 0; i < parser->list.count; i++) {
        const struct parsed_item *other = &parser->list.items[i];
        if (other->item.transport != item->transport)
            continue;
        if (strcmp(other->item.text, item->text) == 0) {
            parser->out_of_range = true;
            cursor_error(&parser->cursor, begin, NULL, "\"%s %s\" stands twice", transport_name(item->transport),
                         item->text);
            return;
        }
        if (parsed->resolved && other->resolved && ranges_meet(&parsed->range, &other->range)) {
            diag_add(parser->cursor.diags, DIAG_WARNING, cursor_origin(&parser->cursor, begin), NULL,
                     "\"%s %s\" overlaps \"%s\" of the same list", transport_name(item->transport), item->text,
                     other->item.text);
            return;
        }
    }
}

/* --- items ------------------------------------------------------------------------------------------------------ */

/* What stands between two offsets, without blanks. */
static char *text_without_blanks(const struct ports_parser *parser, size_t begin, size_t end)
{
    char *text = arena_alloc(parser->arena, end - begin + 1);
    size_t length = 0;
    for (size_t i = begin; text && i < end; i++)
        if (!strchr(" \t\r\n", parser->cursor.text[i]))
            text[length++] = parser->cursor.text[i];
    return text;
}

/* Numbers or a keyword, behind the transport. */
static int parse_what(struct ports_parser *parser, struct port_item *item)
{
    struct cursor *cursor = &parser->cursor;
    const size_t length = cursor_name_length(cursor, cursor->at);
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (!word_is(cursor, length, keywords[i].word))
            continue;
        item->kind = keywords[i].kind;
        cursor->at += length;
        return 0;
    }
    return parse_numbers(parser, item);
}

static int parse_item(struct ports_parser *parser)
{
    struct cursor *cursor = &parser->cursor;
    struct parsed_item parsed = {.item.step = 1};
    cursor_skip_blanks(cursor);
    cursor_mark(cursor);
    const size_t item_begin = cursor->at;
    int status = parse_transport(parser);
    if (status < 0)
        return status;
    cursor_skip_blanks(cursor);
    const size_t begin = cursor->at;
    parsed.item.transport = parser->transport;
    status = parse_what(parser, &parsed.item);
    if (status < 0)
        return status;
    parsed.item.text = text_without_blanks(parser, begin, cursor->at);
    if (!parsed.item.text)
        return -ENOMEM;
    check_constants(parser, item_begin, &parsed);
    check_earlier_items(parser, item_begin, &parsed);
    struct parsed_item *slot = VECTOR_PUSH(&parser->list);
    if (!slot)
        return -ENOMEM;
    *slot = parsed;
    return 0;
}

static int parse_items(struct ports_parser *parser)
{
    struct cursor *cursor = &parser->cursor;
    for (;;) {
        const int status = parse_item(parser);
        if (status < 0)
            return status;
        cursor_skip_blanks(cursor);
        if (cursor->at >= cursor->length)
            return parser->out_of_range ? PC_ERANGE : 0;
        const char c = cursor_peek(cursor);
        if ((c >= '0' && c <= '9') || cursor_name_length(cursor, cursor->at))
            return cursor_error(cursor, cursor->at, "items are separated by a comma", "no comma between two items");
        if (!cursor_take(cursor, ","))
            return cursor_unexpected(cursor, "a comma or the end");
    }
}

static int keep_items(const struct item_list *list, struct arena *arena, struct port_items *ret)
{
    struct port_item *items = ARENA_ARRAY(arena, struct port_item, list->count);
    if (!items)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++)
        items[i] = list->items[i].item;
    *ret = (struct port_items){.items = items, .count = list->count};
    return 0;
}

int ports_parse(const char *text, struct origin origin, struct arena *arena, struct port_items *ret,
                struct diag_list *diags)
{
    struct ports_parser parser = {.arena = arena};
    parser.cursor = (struct cursor){
        .text = text, .length = strnlen(text, EXPRESSION_TEXT_MAX + 1), .origin = origin, .diags = diags};
    if (parser.cursor.length > EXPRESSION_TEXT_MAX)
        return cursor_error(&parser.cursor, 0, NULL, "longer than %d octets", EXPRESSION_TEXT_MAX);
    int status = parse_items(&parser);
    if (status == 0)
        status = keep_items(&parser.list, arena, ret);
    VECTOR_DONE(&parser.list);
    return status;
}

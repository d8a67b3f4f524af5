/* Words and punctuation with their places, and the refusal of what libconfig would misread. */
#include "lexer.h"

#include "encoding.h"
#include "portconform/number.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void lexer_init(struct lexer *lexer, const char *octets, size_t length, const char *file, struct diag_list *diags)
{
    *lexer = (struct lexer){.at = octets, .end = octets + length, .place = {file, 1, 1}, .diags = diags};
}

static void advance(struct lexer *lexer, size_t octets)
{
    for (const char *stop = lexer->at + octets; lexer->at < stop; lexer->at++) {
        if (*lexer->at == '\n') {
            lexer->place.line++;
            lexer->place.column = 1;
        } else if (((unsigned char)*lexer->at & 0xc0) != 0x80) {
            lexer->place.column++;
        }
    }
}

static char peek(const struct lexer *lexer, size_t ahead)
{
    return (size_t)(lexer->end - lexer->at) > ahead ? lexer->at[ahead] : '\0';
}

static struct token bad(struct origin origin)
{
    return (struct token){.kind = TOKEN_BAD, .origin = origin};
}

/* The caller sets the end by taking `length` octets from where the lexer stands. */
static struct token take(struct lexer *lexer, enum token_kind kind, size_t length)
{
    struct token token = {.kind = kind, .text = lexer->at, .length = length, .origin = lexer->place};
    advance(lexer, length);
    return token;
}

static size_t line_length(const struct lexer *lexer)
{
    const char *newline = memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at));
    return (size_t)((newline ? newline : lexer->end) - lexer->at);
}

/* False when a comment is not closed; it was told. */
static bool skip_blank(struct lexer *lexer)
{
    while (lexer->at < lexer->end) {
        char c = *lexer->at;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
            advance(lexer, 1);
        } else if (c == '#' || (c == '/' && peek(lexer, 1) == '/')) {
            advance(lexer, line_length(lexer));
        } else if (c == '/' && peek(lexer, 1) == '*') {
            struct origin opened = lexer->place;
            const char *from = lexer->at + 2;
            const char *close = memmem(from, (size_t)(lexer->end - from), "*/", 2);
            if (!close) {
                diag_add(lexer->diags, DIAG_ERROR, opened, "it ends with */", "this comment is never closed");
                return false;
            }
            advance(lexer, (size_t)(close + 2 - lexer->at));
        } else {
            return true;
        }
    }
    return true;
}

/* The escapes of libconfig 1.5; returns the octets after the backslash, or 0 when it knows no such escape. */
static size_t escape_length(const char *after, const char *end)
{
    if (after == end)
        return 0;
    if (*after && strchr("abfnrtv\\\"", *after))
        return 1;
    if (*after == 'x' && end - after > 2 && isxdigit((unsigned char)after[1]) && isxdigit((unsigned char)after[2]))
        return 3;
    return 0;
}

static bool escape_is_ascii(const char *after)
{
    return after[0] != 'x' || (after[1] >= '0' && after[1] <= '7' && (after[1] != '0' || after[2] != '0'));
}

static struct token lex_string(struct lexer *lexer)
{
    struct origin opened = lexer->place;
    const char *start = lexer->at;
    advance(lexer, 1);
    while (lexer->at < lexer->end && *lexer->at != '\n') {
        if (*lexer->at == '"') {
            advance(lexer, 1);
            return (struct token){TOKEN_STRING, start, (size_t)(lexer->at - start), opened};
        }
        if (*lexer->at != '\\') {
            advance(lexer, 1);
            continue;
        }
        size_t length = escape_length(lexer->at + 1, lexer->end);
        if (length == 0) {
            diag_add(lexer->diags, DIAG_ERROR, lexer->place, "a backslash itself is written \\\\",
                     "a backslash that begins no known escape");
            return bad(lexer->place);
        }
        if (!escape_is_ascii(lexer->at + 1)) {
            diag_add(lexer->diags, DIAG_ERROR, lexer->place, "write the character itself",
                     "the escape \\%.3s is outside \\x01..\\x7f", lexer->at + 1);
            return bad(lexer->place);
        }
        advance(lexer, length + 1);
    }
    diag_add(lexer->diags, DIAG_ERROR, opened, "strings that follow each other are joined: \"one \" \"two\"",
             "this string is not closed on its line");
    return bad(opened);
}

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '*';
}

static bool is_name_part(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

static struct token lex_name(struct lexer *lexer)
{
    size_t length = 1;
    while (is_name_part(peek(lexer, length)))
        length++;
    if (peek(lexer, length) == '/' && peek(lexer, length + 1) != '/' && peek(lexer, length + 1) != '*') {
        diag_add(lexer->diags, DIAG_ERROR, lexer->place,
                 "what is keyed by a rule, host or guide is a list of groups: ( { rule = \"a/b\"; } )",
                 "a name cannot hold '/'");
        return bad(lexer->place);
    }
    bool is_bool = (length == 4 && strncasecmp(lexer->at, "true", 4) == 0) ||
                   (length == 5 && strncasecmp(lexer->at, "false", 5) == 0);
    return take(lexer, is_bool ? TOKEN_BOOL : TOKEN_NAME, length);
}

static struct token lex_number(struct lexer *lexer)
{
    char sign = peek(lexer, 0);
    size_t length = sign == '-' || sign == '+' ? 1 : 0;
    bool hexadecimal = length == 0 && sign == '0' && (peek(lexer, 1) == 'x' || peek(lexer, 1) == 'X');
    if (hexadecimal)
        length = 2;
    size_t first = length;
    while (hexadecimal ? isxdigit((unsigned char)peek(lexer, length)) : isdigit((unsigned char)peek(lexer, length)))
        length++;
    char next = peek(lexer, length);
    struct origin origin = lexer->place;
    if (next == '.' || (!hexadecimal && (next == 'e' || next == 'E') && length > first &&
                        isdigit((unsigned char)peek(lexer, length + 1)))) {
        diag_add(lexer->diags, DIAG_ERROR, origin, NULL, "a number with a fraction or an exponent has no place here");
        return bad(origin);
    }
    if (length > first && (next == 'L' || next == 'l') && !is_name_part(peek(lexer, length + 1))) {
        diag_add(lexer->diags, DIAG_ERROR, origin, "leave the L out", "a number with a suffix");
        return bad(origin);
    }
    if (length == first || is_name_part(next)) {
        diag_add(lexer->diags, DIAG_ERROR, origin, "text stands in quotation marks",
                 "this is no number, and a name cannot begin with a digit or sign");
        return bad(origin);
    }
    char digits[32];
    int64_t value;
    bool fits = length < sizeof(digits);
    if (fits && hexadecimal) {
        fits = length - first <= 8 && (length - first < 8 || peek(lexer, first) <= '7');
    } else if (fits) {
        memcpy(digits, lexer->at, length);
        digits[length] = '\0';
        const char *unsigned_digits = digits[0] == '+' ? digits + 1 : digits;
        fits = number_parse(unsigned_digits, INT32_MIN, INT32_MAX, &value) == 0;
    }
    if (!fits) {
        diag_add(lexer->diags, DIAG_ERROR, origin, NULL, "the number %.*s%s is beyond 32 bits",
                 (int)(length < 40 ? length : 40), lexer->at, length < 40 ? "" : "...");
        return bad(origin);
    }
    return take(lexer, TOKEN_INT, length);
}

/* Japanese input methods, word processors and mail programs leave these behind. */
static struct token lex_foreign(struct lexer *lexer)
{
    unsigned codepoint;
    struct origin origin = lexer->place;
    size_t length = encoding_decode(lexer->at, &codepoint);
    char hint[64];
    const char *what = "a character that belongs inside a string";
    snprintf(hint, sizeof(hint), "text stands in quotation marks");
    if (codepoint >= 0xff01 && codepoint <= 0xff5e) {
        what = "a full-width character outside a string";
        snprintf(hint, sizeof(hint), "write '%c'", (char)(codepoint - 0xfee0));
    } else if (codepoint == 0x3000 || codepoint == 0xa0) {
        what = "a blank that is not a plain one";
        snprintf(hint, sizeof(hint), "write a plain blank");
    } else if ((codepoint >= 0x2018 && codepoint <= 0x201f) || codepoint == 0xab || codepoint == 0xbb) {
        what = "a typographic quotation mark";
        snprintf(hint, sizeof(hint), "write '\"'");
    }
    diag_add(lexer->diags, DIAG_ERROR, origin, hint, "%s: %.*s (U+%04X)", what, (int)length, lexer->at, codepoint);
    return bad(origin);
}

static const struct {
    char character;
    enum token_kind kind;
} punctuation[] = {
    {'=', TOKEN_EQUALS},     {':', TOKEN_EQUALS},      {',', TOKEN_COMMA},     {';', TOKEN_SEMICOLON},
    {'{', TOKEN_GROUP_OPEN}, {'}', TOKEN_GROUP_CLOSE}, {'(', TOKEN_LIST_OPEN}, {')', TOKEN_LIST_CLOSE},
    {'[', TOKEN_ARRAY_OPEN}, {']', TOKEN_ARRAY_CLOSE},
};

struct token lexer_next(struct lexer *lexer)
{
    if (!skip_blank(lexer))
        return bad(lexer->place);
    if (lexer->at == lexer->end)
        return take(lexer, TOKEN_END, 0);
    char c = *lexer->at;
    for (size_t i = 0; i < sizeof(punctuation) / sizeof(punctuation[0]); i++)
        if (punctuation[i].character == c)
            return take(lexer, punctuation[i].kind, 1);
    if (c == '"')
        return lex_string(lexer);
    if (is_name_start(c))
        return lex_name(lexer);
    if (isdigit((unsigned char)c) || c == '-' || c == '+' || (c == '.' && isdigit((unsigned char)peek(lexer, 1))))
        return lex_number(lexer);
    if ((unsigned char)c >= 0x80)
        return lex_foreign(lexer);
    struct origin origin = lexer->place;
    if (c == '@')
        diag_add(lexer->diags, DIAG_ERROR, origin, "a guide may be a folder of files, and each host has its own file",
                 "@include is not allowed");
    else if (c == '\'')
        diag_add(lexer->diags, DIAG_ERROR, origin, "write '\"'", "strings stand in double quotation marks");
    else
        diag_add(lexer->diags, DIAG_ERROR, origin, NULL, "'%c' has no meaning outside a string", c);
    return bad(origin);
}

static const char *const fixed_texts[] = {
    [TOKEN_END] = "the end of the file", [TOKEN_STRING] = "a string",    [TOKEN_COMMA] = "','",
    [TOKEN_SEMICOLON] = "';'",           [TOKEN_GROUP_OPEN] = "'{'",     [TOKEN_GROUP_CLOSE] = "'}'",
    [TOKEN_LIST_OPEN] = "'('",           [TOKEN_LIST_CLOSE] = "')'",     [TOKEN_ARRAY_OPEN] = "'['",
    [TOKEN_ARRAY_CLOSE] = "']'",         [TOKEN_BAD] = "something else",
};

const char *token_describe(const struct token *token, char *buffer, size_t size)
{
    int length = (int)(token->length < 40 ? token->length : 40);
    const char *fixed = token->kind < sizeof(fixed_texts) / sizeof(fixed_texts[0]) ? fixed_texts[token->kind] : NULL;
    if (fixed)
        snprintf(buffer, size, "%s", fixed);
    else if (token->kind == TOKEN_NAME)
        snprintf(buffer, size, "the name '%.*s'", length, token->text);
    else
        snprintf(buffer, size, "'%.*s'", length, token->text);
    return buffer;
}

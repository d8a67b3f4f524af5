/* The lexer that runs before libconfig: the same words as libconfig 1.5's, minus what we do not allow, plus places.
 *
 * Not allowed: @include, numbers with a fraction, an L suffix or beyond 32 bits, strings over several lines, escapes
 * that libconfig does not know, \x00 and escapes beyond ASCII. */
#pragma once

#include "portconform/diag.h"
#include <stdint.h>

enum token_kind {
    TOKEN_END, /* of the file */
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_INT,
    TOKEN_BOOL,
    TOKEN_EQUALS, /* '=' or ':' */
    TOKEN_COMMA,
    TOKEN_SEMICOLON,
    TOKEN_GROUP_OPEN,
    TOKEN_GROUP_CLOSE,
    TOKEN_LIST_OPEN,
    TOKEN_LIST_CLOSE,
    TOKEN_ARRAY_OPEN,
    TOKEN_ARRAY_CLOSE,
    TOKEN_BAD, /* already told in a diagnostic */
};

struct token {
    enum token_kind kind;
    const char *text; /* within the file's octets */
    size_t length;
    struct origin origin;
};

struct lexer {
    const char *at, *end;
    struct origin place; /* of `at` */
    struct diag_list *diags;
};

/* `octets` passed encoding_check and outlive the lexer and its tokens; so does `file`. */
void lexer_init(struct lexer *lexer, const char *octets, size_t length, const char *file, struct diag_list *diags);
struct token lexer_next(struct lexer *lexer);
/* "the name 'rules'", "','", "the end of the file": into the buffer; returns it. */
const char *token_describe(const struct token *token, char *buffer, size_t size);

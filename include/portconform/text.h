/* Text: a growing buffer, and the one function by which octets from the network become text. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Always NUL-terminated once something was added. After a failed allocation the buffer stays as it was and `failed` is
 * set, so that a writer may add a hundred times and ask once. */
struct text {
    char *data;
    size_t length;
    size_t capacity;
    bool failed;
};

void text_done(struct text *text);
void text_clear(struct text *text); /* keeps the memory */
void text_add(struct text *text, const char *string);
void text_add_n(struct text *text, const char *string, size_t length);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
const char *text_string(const struct text *text); /* "" when empty */

/* How octets that are not ours are written. In every style, control characters, DEL, C1 controls, Unicode line and
 * paragraph separators, bidirectional controls and malformed UTF-8 become \n \r \t or \xHH. */
enum escape_style {
    ESCAPE_TEXT,   /* for people: UTF-8 letters stay */
    ESCAPE_PLUGIN, /* for the plugin's output: also '|' becomes '/' */
    ESCAPE_ASCII,  /* also everything beyond ASCII becomes \xHH */
    ESCAPE_WORD,   /* also blanks and the backslash become \xHH: one word, which text_unescape gives back */
};

/* Adds `length` octets escaped; at most `max` columns of it (0: all), ending in "..." where cut. */
void text_escape(struct text *text, const void *octets, size_t length, enum escape_style style, size_t max);
void text_escape_string(struct text *text, const char *string, enum escape_style style);

/* Undoes ESCAPE_WORD: \xHH, \n, \r and \t become octets again. -EINVAL for another use of the backslash and for \x00;
 * `text` then holds what came before. */
int text_unescape(struct text *text, const char *string, size_t length);

/* The Unicode character that begins at `octets`, and in *ret_length how many octets it has. UINT32_MAX where what
 * begins there is not well-formed UTF-8 (RFC 3629), with a length of 1. `length` must not be 0. */
uint32_t text_utf8_decode(const void *octets, size_t length, size_t *ret_length);
/* How many characters `length` octets of UTF-8 are; a malformed octet counts one. For columns of diagnostics. */
size_t text_utf8_count(const void *octets, size_t length);

/* Columns on a terminal (East Asian wide characters are two), by wcwidth() in the process's LC_CTYPE; malformed input
 * counts an octet a column. */
size_t text_columns(const char *string);
/* Adds `string` and blanks up to `columns`. */
void text_add_padded(struct text *text, const char *string, size_t columns);

/* Is `length` octets of `octets` well-formed UTF-8 (RFC 3629)? *ret_bad is the offset of the first bad octet. */
bool text_utf8_valid(const void *octets, size_t length, size_t *ret_bad);

/* Are both NULL, or the same word? */
bool text_equal(const char *a, const char *b);

/* "1,204,000" */
void text_add_grouped(struct text *text, uint64_t number);

/* "1 port", "3 ports": the English plural by a final s. */
void text_add_count(struct text *text, size_t count, const char *noun);

/* Lines that fit a terminal: broken between words, what follows stands under the first line's words. Sequences that set
 * colours take no room. */
#include "server.h"

#include <string.h>

struct wrapping {
    struct text *out;
    unsigned columns, indent;
    size_t at;  /* columns of the line that are taken */
    bool begun; /* the line has a word */
};

/* Where the word ends that begins here; a sequence belongs to it. */
static size_t word_length(const char *at)
{
    return strcspn(at, " \n");
}

static size_t blanks_length(const char *at)
{
    return strspn(at, " ");
}

static size_t columns_of(const char *word, size_t length)
{
    struct text plain = {0};
    for (size_t i = 0; i < length; i++) {
        if (word[i] == '\033')
            i += strcspn(word + i, "m");
        else
            text_add_n(&plain, word + i, 1);
    }
    size_t columns = text_columns(text_string(&plain));
    text_done(&plain);
    return columns;
}

static void add_word(struct wrapping *wrapping, size_t blanks, const char *word, size_t length)
{
    size_t width = columns_of(word, length);
    if (wrapping->begun && wrapping->at + blanks + width > wrapping->columns) {
        text_add(wrapping->out, "\n");
        wrapping->at = 0;
        blanks = wrapping->indent;
    }
    text_printf(wrapping->out, "%*s", (int)blanks, "");
    text_add_n(wrapping->out, word, length);
    wrapping->at += blanks + width;
    wrapping->begun = wrapping->begun || wrapping->at > wrapping->indent;
}

void add_wrapped(struct text *out, const char *lines, unsigned indent, unsigned columns)
{
    struct wrapping wrapping = {.out = out, .columns = columns, .indent = indent};
    if (columns <= 2 * indent) { /* not a terminal, or one that nothing fits */
        text_add(out, lines);
        return;
    }
    for (const char *at = lines; *at != '\0';) {
        if (*at == '\n') {
            text_add(out, "\n");
            wrapping.at = 0;
            wrapping.begun = false;
            at++;
            continue;
        }
        size_t blanks = blanks_length(at), length = word_length(at + blanks);
        if (length > 0)
            add_word(&wrapping, blanks, at + blanks, length);
        at += blanks + length;
    }
}

/* One configuration file, from the disk to a tree of nodes. The only caller of libconfig. */
#pragma once

#include "fingerprint.h"
#include "node.h"
#include "portconform/arena.h"

struct document_reader {
    struct arena *scratch; /* nodes */
    struct arena *arena;   /* names, texts and file names */
    struct diag_list *diags;
    struct fingerprint fingerprint; /* of every octet read so far */
    size_t file_count;
    int (*read)(void *context, const char *path, size_t most, char **ret, size_t *ret_length); /* NULL: file_read() */
    void *read_context;
};

/* Reads `path` once and whole. 0 with *ret the root group, or a negative code with a diagnostic. */
int document_read(struct document_reader *reader, const char *path, struct node **ret);
/* As above, from octets already read; `file` is copied. */
int document_parse(struct document_reader *reader, const char *octets, size_t length, const char *file,
                   struct node **ret);

/* Loading: files to a configuration, or to diagnostics that name every mistake with file:line:column.
 *
 * All files are read once, whole and capped; a lexer of ours runs over the octets before libconfig sees them, because
 * libconfig 1.5 exits on `@include` of a directory and wraps integers silently. One syntax error a file, every semantic
 * error of all files.
 */
#pragma once

#include "portconform/config.h"

enum { CONFIG_FILE_MAX = 8 << 20 }; /* octets a file */

struct load_options {
    const char *path;              /* -C: site.conf, or the folder that holds it */
    const char *const *guide_dirs; /* -G, NULL-terminated; may be NULL. Then: the site's folder's guides/, the installed
                                      data folder, the source tree's conf/guides */
    const char *host;              /* -H: read that host's file alone where this suffices; NULL: all */
    const char *machine_name;      /* gethostname(2): with `host`, read this machine's own file too; may be NULL */
    int64_t wall_ms;               /* for waivers and phases that end */
    size_t *file_count;            /* receives how many files were read, also on failure; may be NULL */
    /* Reads a file whole, as file_read() does, in its place: so that somebody else can keep the octets, or give those
     * that he has kept. NULL: file_read(). */
    int (*read)(void *context, const char *path, size_t most, char **ret, size_t *ret_length);
    void *read_context;
};

/* 0 with *ret owned by the caller, or a negative code with at least one DIAG_ERROR in `diags`, and *ret as it was.
 * Warnings come with both. `diags` may be NULL. With `host`, that host's file, this machine's and those of the vantages
 * that are hosts are read; all, where there is no file of that name or a guide's callers have conditions. */
int config_load(const struct load_options *options, struct config **ret, struct diag_list *diags);

/* Guides alone: every guide named, or all that the search path holds when `ids` is NULL or empty. `options->path` may
 * be NULL: then there is no site's folder. */
int config_load_guides(const struct load_options *options, const char *const *ids, struct config **ret,
                       struct diag_list *diags);

/* The schema tables as text for the manual. Each section begins with a line whose `name` is empty; then one line an
 * item. `range` and `initial` may be empty; `initial` is "required" for what must be given. */
void config_describe(void (*line)(void *context, const char *section, const char *name, const char *type,
                                  const char *range, const char *initial, const char *doc),
                     void *context);

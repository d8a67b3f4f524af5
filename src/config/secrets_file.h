/* A file of secrets: who may read it, and what stands in it.
 *
 *     # NAME   KIND        SECRET
 *     branch   community   s3cret
 *     monitor  auth        "a pass phrase with blanks"
 *     monitor  priv        another-phrase
 *     default  radius      what-the-server-has-for-us
 */
#pragma once

#include "portconform/diag.h"
#include "portconform/secrets.h"

enum secret_kind { SECRET_COMMUNITY, SECRET_AUTH, SECRET_PRIV, SECRET_RADIUS, SECRET_KINDS };
const char *secret_kind_name(enum secret_kind kind); /* "community" */

struct secret_entry {
    struct secret_entry *next;
    const char *name;
    enum secret_kind kind;
    const char *secret;
    unsigned line;
};

struct secrets_file {
    struct secrets_file *next;
    const char *path;
    bool unreadable; /* by us: told as a warning */
    bool broken;     /* told as errors */
    struct secret_entry *entries;
};

/* Reads `path`; what is wrong is told, never with a word of the file's. Names go to `arena`. `wanted` is where the
 * configuration names the file. 0 or -ENOMEM */
struct arena;
int secrets_file_read(const char *path, struct origin wanted, struct arena *arena, struct secrets *secrets,
                      struct diag_list *diags, struct secrets_file *ret);
/* NULL: it is not there */
const struct secret_entry *secrets_file_find(const struct secrets_file *file, const char *name, enum secret_kind kind);

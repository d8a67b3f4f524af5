/* Secrets: communities, pass phrases and shared secrets, in pages of their own that no core dump holds and that are
 * wiped when they are given back. They are in no output, no log, no hash of the configuration and no argument of a
 * program. */
#pragma once

#include <stddef.h>

struct secrets;

struct secrets *secrets_new(void);          /* NULL: out of memory */
void secrets_free(struct secrets *secrets); /* takes NULL */
/* A copy, with a NUL behind; NULL: out of memory, or longer than SECRET_MAX. */
enum { SECRET_MAX = 255 };
const char *secrets_keep(struct secrets *secrets, const char *octets, size_t length);

/* The shape of a file: brackets, names and commas, checked by ourselves so that a mistake is told well, and the places
 * of all settings. The values are filled in by document.c from what libconfig read. */
#pragma once

#include "node.h"
#include "portconform/arena.h"

enum {
    SYNTAX_DEPTH_MAX = 32,   /* brackets inside brackets */
    SYNTAX_NODE_MAX = 50000, /* settings and elements of a file: libconfig 1.5 is quadratic, and crashes on millions */
    SYNTAX_STRING_MAX = 16384, /* octets of one string: ports in it are compared with each other */
    SYNTAX_MEMBER_MAX = 256,   /* names in one group: libconfig 1.5 compares each with all */
};

/* 0 with *ret the root group (in `scratch`), PC_ESYNTAX with one diagnostic, or -ENOMEM. The octets passed
 * encoding_check; names go to `arena`. */
int syntax_parse(const char *octets, size_t length, const char *file, struct arena *scratch, struct arena *arena,
                 struct node **ret, struct diag_list *diags);

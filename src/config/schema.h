/* The schema: const tables that say which settings exist, of what type, in which bounds, with which default.
 *
 * One row is the only place that knows a setting: the check of files, the hints, the manual (config_describe) and the
 * tests of bounds all read it. Checking a group against its section fills a struct of `struct field`, one a row, at the
 * row's offset; what belongs together across rows is left to whoever builds the model from it. */
#pragma once

#include "node.h"
#include <stdbool.h>

enum cfg_type {
    CFG_TEXT, /* a string that is not empty */
    CFG_NAME, /* a string of letters, digits and . _ - that begins with a letter or digit */
    CFG_INT,  /* within min..max */
    CFG_BOOL,
    CFG_WORD,              /* a string out of `words` or of the word table `kind` */
    CFG_SCALAR,            /* a string, number or truth value */
    CFG_PORTS,             /* a string in the port language */
    CFG_CONDITION,         /* a string that holds an expression */
    CFG_DATE,              /* a string "2026-12-20" */
    CFG_STRINGS,           /* an array or list of strings, none empty */
    CFG_GROUP,             /* of `section` */
    CFG_GROUPS,            /* a list of groups of `section` */
    CFG_STRINGS_OR_GROUPS, /* an array of strings, or a list of strings and groups of `section` */
};

enum cfg_flag {
    CFG_REQUIRED = 1,
    CFG_GUIDE_ONLY = 2, /* of a guide's rule, not of a site's own */
    CFG_HOST_ONLY = 4,  /* of a host, not of a template */
    CFG_OWN_ONLY = 8,   /* of a site's own rule, not of a guide's */
};

struct cfg_section;

struct cfg_item {
    const char *name;
    enum cfg_type type;
    size_t where; /* offset of a struct field in what the section fills */
    const char *doc;
    unsigned flags;
    int64_t min, max;         /* of CFG_INT */
    const char *initial;      /* the default as text; NULL: none */
    const char *const *words; /* of CFG_WORD, NULL-terminated; `number` is the index */
    const char *kind;         /* of CFG_WORD instead: a word table of words.h; `number` is the code */
    const struct cfg_section *section;
};

struct cfg_section {
    const char *name; /* as the manual heads it: "rules" */
    const char *doc;
    const struct cfg_item *items;
    size_t count;
    size_t size;      /* of the struct that it fills */
    unsigned without; /* rows with one of these flags do not exist here */
    const char *without_hint;
    const char *open; /* other names are allowed, checked by the reader: what they are ("parameters of the guide") */
    /* A name that is no row and has a better answer than the nearest word; may be NULL. */
    const char *(*hint)(const char *name);
};

/* A setting of a checked group. `node` is NULL where it is not given; then number and text are the default. */
struct field {
    const struct node *node;
    int64_t number;   /* INT; BOOL as 0 or 1; WORD as its index */
    const char *text; /* every type that is a string */
};

/* Checks `group` (a node of kind GROUP; NULL: not given, which leaves all at their defaults) and fills `out` (of
 * section->size octets). All mistakes are told; a field whose value is wrong is left as not given, an element of a list
 * that is wrong is taken out of it. Returns whether all was well. */
bool schema_read(const struct cfg_section *section, const struct node *group, void *out, struct diag_list *diags);

/* Fills `out` with defaults alone. */
void schema_defaults(const struct cfg_section *section, void *out);

const struct cfg_item *schema_item(const struct cfg_section *section, const char *name);

/* Is it a name that CFG_NAME allows? */
bool schema_is_name(const char *text);

/* All sections, NULL-terminated: for the manual and the tests. */
const struct cfg_section *const *schema_sections(void);

/* "number", "list of groups (rules)" and "1..65535", "in | out": for messages and the manual; into the buffer. */
const char *schema_type_text(const struct cfg_item *item, char *buffer, size_t size);
const char *schema_range_text(const struct cfg_item *item, char *buffer, size_t size);

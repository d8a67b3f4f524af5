/* The directory behind check_directory: the hosts of a site as an answer needs them. */
#pragma once

#include "portconform/check.h"

struct directory_host {
    const char *name;
    bool demands;   /* something is expected of it, or it is exclusive */
    bool exclusive; /* ... and is judged even where nothing is found */
    size_t flow_count;
    const char **unset; /* keys of the site's findings about parameters that this host has no value for */
    size_t unset_count;
};

struct directory_name {
    const char *name; /* a host's name, an alias, an address */
    bool other;       /* no host's own name: that goes before */
    size_t host;      /* index */
};

struct check_directory {
    struct directory_host *hosts; /* in the order of the site */
    size_t host_count;
    struct directory_name *names; /* sorted */
    size_t name_count, name_capacity;
    const char **guides, **components; /* that the site knows; NULL-terminated */
    struct site site;                  /* name and teams alone */
    struct plan plan;                  /* of that site, for tellers: no hosts */
    struct arena *arena;
    int references;
};

const struct directory_host *directory_find(const struct check_directory *directory, const char *name);

/* A configuration: the site and the guides it uses, read at one moment. */
#pragma once

#include "portconform/secrets.h"
#include "portconform/site.h"

struct config {
    struct arena *arena;        /* owns all below, and this struct itself */
    const struct site *site;    /* NULL when only guides were loaded */
    const struct guide *guides; /* all loaded, by id */
    size_t guide_count;
    const char *hash; /* FNV-1a (128 bits, hexadecimal) of every octet read, in order; tells configurations apart,
                         protects nothing. For "config_hash" */
    size_t file_count;
    struct secrets
        *secrets; /* of the SNMP agents and RADIUS servers that are asked; NULL: none. Never part of the hash */
};

void config_free(struct config *config); /* takes NULL */
const struct guide *config_guide(const struct config *config, const char *id);

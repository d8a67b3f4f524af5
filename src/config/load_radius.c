/* The secret that a RADIUS server of a host shares with us, by the settings of host, template and site. */
#include "loader.h"

#include <string.h>

/* What was folded before: hosts without settings of their own share it, and its mistakes are told once. */
struct radius_fold {
    struct radius_fold *next;
    const struct node *groups[3]; /* host, template, site; NULL: not given */
    const char *secret;
};

static const char *fold(struct loader *loader, const struct node *const groups[3])
{
    struct radius_fields folded, read;
    const struct node *nearest = NULL;
    const char *secret = NULL;
    schema_defaults(&section_radius, &folded);
    for (size_t i = 3; i > 0; i--) {
        if (!groups[i - 1])
            continue;
        nearest = groups[i - 1];
        schema_read(&section_radius, nearest, &read, NULL); /* was told when it was read alone */
        if (read.secrets.node)
            folded.secrets = read.secrets;
        if (read.entry.node)
            folded.entry = read.entry;
    }
    const struct secret_source source = {&folded.secrets, &folded.entry, folded.entry.text, nearest->name_origin,
                                         "radius.secrets"};
    secrets_take(loader, &source, SECRET_RADIUS, &secret);
    return secret;
}

void radius_check(struct loader *loader, const struct field *field)
{
    struct radius_fields fields;
    if (field->node)
        schema_read(&section_radius, field->node, &fields, loader->diags);
}

const char *radius_fold(struct loader *loader, const struct field *host, const struct field *of_template,
                        const struct field *site)
{
    const struct node *groups[3] = {host->node, of_template->node, site->node};
    if (!groups[0] && !groups[1] && !groups[2])
        return NULL;
    for (const struct radius_fold *known = loader->radius_folds; known; known = known->next)
        if (memcmp(known->groups, groups, sizeof(groups)) == 0)
            return known->secret;
    struct radius_fold *known = loader_scratch(loader, 1, sizeof(*known));
    if (!known)
        return NULL;
    memcpy(known->groups, groups, sizeof(groups));
    known->secret = fold(loader, groups);
    known->next = loader->radius_folds;
    loader->radius_folds = known;
    return known->secret;
}

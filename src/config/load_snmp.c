/* How a host's agent is asked: the settings of host, template and site folded one by one, and the secrets they name. */
#include "loader.h"

#include <string.h>

/* What was folded before: hosts without settings of their own share it, and its mistakes are told once. */
struct snmp_fold {
    struct snmp_fold *next;
    const struct node *groups[3]; /* host, template, site; NULL: not given */
    const struct snmp_access *access;
};

/* --- versions ---------------------------------------------------------------------------------------------------- */

/* What a group further away says may be meant for other hosts. */
static void warn_useless(struct loader *loader, const struct snmp_fields *fields, const struct node *nearest)
{
    const struct field *useless[] = {&fields->user, &fields->context, &fields->auth, &fields->priv};
    for (size_t i = 0; i < COUNT(useless); i++)
        if (useless[i]->node && node_member(nearest, useless[i]->node->name) == useless[i]->node)
            WARNING(loader, useless[i]->node->name_origin, "version = \"3\"", "'%s' has no effect in this version",
                    useless[i]->node->name);
}

static void fold_community(struct loader *loader, const struct snmp_fields *fields, const struct node *nearest,
                           struct snmp_access *access)
{
    const struct secret_source source = {&fields->secrets, &fields->entry,
                                         fields->entry.node ? fields->entry.text : "default", access->origin,
                                         "snmp.secrets"};
    warn_useless(loader, fields, nearest);
    secrets_take(loader, &source, SECRET_COMMUNITY, &access->community);
}

static void fold_user(struct loader *loader, const struct snmp_fields *fields, struct snmp_access *access)
{
    enum { USER_MAX = 32 }; /* RFC 3414 section 5, usmUserName */
    access->auth = (enum access_auth)fields->auth.number;
    access->priv = (enum access_priv)fields->priv.number;
    access->user = fields->user.text;
    access->context = fields->context.text ? fields->context.text : "";
    if (!fields->user.node) {
        ERROR(loader, access->origin, "user = \"NAME\"", "version 3 of SNMP asks as a user, and none is named");
        return;
    }
    if (strlen(access->user) > USER_MAX)
        ERROR(loader, node_inside(fields->user.node), NULL, "a user's name has at most 32 octets");
    if (strlen(access->context) > SECRET_MAX)
        ERROR(loader, node_inside(fields->context.node), NULL, "a context's name has at most 255 octets");
    if (access->auth == ACCESS_AUTH_NONE && access->priv != ACCESS_PRIV_NONE) {
        ERROR(loader, access->origin, "priv = \"none\", or another auth",
              "nothing is encrypted without authentication");
        return;
    }
    const struct secret_source source = {&fields->secrets, &fields->entry,
                                         fields->entry.node ? fields->entry.text : access->user, access->origin,
                                         "snmp.secrets"};
    if (access->auth != ACCESS_AUTH_NONE && secrets_take(loader, &source, SECRET_AUTH, &access->auth_secret) &&
        access->priv != ACCESS_PRIV_NONE)
        secrets_take(loader, &source, SECRET_PRIV, &access->priv_secret);
}

/* --- folding ----------------------------------------------------------------------------------------------------- */

/* Every field of the struct is one; the nearest that is given holds. */
static struct snmp_fields nearest_fields(const struct node *const groups[3])
{
    enum { FIELDS = sizeof(struct snmp_fields) / sizeof(struct field) };
    union {
        struct snmp_fields named;
        struct field all[FIELDS];
    } folded, read;
    schema_defaults(&section_snmp, &folded.named);
    for (size_t i = 3; i > 0; i--) {
        if (!groups[i - 1])
            continue;
        schema_read(&section_snmp, groups[i - 1], &read.named, NULL); /* was told when it was read alone */
        for (size_t j = 0; j < FIELDS; j++)
            if (read.all[j].node)
                folded.all[j] = read.all[j];
    }
    return folded.named;
}

static const struct snmp_access *fold(struct loader *loader, const struct node *const groups[3],
                                      const struct node *nearest)
{
    struct snmp_access *access = LOADER_ARRAY(loader, struct snmp_access, 1);
    if (!access)
        return NULL;
    struct snmp_fields fields = nearest_fields(groups);
    *access = (struct snmp_access){
        .version = (enum access_version)fields.version.number,
        .port = (uint16_t)fields.port.number,
        .timeout_ms = (unsigned)fields.timeout_ms.number,
        .retries = (unsigned)fields.retries.number,
        .cache_s = (unsigned)fields.cache_s.number,
        .origin = nearest->name_origin,
    };
    if (fields.address.node && address_parse(fields.address.text, &access->address) < 0)
        ERROR(loader, node_inside(fields.address.node), "an IPv4 or IPv6 address of the agent", "\"%s\" is no address",
              fields.address.text);
    if (access->version == ACCESS_V3)
        fold_user(loader, &fields, access);
    else
        fold_community(loader, &fields, nearest, access);
    return access;
}

void snmp_check(struct loader *loader, const struct field *field)
{
    struct snmp_fields fields;
    if (field->node)
        schema_read(&section_snmp, field->node, &fields, loader->diags);
}

const struct snmp_access *snmp_fold(struct loader *loader, const struct field *host, const struct field *of_template,
                                    const struct field *site, struct origin place)
{
    const struct node *groups[3] = {host->node, of_template->node, site->node};
    for (const struct snmp_fold *known = loader->snmp_folds; known; known = known->next)
        if (memcmp(known->groups, groups, sizeof(groups)) == 0)
            return known->access;
    if (!groups[0] && !groups[1] && !groups[2])
        ERROR(loader, place, "snmp = { user = \"NAME\"; secrets = \"FILE\"; } of the host, its template or the site",
              "listeners = \"snmp\" without 'snmp'");
    struct snmp_fold *known = loader_scratch(loader, 1, sizeof(*known));
    if (!known)
        return NULL;
    memcpy(known->groups, groups, sizeof(groups));
    for (size_t i = 0; i < COUNT(groups); i++)
        if (groups[i] && !known->access)
            known->access = fold(loader, groups, groups[i]);
    known->next = loader->snmp_folds;
    loader->snmp_folds = known;
    return known->access;
}

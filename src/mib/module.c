/* The module's text, and the little that is read from it: it is ours, and of one form. */
#include "module.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The file as it is, with a NUL behind. */
__asm__(".pushsection .rodata\n"
        ".global mib_module_text\n"
        ".type mib_module_text, %object\n"
        "mib_module_text:\n"
        ".incbin \"" PC_SOURCE_DIR "/mibs/PORTCONFORM-MIB.txt\"\n"
        ".byte 0\n"
        ".size mib_module_text, . - mib_module_text\n"
        ".popsection\n");

void mib_add_root(struct text *out, uint32_t pen)
{
    if (pen == 0)
        text_add(out, "1.3.6.1.4.1.8072.9999.9999");
    else
        text_printf(out, "1.3.6.1.4.1.%u.9999", pen);
}

void mib_add_object(struct text *out, uint32_t pen, unsigned branch, unsigned id)
{
    mib_add_root(out, pen);
    text_printf(out, ".1.%u%s.%u", branch, branch == GENERAL_BRANCH ? "" : ".1", id);
}

/* Behind "\nNAME WHAT". NULL: there is none. */
static const char *find_definition(const char *name, size_t length, const char *what)
{
    for (const char *at = mib_module_text; (at = strstr(at, "\n")) != NULL;) {
        at++;
        if (strncmp(at, name, length) == 0 && strncmp(at + length, what, strlen(what)) == 0)
            return at + length + strlen(what);
    }
    return NULL;
}

void mib_add_help(struct text *out, const char *object)
{
    const char *at = find_definition(object, strlen(object), " OBJECT-TYPE");
    at = at == NULL ? NULL : strstr(at, "DESCRIPTION");
    at = at == NULL ? NULL : strchr(at, '"');
    if (at == NULL)
        return;
    for (at++; *at != '"' && *at != '\0'; at++) {
        bool blank = *at == ' ' || *at == '\n';
        if (blank && (at[1] == ' ' || at[1] == '\n'))
            continue;
        if (*at == '.' && (at[1] == ' ' || at[1] == '\n'))
            break; /* of the sentence */
        if (*at != '\\')
            text_add_n(out, blank ? " " : at, 1);
    }
}

bool mib_each_label(const char *object, void (*each)(void *context, long number, const char *label, size_t length),
                    void *context)
{
    const char *at = find_definition(object, strlen(object), " OBJECT-TYPE");
    at = at == NULL ? NULL : strstr(at, "SYNTAX");
    if (at == NULL)
        return false;
    at += strcspn(at, " ");
    at += strspn(at, " ");
    at = find_definition(at, strcspn(at, " \n"), " ::= TEXTUAL-CONVENTION");
    const char *end = at == NULL ? NULL : strstr(at, "::=");
    at = at == NULL ? NULL : strstr(at, "SYNTAX       INTEGER {");
    if (at == NULL || at > end)
        return false;
    at = strchr(at, '{') + 1;
    for (end = strchr(at, '}'); at < end;) {
        at += strspn(at, " \n,");
        size_t length = strcspn(at, "(");
        if (at + length >= end)
            break;
        char *rest;
        long number = strtol(at + length + 1, &rest, 10);
        each(context, number, at, length);
        at = rest + 1;
    }
    return true;
}

/* --- the module itself, under another root ------------------------------------------------------------------------ */

/* What stands in the module, and what stands there under an enterprise number of the site's own. */
static const char root_begin[] = "         The module stands under the part", root_end[] = "    REVISION";
static const char nodes_begin[] = "pcNetSnmp  ", nodes_end[] = "pcNotifications";

static int write_module(struct text *out, uint32_t pen)
{
    if (pen == 0) {
        text_add(out, mib_module_text);
        return out->failed ? -ENOMEM : 0;
    }
    const char *first = strstr(mib_module_text, root_begin), *second = strstr(first, root_end);
    const char *third = strstr(second, "::= { pcLocalUse 9999 }"), *fourth = strstr(third, nodes_begin);
    const char *fifth = strstr(fourth, nodes_end);
    text_add_n(out, mib_module_text, (size_t)(first - mib_module_text));
    text_printf(
        out, "         The module stands under the enterprise number %u of the\n         site that uses it.\"\n", pen);
    text_add_n(out, second, (size_t)(third - second));
    text_add(out, "::= { pcEnterprise 9999 }");
    third += strlen("::= { pcLocalUse 9999 }");
    text_add_n(out, third, (size_t)(fourth - third));
    text_printf(out, "pcEnterprise    OBJECT IDENTIFIER ::= { enterprises %u }\n\n", pen);
    text_add(out, fifth);
    return out->failed ? -ENOMEM : 0;
}

const struct mib_exporter mib_export_module = {"mib", "PORTCONFORM-MIB, under the site's enterprise number",
                                               write_module};

const struct mib_exporter *const mib_exporters[] = {
    &mib_export_module, &mib_export_prometheus, &mib_export_prometheus_old, &mib_export_zabbix, NULL,
};

const struct mib_exporter *mib_exporter_find(const char *name)
{
    for (size_t i = 0; mib_exporters[i] != NULL; i++) {
        if (strcmp(mib_exporters[i]->name, name) == 0)
            return mib_exporters[i];
    }
    return NULL;
}

/* Checking a group of settings against its section. */
#include "schema.h"

#include "portconform/clock.h"
#include "portconform/words.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 64, TEXT_MAX = 320 };

const struct cfg_item *schema_item(const struct cfg_section *section, const char *name)
{
    for (size_t i = 0; i < section->count; i++)
        if (strcmp(section->items[i].name, name) == 0)
            return &section->items[i];
    return NULL;
}

bool schema_is_name(const char *text)
{
    if (!isalnum((unsigned char)*text))
        return false;
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            return false;
    return true;
}

static const char *const *item_words(const struct cfg_item *item)
{
    return item->words ? item->words : word_list(item->kind);
}

/* The number of a word, or -1. */
static int item_word(const struct cfg_item *item, const char *word)
{
    if (item->kind)
        return word_find(item->kind, word);
    for (int i = 0; item->words[i]; i++)
        if (strcmp(item->words[i], word) == 0)
            return i;
    return -1;
}

static struct field *field_of(const struct cfg_item *item, void *out)
{
    return (struct field *)((char *)out + item->where);
}

static void set_default(const struct cfg_item *item, struct field *field)
{
    *field = (struct field){0};
    if (!item->initial)
        return;
    field->text = item->initial;
    if (item->type == CFG_INT)
        field->number = strtoll(item->initial, NULL, 10);
    else if (item->type == CFG_BOOL)
        field->number = strcmp(item->initial, "true") == 0;
    else if (item->type == CFG_WORD)
        field->number = item_word(item, item->initial);
}

void schema_defaults(const struct cfg_section *section, void *out)
{
    memset(out, 0, section->size);
    for (size_t i = 0; i < section->count; i++)
        set_default(&section->items[i], field_of(&section->items[i], out));
}

static const char *const type_texts[] = {
    [CFG_TEXT] = "a string",
    [CFG_NAME] = "a name in quotation marks",
    [CFG_INT] = "a number",
    [CFG_BOOL] = "true or false",
    [CFG_WORD] = "a word in quotation marks",
    [CFG_SCALAR] = "a string, a number, or true or false",
    [CFG_PORTS] = "a string of ports",
    [CFG_CONDITION] = "a string that holds a condition",
    [CFG_DATE] = "a date in quotation marks",
    [CFG_STRINGS] = "an array of strings [...]",
    [CFG_GROUP] = "a group {...}",
    [CFG_GROUPS] = "a list of groups ( {...}, ... )",
    [CFG_STRINGS_OR_GROUPS] = "an array of strings [...] or a list of groups ( {...}, ... )",
};

static const char *type_hint(const struct cfg_item *item, const struct node *node)
{
    if (item->type == CFG_GROUPS && node->kind == NODE_GROUP)
        return "one group in a list is written ( { ... } )";
    if (item->type == CFG_STRINGS_OR_GROUPS && node->kind == NODE_GROUP)
        return "one group in a list is written ( { ... } )";
    if ((item->type == CFG_STRINGS || item->type == CFG_STRINGS_OR_GROUPS) && node->kind == NODE_STRING)
        return "one string in an array is written [ \"...\" ]";
    if (item->type == CFG_INT && node->kind == NODE_STRING)
        return "numbers stand without quotation marks";
    if (item->type == CFG_BOOL && node->kind == NODE_STRING)
        return "true and false stand without quotation marks";
    if (item->type == CFG_PORTS && node->kind == NODE_INT)
        return "ports are a string with their transport: \"tcp 80\"";
    return NULL;
}

static bool wrong_type(const struct cfg_item *item, const struct node *node, struct diag_list *diags)
{
    diag_add(diags, DIAG_ERROR, node->origin, type_hint(item, node), "'%s' must be %s, found %s", item->name,
             type_texts[item->type], node_kind_text(node->kind));
    return false;
}

static bool check_word(const struct cfg_item *item, const struct node *node, struct field *field,
                       struct diag_list *diags)
{
    int word = item_word(item, node->text);
    if (word >= 0) {
        field->number = word;
        return true;
    }
    char hint[TEXT_MAX], range[TEXT_MAX];
    const char *nearest = pc_nearest(node->text, item_words(item));
    if (nearest)
        snprintf(hint, sizeof(hint), "did you mean \"%s\"?", nearest);
    else
        snprintf(hint, sizeof(hint), "one of: %s", schema_range_text(item, range, sizeof(range)));
    diag_add(diags, DIAG_ERROR, node_inside(node), hint, "'%s' cannot be \"%s\"", item->name, node->text);
    return false;
}

static bool check_string(const struct cfg_item *item, const struct node *node, struct field *field,
                         struct diag_list *diags)
{
    int64_t ignored;
    if (!*node->text) {
        diag_add(diags, DIAG_ERROR, node->origin, "leave the setting out instead", "'%s' is empty", item->name);
        return false;
    }
    field->text = node->text;
    if (item->type == CFG_WORD)
        return check_word(item, node, field, diags);
    if (item->type == CFG_NAME && !schema_is_name(node->text)) {
        diag_add(diags, DIAG_ERROR, node_inside(node), "letters, digits, '.', '_' and '-', a letter or digit first",
                 "'%s' cannot be \"%s\"", item->name, node->text);
        return false;
    }
    if (item->type == CFG_DATE && clock_parse_day_end(node->text, &ignored) < 0) {
        diag_add(diags, DIAG_ERROR, node_inside(node), "a day is written \"2026-12-20\"", "'%s' is no date: \"%s\"",
                 item->name, node->text);
        return false;
    }
    return true;
}

static bool check_integer(const struct cfg_item *item, const struct node *node, struct field *field,
                          struct diag_list *diags)
{
    if (node->number < item->min || node->number > item->max) {
        diag_add(diags, DIAG_ERROR, node->origin, NULL, "'%s' must be from %" PRId64 " to %" PRId64 ", found %" PRId64,
                 item->name, item->min, item->max, node->number);
        return false;
    }
    field->number = node->number;
    return true;
}

static void drop_element(struct node *list, struct node *before, const struct node *element)
{
    if (before)
        before->next = element->next;
    else
        list->first = element->next;
    if (list->last == element)
        list->last = before;
    list->count--;
}

/* The elements of a list; groups among them are read by whoever needs them, with their own section. A wrong element is
 * told and taken out, so that the others are still looked at. */
static bool check_elements(const struct cfg_item *item, struct node *list, struct diag_list *diags)
{
    bool strings = item->type != CFG_GROUPS, groups = item->type != CFG_STRINGS, well = true;
    struct node *before = NULL;
    for (struct node *element = list->first; element; element = element->next) {
        bool is_string = element->kind == NODE_STRING && strings, is_group = element->kind == NODE_GROUP && groups;
        if ((is_string && *element->text) || is_group) {
            before = element;
            continue;
        }
        if (is_string)
            diag_add(diags, DIAG_ERROR, element->origin, NULL, "an empty string in '%s'", item->name);
        else
            diag_add(diags, DIAG_ERROR, element->origin, NULL, "an element of '%s' must be %s, found %s", item->name,
                     !groups    ? "a string"
                     : !strings ? "a group {...}"
                                : "a string or a group",
                     node_kind_text(element->kind));
        drop_element(list, before, element);
        well = false;
    }
    return well;
}

static bool check_value(const struct cfg_item *item, struct node *node, struct field *field, struct diag_list *diags)
{
    bool is_list = node->kind == NODE_LIST || node->kind == NODE_ARRAY;
    switch (item->type) {
    case CFG_TEXT:
    case CFG_NAME:
    case CFG_WORD:
    case CFG_PORTS:
    case CFG_CONDITION:
    case CFG_DATE:
        return node->kind == NODE_STRING ? check_string(item, node, field, diags) : wrong_type(item, node, diags);
    case CFG_INT:
        return node->kind == NODE_INT ? check_integer(item, node, field, diags) : wrong_type(item, node, diags);
    case CFG_BOOL:
        field->number = node->number;
        return node->kind == NODE_BOOL || wrong_type(item, node, diags);
    case CFG_SCALAR:
        return (node->kind != NODE_GROUP && !is_list) || wrong_type(item, node, diags);
    case CFG_STRINGS:
    case CFG_GROUPS:
    case CFG_STRINGS_OR_GROUPS:
        return is_list || wrong_type(item, node, diags);
    case CFG_GROUP:
        return node->kind == NODE_GROUP || wrong_type(item, node, diags);
    }
    return false;
}

static void unknown_name(const struct cfg_section *section, const struct node *member, struct diag_list *diags)
{
    const char *names[NAMES_MAX + 1];
    size_t count = 0;
    for (size_t i = 0; i < section->count && count < NAMES_MAX; i++)
        if (!(section->items[i].flags & section->without))
            names[count++] = section->items[i].name;
    names[count] = NULL;
    char hint[TEXT_MAX];
    const char *told = section->hint ? section->hint(member->name) : NULL;
    const char *nearest = told ? NULL : pc_nearest(member->name, names);
    if (nearest) {
        snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest);
        told = hint;
    }
    diag_add(diags, DIAG_ERROR, member->name_origin, told, "unknown setting '%s' in %s", member->name, section->name);
}

static bool check_member(const struct cfg_section *section, struct node *member, void *out, struct diag_list *diags)
{
    const struct cfg_item *item = schema_item(section, member->name);
    if (!item) {
        if (section->open)
            return true;
        unknown_name(section, member, diags);
        return false;
    }
    if (item->flags & section->without) {
        diag_add(diags, DIAG_ERROR, member->name_origin, section->without_hint, "'%s' has no place in %s", item->name,
                 section->name);
        return false;
    }
    struct field *field = field_of(item, out);
    if (!check_value(item, member, field, diags)) {
        set_default(item, field);
        return false;
    }
    field->node = member;
    bool has_elements = item->type == CFG_STRINGS || item->type == CFG_GROUPS || item->type == CFG_STRINGS_OR_GROUPS;
    return !has_elements || check_elements(item, member, diags);
}

bool schema_read(const struct cfg_section *section, const struct node *group, void *out, struct diag_list *diags)
{
    bool well = true;
    schema_defaults(section, out);
    if (!group)
        return true;
    for (struct node *member = group->first; member; member = member->next)
        well = check_member(section, member, out, diags) && well;
    for (size_t i = 0; i < section->count; i++) {
        const struct cfg_item *item = &section->items[i];
        if (!(item->flags & CFG_REQUIRED) || item->flags & section->without || node_member(group, item->name))
            continue;
        diag_add(diags, DIAG_ERROR, group->origin, NULL, "'%s' is missing in %s", item->name, section->name);
        well = false;
    }
    return well;
}

const char *schema_type_text(const struct cfg_item *item, char *buffer, size_t size)
{
    static const char *const short_texts[] = {
        [CFG_TEXT] = "string",
        [CFG_NAME] = "name",
        [CFG_INT] = "number",
        [CFG_BOOL] = "true or false",
        [CFG_WORD] = "word",
        [CFG_SCALAR] = "value",
        [CFG_PORTS] = "ports",
        [CFG_CONDITION] = "condition",
        [CFG_DATE] = "date",
        [CFG_STRINGS] = "strings",
        [CFG_GROUP] = "group",
        [CFG_GROUPS] = "groups",
        [CFG_STRINGS_OR_GROUPS] = "strings or groups",
    };
    snprintf(buffer, size, "%s", short_texts[item->type]);
    return buffer;
}

const char *schema_range_text(const struct cfg_item *item, char *buffer, size_t size)
{
    size_t length = 0;
    buffer[0] = '\0';
    if (item->type == CFG_INT)
        snprintf(buffer, size, "%" PRId64 "..%" PRId64, item->min, item->max);
    else if (item->section)
        snprintf(buffer, size, "see %s", item->section->name);
    if (item->type != CFG_WORD)
        return buffer;
    for (const char *const *word = item_words(item); *word; word++) {
        int written = snprintf(buffer + length, size - length, "%s%s", length ? " | " : "", *word);
        if (written < 0 || (size_t)written >= size - length) {
            buffer[length] = '\0'; /* whole words alone */
            return buffer;
        }
        length += (size_t)written;
    }
    return buffer;
}

/* Texts that mean something: owner patterns, addresses with ports, values of parameters. */
#include "loader.h"

#include "portconform/error.h"
#include "portconform/number.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void *loader_note(struct loader *loader, void *memory)
{
    if (!memory)
        loader->failure = -ENOMEM;
    return memory;
}

void *loader_alloc(struct loader *loader, size_t count, size_t size)
{
    return loader_note(loader, arena_array(loader->arena, count, size));
}

void *loader_scratch(struct loader *loader, size_t count, size_t size)
{
    return loader_note(loader, arena_array(loader->scratch, count, size));
}

char *loader_printf(struct loader *loader, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = loader_note(loader, arena_vprintf(loader->arena, format, args));
    va_end(args);
    return text;
}

const char *hint_nearest(const char *word, const char *const names[], char *buffer, size_t size)
{
    const char *nearest = pc_nearest(word, names);
    if (!nearest)
        return NULL;
    snprintf(buffer, size, "did you mean '%s'?", nearest);
    return buffer;
}

struct string_list read_strings(struct loader *loader, const struct field *field)
{
    if (!field->node)
        return (struct string_list){0};
    const char **items = LOADER_ARRAY(loader, const char *, field->node->count + 1);
    if (!items)
        return (struct string_list){0};
    size_t count = 0;
    for (const struct node *element = field->node->first; element; element = element->next)
        items[count++] = element->text;
    return (struct string_list){.items = items, .count = count};
}

static const char *const owner_words[] = {"exe", "unit", "uid", NULL}; /* enum owner_attribute */

static bool is_number_pattern(const char *pattern)
{
    return pattern[strspn(pattern, "0123456789*?[]!-")] == '\0';
}

static bool parse_owner(struct loader *loader, const struct node *node, struct owner_pattern *ret)
{
    const char *colon = strchr(node->text, ':');
    for (int i = 0; colon && owner_words[i]; i++) {
        if (strlen(owner_words[i]) != (size_t)(colon - node->text) ||
            strncmp(node->text, owner_words[i], (size_t)(colon - node->text)) != 0)
            continue;
        if (!colon[1]) {
            ERROR(loader, node_inside(node), NULL, "the owner \"%s\" names no program", node->text);
            return false;
        }
        if (i == OWNER_UID && !is_number_pattern(colon + 1)) {
            ERROR(loader, node_inside(node), "\"uid:999\", the number that id -u tells; or exe: or unit:",
                  "the owner \"%s\": listeners carry numbers of users, not names", node->text);
            return false;
        }
        *ret = (struct owner_pattern){.attribute = (enum owner_attribute)i, .pattern = colon + 1};
        return true;
    }
    ERROR(loader, node_inside(node), "\"exe:NAME\", \"unit:NAME\" or \"uid:NUMBER\", with shell patterns",
          "an owner cannot be \"%s\"", node->text);
    return false;
}

struct owner_patterns read_owner(struct loader *loader, const struct field *field)
{
    if (!field->node)
        return (struct owner_patterns){0};
    struct owner_pattern *items = LOADER_ARRAY(loader, struct owner_pattern, field->node->count);
    size_t count = 0;
    if (!items)
        return (struct owner_patterns){0};
    for (const struct node *element = field->node->first; element; element = element->next)
        if (parse_owner(loader, element, &items[count]))
            count++;
    return (struct owner_patterns){.items = items, .count = count};
}

bool read_ports(struct loader *loader, const struct field *field, struct port_items *ret)
{
    if (!field->node)
        return false;
    int result = ports_parse(field->text, node_inside(field->node), loader->arena, ret, loader->diags);
    if (result == -ENOMEM)
        loader->failure = result;
    return result == 0;
}

bool parse_address_port(const char *text, struct address *ret, uint16_t *ret_port)
{
    char host[ADDRESS_TEXT];
    const char *colon = strrchr(text, ':');
    int64_t port;
    if (!colon || number_parse(colon + 1, 1, UINT16_MAX, &port) < 0 || !isdigit((unsigned char)colon[1]))
        return false;
    bool bracketed = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
    const char *start = bracketed ? text + 1 : text;
    size_t length = (size_t)((bracketed ? colon - 1 : colon) - start);
    if (length >= sizeof(host))
        return false;
    memcpy(host, start, length);
    host[length] = '\0';
    struct address address;
    if (address_parse(host, &address) < 0 || (address.family == AF_INET6) != bracketed)
        return false;
    *ret = address;
    *ret_port = (uint16_t)port;
    return true;
}

bool is_dns_name(const char *text)
{
    size_t length = strlen(text), label = 0;
    bool letter = false;
    if (length == 0 || length > 253)
        return false;
    for (const char *c = text; *c; c++) {
        if (*c == '.') {
            if (label == 0)
                return false;
            label = 0;
            continue;
        }
        if ((!isalnum((unsigned char)*c) && *c != '-' && *c != '_') || (*c == '-' && label == 0) || ++label > 63)
            return false;
        letter = letter || isalpha((unsigned char)*c);
    }
    return letter; /* "10.0.0" is a mistyped address, no name */
}

static bool wrong_value(struct loader *loader, const struct parameter *parameter, const struct node *node)
{
    static const char *const wanted[] = {"a number", "true or false", "one of its values in quotation marks",
                                         "a port number"};
    ERROR(loader, node->origin, NULL, "the parameter '%s' must be %s, found %s", parameter->name,
          wanted[parameter->kind], node_kind_text(node->kind));
    return false;
}

static bool read_enum(struct loader *loader, const struct parameter *parameter, const struct node *node,
                      struct value *ret)
{
    char hint[HINT_TEXT];
    for (size_t i = 0; i < parameter->values.count; i++) {
        if (strcmp(parameter->values.items[i], node->text) == 0) {
            *ret = (struct value){.type = VALUE_TEXT, .text = parameter->values.items[i]};
            return true;
        }
    }
    const char *near = hint_nearest(node->text, parameter->values.items, hint, sizeof(hint));
    if (!near && parameter->values.count > 0) {
        size_t length = 0;
        for (size_t i = 0; i < parameter->values.count && length < sizeof(hint); i++)
            length += (size_t)snprintf(hint + length, sizeof(hint) - length, "%s\"%s\"",
                                       i ? ", " : "one of: ", parameter->values.items[i]);
        near = hint;
    }
    ERROR(loader, node_inside(node), near, "the parameter '%s' cannot be \"%s\"", parameter->name, node->text);
    return false;
}

bool read_parameter_value(struct loader *loader, const struct parameter *parameter, const struct node *node,
                          struct value *ret)
{
    switch (parameter->kind) {
    case PARAMETER_INT:
    case PARAMETER_PORT:
        if (node->kind != NODE_INT)
            return wrong_value(loader, parameter, node);
        if (node->number < parameter->min || node->number > parameter->max) {
            ERROR(loader, node->origin, NULL,
                  "the parameter '%s' must be from %" PRId64 " to %" PRId64 ", found %" PRId64, parameter->name,
                  parameter->min, parameter->max, node->number);
            return false;
        }
        *ret = (struct value){.type = VALUE_INT, .number = node->number};
        return true;
    case PARAMETER_BOOL:
        if (node->kind != NODE_BOOL)
            return wrong_value(loader, parameter, node);
        *ret = (struct value){.type = VALUE_BOOL, .number = node->number};
        return true;
    case PARAMETER_ENUM:
        return node->kind == NODE_STRING ? read_enum(loader, parameter, node, ret)
                                         : wrong_value(loader, parameter, node);
    }
    return false;
}

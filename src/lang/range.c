/* Port ranges: resolved items, and why one cannot be resolved. */
#include "range.h"
#include "portconform/error.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535 };

bool port_range_contains(const struct port_range *range, uint16_t port)
{
    return port >= range->low && port <= range->high && (port - range->low) % range->step == 0;
}

unsigned port_range_count(const struct port_range *range)
{
    return (unsigned)(range->high - range->low) / range->step + 1;
}

const char *port_range_format(const struct port_range *range, char *buffer, size_t size)
{
    if (range->low == range->high)
        snprintf(buffer, size, "%u", range->low);
    else if (range->step == 1)
        snprintf(buffer, size, "%u..%u", range->low, range->high);
    else
        snprintf(buffer, size, "%u..%u/%u", range->low, range->high, range->step);
    return buffer;
}

static int eval_failed(int status, const char *unset, char *reason)
{
    switch (status) {
    case PC_EUNSET:
        snprintf(reason, DIAGNOSIS_TEXT, "%s has no value", unset);
        break;
    case -EOVERFLOW:
        snprintf(reason, DIAGNOSIS_TEXT, "the sum does not fit in 64 bits");
        break;
    case -EDOM:
        snprintf(reason, DIAGNOSIS_TEXT, "division by zero");
        break;
    default:
        snprintf(reason, DIAGNOSIS_TEXT, "not a number");
        break;
    }
    return status;
}

int range_eval_port(const struct expression *expression, const struct scope_values *values, uint16_t *ret,
                    const char **ret_unset, char *reason)
{
    struct value value;
    const char *unset = NULL;
    const int status = expression_eval(expression, values, &value, &unset);
    if (status == PC_EUNSET && ret_unset)
        *ret_unset = unset;
    if (status < 0)
        return eval_failed(status, unset, reason);
    if (value.type != VALUE_INT)
        return eval_failed(PC_ESEMANTIC, NULL, reason);
    if (value.number >= 1 && value.number <= PORT_MAX) {
        *ret = (uint16_t)value.number;
        return 0;
    }
    char number[24];
    value_format(&value, number, sizeof(number));
    if (strcmp(number, expression_text(expression)) == 0)
        snprintf(reason, DIAGNOSIS_TEXT, "a port is 1 to %d", PORT_MAX);
    else
        snprintf(reason, DIAGNOSIS_TEXT, "%s is not a port; a port is 1 to %d", number, PORT_MAX);
    return PC_ERANGE;
}

int range_resolve(const struct port_item *item, const struct scope_values *values, struct port_range *ret,
                  const char **ret_unset, char *reason)
{
    struct port_range range = {.transport = item->transport, .step = item->step};
    int status = range_eval_port(item->low, values, &range.low, ret_unset, reason);
    if (status == 0)
        status = range_eval_port(item->high, values, &range.high, ret_unset, reason);
    if (status < 0)
        return status;
    if (range.low > range.high) {
        snprintf(reason, DIAGNOSIS_TEXT, "the range %u..%u is empty", range.low, range.high);
        return PC_ERANGE;
    }
    if ((range.high - range.low) % range.step != 0) {
        const unsigned last = range.low + (unsigned)(range.high - range.low) / range.step * range.step;
        snprintf(reason, DIAGNOSIS_TEXT, "steps of %u from %u do not meet %u; the last is %u", range.step, range.low,
                 range.high, last);
        return PC_ERANGE;
    }
    *ret = range;
    return 0;
}

/* The parameters that enter an item, each once. */
struct name_list {
    struct {
        const char *name;
        bool is_peer;
    } items[8]; /* more do not fit into a reason anyway */
    size_t count;
};

static void name_list_add(void *context, const char *name, bool is_peer)
{
    struct name_list *list = context;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].is_peer == is_peer && strcmp(list->items[i].name, name) == 0)
            return;
    if (list->count == sizeof(list->items) / sizeof(list->items[0]))
        return;
    list->items[list->count].name = name;
    list->items[list->count].is_peer = is_peer;
    list->count++;
}

/* A buffer of DIAGNOSIS_TEXT octets that is cut at its end. */
struct why {
    char *buffer;
    size_t length;
};

static void __attribute__((format(printf, 2, 3))) why_add(struct why *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int added = vsnprintf(why->buffer + why->length, DIAGNOSIS_TEXT - why->length, format, args);
    va_end(args);
    if (added > 0)
        why->length += (size_t)added;
    if (why->length >= DIAGNOSIS_TEXT)
        why->length = DIAGNOSIS_TEXT - 1;
}

static void why_add_values(struct why *why, const struct name_list *names, const struct scope_values *values)
{
    const char *joint = " with ";
    for (size_t i = 0; i < names->count; i++) {
        const bool is_peer = names->items[i].is_peer;
        const struct scope_values *scope = is_peer && values ? values->peer : values;
        struct value value;
        if (!scope || scope->lookup(scope->context, names->items[i].name, &value) < 0)
            continue;
        char text[64];
        why_add(why, "%s%s%s = %s", joint, is_peer ? "peer." : "", names->items[i].name,
                value_format(&value, text, sizeof(text)));
        joint = ", ";
    }
}

int port_item_resolve(const struct port_item *item, const struct scope_values *values, struct port_range *ret,
                      const char **ret_unset, char *why)
{
    char reason[DIAGNOSIS_TEXT];
    if (item->kind != PORT_ITEM_NUMBERS)
        return -EINVAL;
    const int status = range_resolve(item, values, ret, ret_unset, reason);
    if (status == 0 || !why)
        return status;
    struct why text = {.buffer = why};
    struct name_list names = {0};
    expression_names(item->low, name_list_add, &names);
    expression_names(item->high, name_list_add, &names);
    why_add(&text, "\"%s %.80s\"", transport_name(item->transport), item->text);
    why_add_values(&text, &names, values);
    why_add(&text, ": %s", reason);
    return status;
}

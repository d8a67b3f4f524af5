/* Parameters for the fuzz targets of the languages. */
#pragma once

#include "portconform/expression.h"
#include <errno.h>
#include <string.h>

static inline int fuzz_lookup(const void *context, const char *name, struct value *ret)
{
    (void)context;
    static const struct {
        const char *name;
        struct value value;
    } values[] = {
        {"i", {VALUE_INT, 3, NULL}},        {"h", {VALUE_INT, INT64_MAX, NULL}}, {"l", {VALUE_INT, INT64_MIN, NULL}},
        {"z", {VALUE_INT, 0, NULL}},        {"b", {VALUE_BOOL, 1, NULL}},        {"e", {VALUE_TEXT, 0, "a"}},
        {"u", {VALUE_UNSET, 0, NULL}},      {"instance", {VALUE_INT, 3, NULL}},  {"side", {VALUE_TEXT, 0, "a"}},
        {"topology", {VALUE_TEXT, 0, "a"}},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (strcmp(values[i].name, name) == 0) {
            *ret = values[i].value;
            return 0;
        }
    }
    return -ENOENT;
}

static const struct scope_values fuzz_peer = {.lookup = fuzz_lookup};
static const struct scope_values fuzz_values = {.lookup = fuzz_lookup, .peer = &fuzz_peer};

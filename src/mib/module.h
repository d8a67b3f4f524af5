/* The text of PORTCONFORM-MIB, which is part of the program, and what it says about an object. */
#pragma once

#include "portconform/text.h"

#include "internal.h"

extern const char mib_module_text[];

/* "1.3.6.1.4.1.PEN.9999", or the root for local use with `pen` 0. */
void mib_add_root(struct text *out, uint32_t pen);
/* The name of a column's object identifier below the root: "1.3.1.5". */
void mib_add_object(struct text *out, uint32_t pen, unsigned branch, unsigned id);
/* The first sentence of an object's DESCRIPTION, in one line, without quotes and backslashes. */
void mib_add_help(struct text *out, const char *object);
/* The labels of an enumeration that is the object's SYNTAX, as "0: none, 1: tcp" by `format`, once a label with its
 * number and its text. False: it is no enumeration. */
bool mib_each_label(const char *object, void (*each)(void *context, long number, const char *label, size_t length),
                    void *context);

extern const struct mib_exporter mib_export_module, mib_export_prometheus, mib_export_prometheus_old, mib_export_zabbix;

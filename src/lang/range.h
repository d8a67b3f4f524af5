/* Resolving, for the parser too: what depends on no parameter is resolved when it is read. */
#pragma once

#include "portconform/ports.h"

/* As port_item_resolve(), with the bare reason (DIAGNOSIS_TEXT octets) on failure. */
int range_resolve(const struct port_item *item, const struct scope_values *values, struct port_range *ret,
                  const char **ret_unset, char *reason);
/* One end of it. */
int range_eval_port(const struct expression *expression, const struct scope_values *values, uint16_t *ret,
                    const char **ret_unset, char *reason);

/* Checked integers: every sum of the guide language goes through here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits with an optional sign, the whole string. 0, -EINVAL, or -ERANGE outside [min, max]. */
int number_parse(const char *text, int64_t min, int64_t max, int64_t *ret);

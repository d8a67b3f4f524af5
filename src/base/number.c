/* Strict numbers out of text: nothing before, nothing behind, nothing wraps. */
#include "portconform/number.h"
#include <errno.h>

int number_parse(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    const bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    if (*text == '\0')
        return -EINVAL;
    int64_t number = 0;
    bool overflow = false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -EINVAL;
        const int64_t digit = negative ? -(*text - '0') : *text - '0';
        if (__builtin_mul_overflow(number, (int64_t)10, &number) || __builtin_add_overflow(number, digit, &number))
            overflow = true; /* go on: what follows may still not be a digit */
    }
    if (overflow || number < min || number > max)
        return -ERANGE;
    *ret = number;
    return 0;
}

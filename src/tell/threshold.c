/* Thresholds: the ranges `[@]start:end` of the plugin guidelines.
 *
 *     10      alert outside 0..10       ~:10    alert above 10
 *     10:     alert below 10            @10:20  alert inside 10..20
 *
 * Numbers are read here rather than by strtod(3), which would want a comma in some locales. */
#include "portconform/tell.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

/* Reads a decimal number with an optional sign and fraction; returns what follows it, or NULL. */
static const char *threshold_number(const char *at, double *ret)
{
    bool negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    double value = 0;
    size_t digits = 0;
    for (; *at >= '0' && *at <= '9'; at++, digits++)
        value = value * 10 + (*at - '0');
    if (*at == '.') {
        double weight = 0.1;
        for (at++; *at >= '0' && *at <= '9'; at++, digits++, weight /= 10)
            value += weight * (*at - '0');
    }
    if (digits == 0 || !isfinite(value))
        return NULL;
    *ret = negative ? -value : value;
    return at;
}

int threshold_parse(const char *text, struct threshold *ret)
{
    struct threshold range = {.given = true, .start = 0, .end = INFINITY, .text = text};
    const char *at = text;
    if (*at == '@') {
        range.inside = true;
        at++;
    }
    bool colon = false;
    if (at[0] == '~' && at[1] == ':') {
        range.start = -INFINITY;
        at += 2;
        colon = true;
    } else {
        double first;
        at = threshold_number(at, &first);
        if (at == NULL)
            return -EINVAL;
        colon = *at == ':';
        if (colon) {
            range.start = first;
            at++;
        } else {
            range.end = first;
        }
    }
    if (colon && *at != '\0') {
        at = threshold_number(at, &range.end);
        if (at == NULL)
            return -EINVAL;
    }
    if (*at != '\0' || range.start > range.end)
        return -EINVAL;
    *ret = range;
    return 0;
}

bool threshold_alerts(const struct threshold *threshold, double value)
{
    if (!threshold->given)
        return false;
    bool within = value >= threshold->start && value <= threshold->end;
    return within == threshold->inside;
}

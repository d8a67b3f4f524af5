/* What our error codes mean, in English. */
#include "portconform/error.h"
#include <limits.h>
#include <stddef.h>
#include <string.h>

static const struct {
    int code;
    const char *text;
} own_codes[] = {
    {PC_ESYNTAX, "syntax error"},
    {PC_ESEMANTIC, "not meaningful here"},
    {PC_EUNSET, "a parameter has no value"},
    {PC_ERANGE, "number out of range"},
    {PC_ENAMES, "a DNS name where only addresses are known"},
    {PC_EKIND, "not a kind that this program has"},
    {PC_EDEADLINE, "the deadline passed"},
    {PC_ENOTFILE, "not a regular file"},
};

const char *pc_strerror(int code)
{
    if (code == 0)
        return "no error";
    for (size_t i = 0; i < sizeof(own_codes) / sizeof(own_codes[0]); i++)
        if (own_codes[i].code == code)
            return own_codes[i].text;
    /* strerrordesc_np: static and untranslated, unlike strerror(3) */
    const char *text = code < 0 && code > -4096 ? strerrordesc_np(-code) : NULL;
    return text ? text : "unknown error";
}

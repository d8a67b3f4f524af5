/* A locale in which numbers are written with a comma: tests/CMakeLists.txt makes it, since few machines have one. To be
 * included behind cmocka.h. */
#pragma once

#include <locale.h>
#include <string.h>

#include "unit/skip.h"

static inline void begin_commas(void)
{
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        SKIP("there is no locale de_DE.UTF-8, nor what it is made of (package locales)");
    assert_string_equal(localeconv()->decimal_point, ",");
}

static inline void end_commas(void)
{
    setlocale(LC_ALL, "C");
}

/* The lookup with its surroundings given, for the tests. */
#pragma once

#include "portconform/names.h"

struct names_surroundings {
    const char *servers; /* "127.0.0.1:5353,..."; NULL: the system's (resolv.conf) */
    const char *sources; /* "fb": files, then DNS (ares_init_options(3)); NULL: the system's (nsswitch.conf) */
};

int names_lookup_in(const struct names_surroundings *surroundings, const char *name, unsigned timeout_ms,
                    struct address **ret);

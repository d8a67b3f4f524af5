/* The program's end of a helper, as its two files share it. */
#pragma once

#include "helper.h"

#include <sys/types.h>

struct helper_channel {
    int fd;                  /* -1: closed */
    pid_t pid;               /* 0: there is none, or it was waited for */
    enum helper_state state; /* ENDED when listener_helper_check() has seen it */
    uint64_t sequence;       /* of the last question */
    bool unanswered;         /* it was given up: nothing is asked until its answer is here */
};

struct listener_helper {
    struct helper_channel owners, namespaces;
};

void helper_channel_close(struct helper_channel *channel);

/* Where messages go: a datagram socket of this machine, or a receiver that is reached by UDP. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

struct target {
    bool local;
    struct sockaddr_storage address;
    socklen_t length;
};

int target_parse(const char *text, struct target *ret); /* 0 or PC_ESYNTAX */
/* A connected socket whose send(2) waits TARGET_SEND_MS at most; or a negated errno. Does not wait itself. */
enum { TARGET_SEND_MS = 200 };
int target_connect(const struct target *target);

/* What the commands that ask portconformd share: their options, and one way to ask. */
#pragma once

#include "command.h"

#include "portconform/control.h"

enum {
    ASKS_STATUS = 1,
    ASKS_HISTORY = 2,
    ASKS_CHECK_NOW = 4,
    ASKS_RELOAD = 8,
};

struct daemon_arguments {
    const char *socket; /* NULL: the usual place */
    const char *form;   /* "text", "json" */
    const char *most;   /* of history; NULL: as many as usual */
    enum check_colour colour;
    unsigned timeout_s;
    bool help, no_wait;
    char **operands;
    size_t operand_count;
};

/* As cli_arguments_read(), by the rows of `users`, with `timeout_s` as it is when nobody says otherwise. */
int daemon_arguments_read(const struct command *command, unsigned users, unsigned timeout_s, int argc, char **argv,
                          struct daemon_arguments *ret);
/* Asks with these words (NULL-terminated) and tells the answer. Returns the exit status. */
int daemon_ask(const struct daemon_arguments *arguments, const char *command, const char *const *words);
/* Goes on asking till somebody ends it; for check_program. */
int daemon_watch(const struct control_request *request, enum check_colour colour);

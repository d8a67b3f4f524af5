/* check-now: the daemon looks at once, and what it found is told when it has. */
#include "daemon.h"

int command_check_now(const struct command *command, int argc, char **argv)
{
    enum { TIMEOUT_S = 300 };
    struct daemon_arguments arguments;
    int status = daemon_arguments_read(command, ASKS_CHECK_NOW, TIMEOUT_S, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    if (arguments.operand_count > 1)
        return cli_fail("check-now: takes one host, or none for all of them");
    const char *const words[] = {arguments.operand_count > 0 ? arguments.operands[0] : "-",
                                 arguments.no_wait ? "0" : "1", NULL};
    return daemon_ask(&arguments, "check-now", words);
}

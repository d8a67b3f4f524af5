/* status: how the daemon is: what it watches, whom it tells, what it waits for. */
#include "daemon.h"

int command_status(const struct command *command, int argc, char **argv)
{
    enum { TIMEOUT_S = 10 };
    struct daemon_arguments arguments;
    int status = daemon_arguments_read(command, ASKS_STATUS, TIMEOUT_S, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    if (arguments.operand_count > 0)
        return cli_fail("status: takes no arguments beside its options");
    const char *const words[] = {arguments.form, NULL};
    return daemon_ask(&arguments, "status", words);
}

/* reload: the daemon reads its configuration again; what is wrong with it is told here, and the old one stays. */
#include "daemon.h"

int command_reload(const struct command *command, int argc, char **argv)
{
    enum { TIMEOUT_S = 90 };
    struct daemon_arguments arguments;
    int status = daemon_arguments_read(command, ASKS_RELOAD, TIMEOUT_S, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    if (arguments.operand_count > 0)
        return cli_fail("reload: takes no arguments beside its options");
    return daemon_ask(&arguments, "reload", NULL);
}

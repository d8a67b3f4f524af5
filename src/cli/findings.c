/* findings: what the daemon has found, with the options and forms of a check; with --watch, as it goes on. */
#include "daemon.h"

#include "portconform/tell_json.h"

int command_findings(const struct command *command, int argc, char **argv)
{
    (void)command;
    static const struct teller *const tellers[] = {&teller_text, &teller_json, &teller_tsv, &teller_plugin, NULL};
    static const struct check_program program = {
        .name = "portconform findings",
        .help_status = STATUS_OK,
        .tellers = tellers,
        .initial = &teller_text,
        .of_daemon = true,
        .watch = daemon_watch,
    };
    return check_main(&program, argc, argv);
}

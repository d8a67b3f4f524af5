/* check: the shared check with everything that this program is made of. */
#include "command.h"

#include "portconform/tell_json.h"

int command_check(const struct command *command, int argc, char **argv)
{
    (void)command;
    static const struct teller *const tellers[] = {&teller_text, &teller_json, &teller_tsv, &teller_plugin, NULL};
    static const struct check_program program = {
        .name = "portconform check",
        .help_status = STATUS_OK,
        .probes = cli_probes,
        .tellers = tellers,
        .initial = &teller_text,
        .lookup = cli_lookup,
    };
    return check_main(&program, argc, argv);
}

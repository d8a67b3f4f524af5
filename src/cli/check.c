/* check: the shared check with everything that this program is made of. */
#include "command.h"

#include "portconform/collect.h"
#include "portconform/tell_json.h"
#include <string.h>

static int choose_acceptance(const char *key_path, const struct probe_choice **ret, struct text *error)
{
    static const struct probe_choice choices[] = {
        {.transport = TRANSPORT_TCP, .tls = false, .kind = &probe_kind_acceptance_tcp},
        {.transport = TRANSPORT_TCP, .tls = true, .kind = &probe_kind_acceptance_tcp},
        {.transport = TRANSPORT_UDP, .tls = false, .kind = &probe_kind_acceptance_udp},
        {.kind = NULL},
    };
    struct acceptance_key key;
    int result = cli_acceptance_key(key_path, &key, error);
    if (result < 0)
        return result;
    acceptance_use_key(&key);
    explicit_bzero(&key, sizeof(key));
    *ret = choices;
    return 0;
}

int command_check(const struct command *command, int argc, char **argv)
{
    (void)command;
    static const struct teller *const tellers[] = {&teller_text, &teller_json, &teller_tsv, &teller_plugin, NULL};
    static const struct check_program program = {
        .name = "portconform check",
        .help_status = STATUS_OK,
        .probes = probe_choices_all,
        .remote = &collector_source,
        .tellers = tellers,
        .initial = &teller_text,
        .lookup = cli_lookup,
        .acceptance = choose_acceptance,
    };
    return check_main(&program, argc, argv);
}

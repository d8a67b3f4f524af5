/* portconform: the command line. One table of commands, one file a command. */
#include "command.h"

#include "portconform/collect.h"

#include <locale.h>
#include <string.h>

static const char diff_notes[] =
    "A and B are two guides (ids, files or folders), or two sites (site.conf or its folder). Descriptions, sources\n"
    "and the numbers of rows alone are no difference.\n"
    "Exit status, as diff(1): 0 both demand the same, 1 they differ, 3 trouble.\n";
static const char adopt_notes[] = "Without GUIDE all guides are tried. What is printed is a file for hosts.d, the "
                                  "ranking and what stays unexplained\n"
                                  "as comments in it. It proposes; it approves nothing.\n"
                                  "Exit status: 0 a role fits, 1 none does, 3 trouble.\n";

static const char respond_notes[] =
    "Opens every port that HOST is to have for its peers, and answers the probes of `check --acceptance`\n"
    "that know the key; nobody else gets a word. Ports in use are left alone, and it ends by itself.\n"
    "  once               portconform respond --make-key FILE, and a copy of it (scp -p) for both sides\n"
    "  on HOST            portconform respond -C PATH -H HOST --key FILE\n"
    "  where callers are  portconform check -C PATH -H HOST --acceptance FILE\n"
    "Exit status: 0 every port item was reached, 1 some were not (they are named), 3 trouble.\n";

static const char reload_notes[] = "Exit status: 0 the new configuration is in force, 1 it is rejected and the old one "
                                   "stays (its errors are told),\n3 trouble.\n";

const struct command commands[] = {
    {"check", "-C PATH [-H HOST] [option ...]", "look at hosts and tell what does not conform", 0, command_check, NULL},
    {"explain", "-C PATH HOST PORT[/udp]", "why a port is expected, what was seen, who should act", TAKES_EXPLAIN,
     command_explain, NULL},
    {"expect", "-C PATH [-H HOST]", "which ports a site expects on which hosts", TAKES_EXPECT, command_expect, NULL},
    {"rules", "[GUIDE ...]", "the rules of port guides, a line for each port item", TAKES_RULES, command_rules, NULL},
    {"matrix", "-C PATH [-H HOST]", "who must reach whom, as openings of a firewall", TAKES_MATRIX, command_matrix,
     NULL},
    {"export", "FORM -C PATH [-H HOST]", "openings as rules; what SNMP managers need", TAKES_EXPORT, command_export,
     NULL},
    {"diff", "A B", "what differs between two guides, or two sites", TAKES_DIFF, command_diff, diff_notes},
    {"adopt", "[GUIDE ...]", "which roles this host's listeners fit", TAKES_ADOPT, command_adopt, adopt_notes},
    {"respond", "-C PATH -H HOST --key FILE", "which openings stand, before a product is installed", TAKES_RESPOND,
     command_respond, respond_notes},
    {"lint", "-C PATH | GUIDE ...", "what is wrong with a site or a guide, file by file", TAKES_LINT, command_lint,
     NULL},
    {"status", "[--format FORM]", "how portconformd is: what it watches, whom it tells", 0, command_status, NULL},
    {"findings", "[-H HOST] [--watch]", "what portconformd has found", 0, command_findings, NULL},
    {"history", "[HOST [PORT[/udp]]]", "what has happened, the newest first", 0, command_history, NULL},
    {"check-now", "[HOST]", "portconformd to look at once, and what it found", 0, command_check_now, NULL},
    {"reload", "", "portconformd to read its configuration again", 0, command_reload, reload_notes},
    {"help", "[COMMAND]", "this page, or that of a command", 0, command_help, NULL},
    {NULL, NULL, NULL, 0, NULL, NULL},
};

static const struct command *find_command(const char *name)
{
    for (const struct command *command = commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static int unknown_command(const char *word)
{
    if (word[0] == '-')
        return cli_fail("\"%s\" stands before the command, which comes first: portconform check %s ... "
                        "(portconform help)",
                        word, word);
    const char *names[sizeof(commands) / sizeof(commands[0])] = {NULL}; /* closed as the table is */
    size_t count = 0;
    for (const struct command *command = commands; command->name; command++)
        names[count++] = command->name;
    struct text error = {0};
    options_unknown(&error, "command", word, names);
    int status = cli_fail("%s", text_string(&error));
    text_done(&error);
    return status;
}

static int print_version(void)
{
    struct text out = {0};
    text_printf(&out, "portconform %s\n", PC_VERSION);
    return cli_finish(&out, STATUS_OK);
}

static int run(int argc, char **argv)
{
    static char help[] = "help";
    char *no_arguments[] = {help, NULL};
    if (argc < 2) {
        command_help(find_command(help), 1, no_arguments);
        return STATUS_UNKNOWN;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return command_help(find_command(help), 1, no_arguments);
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        return print_version();
    const struct command *command = find_command(word);
    return command ? command->run(command, argc - 1, argv + 1) : unknown_command(word);
}

int main(int argc, char **argv)
{
    if (collector_is_child(argc, argv))
        return collector_child();
    if (check_standard_streams() < 0)
        return STATUS_UNKNOWN;
    /* numbers and dates stay as machines read them */
    setlocale(LC_CTYPE, "");
    setlocale(LC_MESSAGES, "");
    return run(argc, argv);
}

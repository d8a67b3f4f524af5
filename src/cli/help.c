/* help: the commands, or one of them. */
#include "command.h"

#include <string.h>

int command_help(const struct command *command, int argc, char **argv)
{
    (void)command;
    if (argc > 1) {
        static char option[] = "--help";
        for (const struct command *other = commands; other->name; other++) {
            char *arguments[] = {argv[1], option, NULL};
            if (strcmp(other->name, argv[1]) == 0 && other->run != command_help)
                return other->run(other, 2, arguments);
        }
        if (strcmp(argv[1], "help") != 0 && argv[1][0] != '-')
            return cli_fail("there is no command \"%s\"; see portconform help", argv[1]);
    }
    struct text out = {0};
    text_add(&out, "Usage: portconform COMMAND [option ...]\n"
                   "Makes a vendor's port guide executable: tells what does not conform, why, and who has to act.\n\n");
    for (const struct command *other = commands; other->name; other++) {
        struct text left = {0};
        text_printf(&left, "  %s %s", other->name, other->usage);
        text_add(&left, "  ");
        text_add_padded(&out, text_string(&left), 42);
        text_printf(&out, "%s\n", other->summary);
        text_done(&left);
    }
    text_add(&out, "\nportconform help COMMAND tells a command's options; --version the version.\n");
    return cli_finish(&out, STATUS_OK);
}

/* history: what has happened to a host, or to one of its ports; the newest first. */
#include "daemon.h"

#include "portconform/number.h"
#include <stdio.h>
#include <string.h>

static bool is_transport(const char *word)
{
    return strcmp(word, "-") == 0 || strcmp(word, "tcp") == 0 || strcmp(word, "udp") == 0;
}

/* "31000", "31000/tcp", "161/udp" */
static bool read_port(const char *text, char *ret_port, size_t size, const char **ret_transport)
{
    size_t length = strcspn(text, "/");
    int64_t port = 0;
    *ret_transport = text[length] == '\0' ? "-" : text + length + 1;
    if (length >= size || !is_transport(*ret_transport))
        return false;
    memcpy(ret_port, text, length);
    ret_port[length] = '\0';
    return number_parse(ret_port, 1, UINT16_MAX, &port) == 0;
}

int command_history(const struct command *command, int argc, char **argv)
{
    enum { TIMEOUT_S = 30 };
    struct daemon_arguments arguments;
    char port[8] = "-";
    const char *transport = "-";
    int status = daemon_arguments_read(command, ASKS_HISTORY, TIMEOUT_S, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    if (arguments.operand_count > 2)
        return cli_fail("history: takes a host and a port");
    if (arguments.operand_count == 2 && !read_port(arguments.operands[1], port, sizeof(port), &transport))
        return cli_fail("history: \"%s\" is not a port; 31000, 31000/tcp or 161/udp is", arguments.operands[1]);
    const char *host = arguments.operand_count > 0 ? arguments.operands[0] : "-";
    const char *const words[] = {arguments.form, host, port, transport, arguments.most ? arguments.most : "-", NULL};
    return daemon_ask(&arguments, "history", words);
}

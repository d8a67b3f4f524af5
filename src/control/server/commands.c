/* What may be asked, a row each. */
#include "server.h"

#include "portconform/error.h"
#include "portconform/number.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_OK = 0, STATUS_ERRORS = 1 };
enum { HISTORY_MAX = 100000 };

static int reply_text(const struct client *client, int status, struct text *text)
{
    int r = reply_send(client->fd, CONTROL_RESULT, status, text);
    text_done(text);
    return r;
}

static bool is_form(const struct client *client, int word, const char *form)
{
    return client->request->word_count > word && strcmp(client->request->words[word], form) == 0;
}

/* check, findings: the arguments of a check */
static int command_check(struct client *client)
{
    struct facts facts;
    struct text out = {0};
    facts_take(client->server, &facts);
    int status = cache_answer(client->server->cache, &facts, client->request, &out);
    facts_done(&facts);
    return reply_text(client, status, &out);
}

/* status FORM */
static int command_status(struct client *client)
{
    struct facts facts;
    struct text out = {0};
    facts_take(client->server, &facts);
    int r;
    if (!facts.status)
        r = reply_refuse(client->fd, "the daemon is just starting: ask again in a moment");
    else if ((r = is_form(client, 1, "json") ? status_json(&out, facts.status, facts.snapshot)
                                             : status_text(&out, facts.status, facts.snapshot, client->request)) < 0)
        reply_refuse(client->fd, "the status cannot be told: %s", pc_strerror(r));
    else
        r = reply_text(client, STATUS_OK, &out);
    text_done(&out);
    facts_done(&facts);
    return r;
}

/* --- history ------------------------------------------------------------------------------------------------------ */

struct chronicle {
    struct text *out;
    bool json;
    size_t count;
};

static void tell_event(void *context, const struct event *event)
{
    struct chronicle *chronicle = context;
    if (chronicle->json) {
        text_add(chronicle->out, chronicle->count > 0 ? ",\n" : "\n");
        if (event_json(chronicle->out, event) < 0)
            chronicle->out->failed = true;
    } else {
        event_line(chronicle->out, event);
    }
    chronicle->count++;
}

/* history FORM HOST PORT TRANSPORT MOST, each of them "-" where it is not said. `stranger`: why the host is none of the
 * site's. */
static int read_history(const struct client *client, struct history_query *ret, struct text *host,
                        struct text *stranger)
{
    char **words = client->request->words;
    int64_t port = 0, most = 0;
    struct facts facts;
    if (client->request->word_count != 6)
        return -EPROTO;
    if (strcmp(words[3], "-") != 0 && number_parse(words[3], 1, UINT16_MAX, &port) < 0)
        return -EPROTO;
    if (strcmp(words[5], "-") != 0 && number_parse(words[5], 1, HISTORY_MAX, &most) < 0)
        return -EPROTO;
    *ret = (struct history_query){.port = (uint16_t)port, .most = (size_t)most};
    ret->transport = strcmp(words[4], "udp") == 0   ? TRANSPORT_UDP
                     : strcmp(words[4], "tcp") == 0 ? TRANSPORT_TCP
                                                    : TRANSPORT_UNSTATED;
    if (strcmp(words[2], "-") == 0)
        return 0;
    facts_take(client->server, &facts);
    /* an alias or an address is understood; what the site no longer has may have a history all the same */
    const char *known = facts.directory ? check_directory_find(facts.directory, words[2], stranger) : NULL;
    text_add(host, known ? known : words[2]);
    facts_done(&facts);
    ret->host = text_string(host);
    return host->failed ? -ENOMEM : 0;
}

/* Nothing is an answer too, and may be a mistyped name. */
static void tell_nothing(struct text *out, const struct history_query *query, const struct text *stranger)
{
    text_add(out, "nothing is recorded");
    if (query->host) {
        text_add(out, " of ");
        text_escape_string(out, query->host, ESCAPE_TEXT);
    }
    if (query->port > 0)
        text_printf(out, ", port %u", query->port);
    if (stranger->length > 0) {
        text_add(out, "; ");
        text_add_n(out, text_string(stranger), stranger->length);
    }
    text_add(out, "\n");
}

static int command_history(struct client *client)
{
    const struct control_server_options *options = &client->server->options;
    struct text out = {0}, host = {0}, stranger = {0};
    struct chronicle chronicle = {.out = &out, .json = is_form(client, 1, "json")};
    struct history_query query;
    int r = options->history ? read_history(client, &query, &host, &stranger) : -ENOENT;
    if (chronicle.json)
        text_add(&out, "[");
    if (r == 0)
        r = options->history(options->history_context, &query, tell_event, &chronicle);
    if (chronicle.json)
        text_add(&out, "\n]\n");
    else if (r == 0 && chronicle.count == 0)
        tell_nothing(&out, &query, &stranger);
    if (r == 0 && out.failed)
        r = -ENOMEM;
    if (r == -ENOENT)
        reply_refuse(client->fd, "there is no history: the daemon keeps no store (see portconform status)");
    else if (r < 0)
        reply_refuse(client->fd, "the history cannot be read: %s; portconform status tells how the store is",
                     pc_strerror(r));
    else
        r = reply_text(client, STATUS_OK, &out);
    text_done(&out);
    text_done(&host);
    text_done(&stranger);
    return r;
}

/* --- commands for the engine -------------------------------------------------------------------------------------- */

/* Waits, and tells why if it comes to nothing. 0: done, with *ret_result and `text`. */
static int wait_for(struct client *client, uint64_t ticket, int *ret_result, struct text *text)
{
    if (ticket == 0)
        return reply_refuse(client->fd, "too many commands wait already: ask again later") < 0 ? -EPIPE : -EAGAIN;
    int r = mailbox_wait(client->server->mailbox, ticket, client->fd, ret_result, text);
    if (r == -ESHUTDOWN)
        reply_refuse(client->fd, "the daemon ends");
    return r;
}

static int command_reload(struct client *client)
{
    struct text text = {0};
    int result = 0;
    int r = wait_for(client, mailbox_post(client->server->mailbox, CONTROL_RELOAD, NULL), &result, &text);
    if (r == 0 && result < 0) {
        if (text.length == 0)
            text_printf(&text, "the new configuration cannot be read: %s", pc_strerror(result));
        text_add(&text, text_string(&text)[text.length - 1] == '\n' ? "" : "\n");
        text_add(&text, "the new configuration is rejected, the old one stays in force\n");
        r = reply_send(client->fd, CONTROL_ERROR, STATUS_ERRORS, &text);
    } else if (r == 0) {
        text_clear(&text);
        text_add(&text, "the new configuration is in force\n");
        r = reply_send(client->fd, CONTROL_RESULT, STATUS_OK, &text);
    }
    text_done(&text);
    return r;
}

static int tell_look(struct client *client, char *host)
{
    static char command[] = "findings", option[] = "-H";
    char *words[] = {command, option, host, NULL};
    const struct request request = {
        .command = command,
        .columns = client->request->columns,
        .colour = client->request->colour,
        .words = words,
        .word_count = host ? 3 : 1,
    };
    struct facts facts;
    struct text out = {0};
    facts_take(client->server, &facts);
    int status = cache_answer(client->server->cache, &facts, &request, &out);
    facts_done(&facts);
    return reply_text(client, status, &out);
}

/* check-now HOST WAIT, with "-" for all hosts and "1" for waiting */
static int command_check_now(struct client *client)
{
    struct text text = {0}, error = {0};
    struct facts facts;
    if (client->request->word_count != 3)
        return reply_refuse(client->fd, "check-now takes a host and whether to wait");
    char *host = strcmp(client->request->words[1], "-") == 0 ? NULL : client->request->words[1];
    facts_take(client->server, &facts);
    const char *known = host && facts.directory ? check_directory_find(facts.directory, host, &error) : NULL;
    int r = 0, result = 0;
    uint64_t ticket = 0;
    if (host && !known) {
        r = reply_refuse(client->fd, "%s",
                         error.length > 0 ? text_string(&error) : "the daemon does not know its site yet");
        goto out;
    }
    ticket = mailbox_post(client->server->mailbox, CONTROL_CHECK_NOW, known);
    if (ticket > 0 && !is_form(client, 2, "1")) {
        mailbox_abandon(client->server->mailbox, ticket);
        text_add(&text, host ? "the look at this host is asked for\n" : "a look at all hosts is asked for\n");
        r = reply_send(client->fd, CONTROL_RESULT, STATUS_OK, &text);
        goto out;
    }
    r = wait_for(client, ticket, &result, &text);
    if (r == 0 && result < 0)
        r = reply_refuse(client->fd, "%s", text.length > 0 ? text_string(&text) : pc_strerror(result));
    else if (r == 0)
        r = tell_look(client, host);
out:
    facts_done(&facts);
    text_done(&error);
    text_done(&text);
    return r;
}

const struct server_command server_commands[] = {
    {"check", RIGHT_READ, false, command_check},
    {"findings", RIGHT_READ, false, command_check},
    {"watch", RIGHT_READ, true, command_watch},
    {"changes", RIGHT_READ, true, command_changes},
    {"status", RIGHT_READ, false, command_status},
    {"history", RIGHT_READ, false, command_history},
    {"check-now", RIGHT_COMMAND, true, command_check_now},
    {"reload", RIGHT_COMMAND, true, command_reload},
    {NULL, RIGHT_NONE, false, NULL},
};

/* Commands that go on: the findings again whenever they change, and the changes one by one. They end when the client
 * goes, does not read, or the daemon ends. */
#include "server.h"

#include <errno.h>
#include <string.h>

enum { LOOK_EVERY_MS = 250, TELL_AGAIN_MS = 10000, EVENTS_AT_ONCE = 64 };

/* Something to tell, or nobody to tell it to. */
static bool goes_on(const struct client *client)
{
    return !server_is_ending(client->server) && !client_is_gone(client->fd);
}

/* A snapshot that stays is told again after a while: it may have become too old. */
int command_watch(struct client *client)
{
    struct text last = {0}, now = {0};
    struct snapshot *told = NULL;
    int64_t told_ms = 0;
    int r = 0, status_before = -1;
    while (r == 0 && goes_on(client)) {
        struct facts facts;
        facts_take(client->server, &facts);
        int64_t now_ms = moment_now().mono_ms;
        if (status_before < 0 || facts.snapshot != told || now_ms - told_ms >= TELL_AGAIN_MS) {
            text_clear(&now);
            int status = cache_answer(client->server->cache, &facts, client->request, &now);
            bool same = status == status_before && strcmp(text_string(&now), text_string(&last)) == 0;
            if (!same)
                r = reply_send(client->fd, CONTROL_RESULT, status, &now);
            struct text other = last;
            last = now;
            now = other;
            status_before = status;
            told_ms = now_ms;
            snapshot_unref(told); /* kept, so that no other one gets its address */
            told = facts.snapshot ? snapshot_ref(facts.snapshot) : NULL;
        }
        facts_done(&facts);
        if (r == 0)
            server_pause(client->server, LOOK_EVERY_MS);
    }
    snapshot_unref(told);
    text_done(&last);
    text_done(&now);
    return r;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static uint64_t newest_event(struct publication *publication)
{
    struct event *events[EVENTS_AT_ONCE];
    uint64_t newest = 0;
    size_t count;
    while ((count = publication_events(publication, newest, events, EVENTS_AT_ONCE)) > 0) {
        newest = events[count - 1]->id;
        for (size_t i = 0; i < count; i++)
            event_unref(events[i]);
    }
    return newest;
}

/* Those that the selection lets through, as one frame. */
static int tell_events(struct client *client, const struct check_selection *selection, uint64_t *after)
{
    struct event *events[EVENTS_AT_ONCE];
    struct text lines = {0};
    size_t count = publication_events(client->server->options.publication, *after, events, EVENTS_AT_ONCE);
    for (size_t i = 0; i < count; i++) {
        *after = events[i]->id;
        if (!events[i]->finding || check_selection_has(selection, events[i]->finding))
            event_line(&lines, events[i]);
        event_unref(events[i]);
    }
    int r = lines.length > 0 || lines.failed ? reply_send(client->fd, CONTROL_RESULT, 0, &lines) : 0;
    text_done(&lines);
    return r;
}

/* What there is, then each change as a line. */
int command_changes(struct client *client)
{
    struct check_selection *selection = NULL;
    struct text error = {0}, out = {0};
    struct facts facts;
    uint64_t after = newest_event(client->server->options.publication);
    facts_take(client->server, &facts);
    int r =
        facts.directory ? cache_select(client->server->cache, &facts, client->request, &selection, &error) : -EINVAL;
    if (r < 0) {
        r = reply_refuse(client->fd, "%s",
                         error.length > 0 ? text_string(&error) : "the daemon does not know its site yet");
    } else {
        int status = cache_answer(client->server->cache, &facts, client->request, &out);
        r = reply_send(client->fd, CONTROL_RESULT, status, &out);
    }
    facts_done(&facts);
    while (r == 0 && selection && goes_on(client)) {
        r = tell_events(client, selection, &after);
        if (r == 0)
            server_pause(client->server, LOOK_EVERY_MS);
    }
    check_selection_free(selection);
    text_done(&error);
    text_done(&out);
    return r;
}

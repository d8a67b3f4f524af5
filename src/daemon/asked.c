/* Tickets of the control socket: who asked for a look is answered when it was made and published. */
#include "internal.h"

#include "portconform/log.h"
#include "portconform/vector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void answer(struct loop *loop, uint64_t ticket, int result, const char *text)
{
    struct control_server *control = outlets_control(loop->outlets);
    if (control != NULL)
        control_server_done(control, ticket, result, text);
}

static int begin_look(struct loop *loop, uint64_t ticket, size_t host)
{
    const size_t count = loop->site.plan->host_count;
    bool *waiting = calloc(count + 1, sizeof(*waiting));
    struct asked *asked = waiting == NULL ? NULL : VECTOR_PUSH(&loop->asked);
    if (asked == NULL) {
        free(waiting);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++)
        waiting[i] = host == SIZE_MAX || host == i;
    *asked = (struct asked){
        .ticket = ticket,
        .since_ms = loop->now.mono_ms,
        .waiting = waiting,
        .waiting_count = host == SIZE_MAX ? count : 1,
    };
    if (asked->waiting_count == 0)
        asked->publication = telling_next_publication(loop->telling);
    watch_hasten(loop->watch, host, loop->now);
    return 0;
}

static void take_look(struct loop *loop, const struct control_command *command)
{
    size_t host = command->host == NULL ? SIZE_MAX : watch_host(loop->watch, command->host);
    int r = command->host != NULL && host == SIZE_MAX ? -ENOENT : begin_look(loop, command->ticket, host);
    if (r < 0)
        answer(loop, command->ticket, r, r == -ENOENT ? "there is no such host any more" : NULL);
}

static void take_reload(struct loop *loop, uint64_t ticket)
{
    uint64_t *slot = VECTOR_PUSH(&loop->next_reload_tickets);
    if (slot == NULL) {
        answer(loop, ticket, -ENOMEM, NULL);
        return;
    }
    *slot = ticket;
    planning_ask_reload(loop);
}

void asked_take(struct loop *loop)
{
    struct control_server *control = outlets_control(loop->outlets);
    struct control_command command;
    while (control != NULL && control_server_next(control, &command)) {
        switch (command.kind) {
        case CONTROL_RELOAD:
            take_reload(loop, command.ticket);
            break;
        case CONTROL_CHECK_NOW:
            take_look(loop, &command);
            break;
        }
        free(command.host);
    }
}

void asked_visited(struct loop *loop, size_t host, int64_t begun_ms)
{
    for (size_t i = 0; i < loop->asked.count; i++) {
        struct asked *asked = &loop->asked.items[i];
        if (!asked->waiting[host] || begun_ms < asked->since_ms)
            continue;
        asked->waiting[host] = false;
        if (--asked->waiting_count == 0)
            asked->publication = telling_next_publication(loop->telling);
    }
}

static void drop(struct loop *loop, size_t index, int result, const char *text)
{
    answer(loop, loop->asked.items[index].ticket, result, text);
    free(loop->asked.items[index].waiting);
    loop->asked.items[index] = loop->asked.items[--loop->asked.count];
}

void asked_published(struct loop *loop)
{
    for (size_t i = loop->asked.count; i > 0; i--) {
        const struct asked *asked = &loop->asked.items[i - 1];
        if (asked->waiting_count == 0 && telling_published(loop->telling) >= asked->publication)
            drop(loop, i - 1, 0, NULL);
    }
}

void asked_forget(struct loop *loop)
{
    for (size_t i = loop->asked.count; i > 0; i--)
        drop(loop, i - 1, -ECANCELED, "the configuration was changed meanwhile");
}

void asked_reloaded(struct loop *loop, int result, const char *text)
{
    if (loop->reload_tickets.count > 0)
        state_publish(loop); /* whoever asks for the status next finds what came of it */
    for (size_t i = 0; i < loop->reload_tickets.count; i++)
        answer(loop, loop->reload_tickets.items[i], result, text);
    loop->reload_tickets.count = 0;
}

void asked_end(struct loop *loop)
{
    for (size_t i = 0; i < loop->asked.count; i++)
        free(loop->asked.items[i].waiting);
    VECTOR_DONE(&loop->asked);
    VECTOR_DONE(&loop->reload_tickets);
    VECTOR_DONE(&loop->next_reload_tickets);
}

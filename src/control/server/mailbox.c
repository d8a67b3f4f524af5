/* Commands on their way to the engine's thread, and their results on the way back.
 *
 *     posted --next()--> taken --done()--> done --wait() takes it--> gone
 *
 * Nobody waits in the engine's thread: it takes and gives by a lock that is held for a few instructions. A ticket that
 * nobody waits for any more goes as soon as it is done. */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum ticket_state { TICKET_POSTED, TICKET_TAKEN, TICKET_DONE };

struct ticket {
    uint64_t number; /* 0: free */
    enum ticket_state state;
    bool abandoned;
    enum control_command_kind kind;
    char *host;
    int result;
    char *text; /* NULL: none */
};

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int event; /* eventfd(2) */
    bool closed;
    uint64_t last;
    struct ticket tickets[TICKETS_MAX];
};

static void ticket_free(struct ticket *ticket)
{
    free(ticket->host);
    free(ticket->text);
    *ticket = (struct ticket){0};
}

static struct ticket *find(struct mailbox *mailbox, uint64_t number)
{
    for (size_t i = 0; i < TICKETS_MAX; i++)
        if (mailbox->tickets[i].number == number)
            return &mailbox->tickets[i];
    return NULL;
}

struct mailbox *mailbox_new(void)
{
    struct mailbox *mailbox = calloc(1, sizeof(*mailbox));
    if (!mailbox)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&mailbox->lock, NULL);
    pthread_cond_init(&mailbox->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    mailbox->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (mailbox->event < 0) {
        mailbox_free(mailbox);
        return NULL;
    }
    return mailbox;
}

void mailbox_free(struct mailbox *mailbox)
{
    if (!mailbox)
        return;
    for (size_t i = 0; i < TICKETS_MAX; i++)
        ticket_free(&mailbox->tickets[i]);
    if (mailbox->event >= 0)
        close(mailbox->event);
    pthread_cond_destroy(&mailbox->changed);
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

int mailbox_fd(const struct mailbox *mailbox)
{
    return mailbox->event;
}

uint64_t mailbox_post(struct mailbox *mailbox, enum control_command_kind kind, const char *host)
{
    uint64_t number = 0;
    char *copy = host ? strdup(host) : NULL;
    pthread_mutex_lock(&mailbox->lock);
    struct ticket *ticket = mailbox->closed ? NULL : find(mailbox, 0);
    if (ticket && (copy || !host)) {
        number = ++mailbox->last;
        *ticket = (struct ticket){.number = number, .kind = kind, .host = copy};
        copy = NULL;
        if (eventfd_write(mailbox->event, 1) < 0) { /* cannot be: it would have to count to 2^64 */
            ticket_free(ticket);
            number = 0;
        }
    }
    pthread_mutex_unlock(&mailbox->lock);
    free(copy);
    return number;
}

bool mailbox_next(struct mailbox *mailbox, struct control_command *ret)
{
    eventfd_t count;
    struct ticket *next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    for (size_t i = 0; i < TICKETS_MAX; i++) {
        struct ticket *ticket = &mailbox->tickets[i];
        if (ticket->number > 0 && ticket->state == TICKET_POSTED && (!next || ticket->number < next->number))
            next = ticket;
    }
    if (next) {
        next->state = TICKET_TAKEN;
        *ret = (struct control_command){.kind = next->kind, .ticket = next->number, .host = next->host};
        next->host = NULL;
    } else {
        (void)eventfd_read(mailbox->event, &count); /* nothing to read: nothing to empty */
    }
    pthread_mutex_unlock(&mailbox->lock);
    return next != NULL;
}

void mailbox_done(struct mailbox *mailbox, uint64_t number, int result, const char *text)
{
    char *copy = text ? strdup(text) : NULL; /* without memory the result alone is told */
    pthread_mutex_lock(&mailbox->lock);
    struct ticket *ticket = number > 0 ? find(mailbox, number) : NULL;
    if (ticket && ticket->abandoned) {
        ticket_free(ticket);
    } else if (ticket) {
        ticket->state = TICKET_DONE;
        ticket->result = result;
        ticket->text = copy;
        copy = NULL;
        pthread_cond_broadcast(&mailbox->changed);
    }
    pthread_mutex_unlock(&mailbox->lock);
    free(copy);
}

/* With the lock. */
static void abandon(struct ticket *ticket)
{
    if (ticket->state == TICKET_DONE)
        ticket_free(ticket);
    else
        ticket->abandoned = true;
}

void mailbox_abandon(struct mailbox *mailbox, uint64_t number)
{
    pthread_mutex_lock(&mailbox->lock);
    struct ticket *ticket = find(mailbox, number);
    if (ticket)
        abandon(ticket);
    pthread_mutex_unlock(&mailbox->lock);
}

/* A client that goes away is noticed once a second. */
static void wait_a_second(struct mailbox *mailbox)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_cond_timedwait(&mailbox->changed, &mailbox->lock, &until);
}

int mailbox_wait(struct mailbox *mailbox, uint64_t number, int fd, int *ret_result, struct text *text)
{
    int r = 0;
    pthread_mutex_lock(&mailbox->lock);
    struct ticket *ticket = find(mailbox, number); /* stays in its place while we wait for it */
    while (ticket->state != TICKET_DONE && r == 0) {
        if (mailbox->closed)
            r = -ESHUTDOWN;
        else if (client_is_gone(fd))
            r = -EPIPE;
        else
            wait_a_second(mailbox);
    }
    if (r == 0) {
        *ret_result = ticket->result;
        text_add(text, ticket->text ? ticket->text : "");
        ticket_free(ticket);
    } else {
        abandon(ticket);
    }
    pthread_mutex_unlock(&mailbox->lock);
    return r;
}

void mailbox_close(struct mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    mailbox->closed = true;
    pthread_cond_broadcast(&mailbox->changed);
    pthread_mutex_unlock(&mailbox->lock);
}

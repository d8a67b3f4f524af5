/* What the files of the loop share.
 *
 *     loop.c       the turn: what is ready, what is due, what comes next
 *     planning.c   configurations and plans: when another one is wanted, and how it takes the place of the old one
 *     asked.c      what the control socket asks to be done, and when that is done
 *     own.c        the listeners of this machine, read every second
 *     state.c      the status
 */
#pragma once

#include "hold.h"
#include "options.h"
#include "outlets.h"
#include "reload.h"
#include "telling.h"
#include "visits.h"

#include "portconform/away.h"

struct own;

/* Somebody who asked for a look at a host, or at all. */
struct asked {
    uint64_t ticket;
    int64_t since_ms;
    bool *waiting; /* by host: not looked at since then */
    size_t waiting_count;
    uint64_t publication; /* when this is published, it is done; 0: hosts are waited for */
};

struct ticket_list {
    uint64_t *items;
    size_t count, capacity;
};

struct loop {
    const struct daemon_options *options;
    struct check_site site;
    struct watch *watch;
    struct visits *visits;
    struct telling *telling;
    struct outlets *outlets;
    struct own *own;
    struct moment now;
    int epoll, signals;
    bool ending;

    struct hold hold;       /* of site.plan */
    size_t unvisited;       /* hosts that were not visited whole in this round */
    unsigned *visited;      /* by host: the turns that were taken in it */
    bool undecided;         /* a visit of it was cut off */
    bool seen_whole;        /* a round of this plan is over, and nothing of it was cut off */
    bool following;         /* findings do not say yet what the plan says about them */
    int64_t planned_ms;     /* the plan is as fresh as that */
    size_t lost_names;      /* as logged last */
    struct reload *reload;  /* NULL: none is under way */
    bool planning;          /* the one under way makes a plan */
    bool planning_exposure; /* ... that looks at the ports that are for a host alone */
    bool reload_again;      /* it was asked for while one was under way */
    struct ticket_list reload_tickets, next_reload_tickets; /* of the one under way, and of the next */
    struct {
        struct asked *items;
        size_t count, capacity;
    } asked;

    struct { /* for the status */
        int64_t started_ms, loaded_ms, rejected_ms;
        uint64_t generation;
        char *error; /* of the configuration that was rejected last; NULL: it was not */
    } told;
    int64_t second_ms; /* what is done every second is due */
    int64_t forget_ms; /* what nobody looks at any more is forgotten */
    struct away away;
    struct away_news news_of_clocks; /* of this turn */
};

/* loop.c */
void loop_watch_reload(struct loop *loop);

/* planning.c */
int planning_begin(struct loop *loop); /* with the first plan; 0 or -ENOMEM */
void planning_ask_reload(struct loop *loop);
void planning_finish(struct loop *loop); /* the reload under way is finished */
void planning_step(struct loop *loop);   /* once a second, and after a reload */
void planning_visited(struct loop *loop, const struct watch_visit *visit, bool undecided);
bool planning_end(struct loop *loop); /* false: a thread was left behind */

/* asked.c */
void asked_take(struct loop *loop); /* what waits in the control server */
void asked_visited(struct loop *loop, size_t host, int64_t begun_ms);
void asked_published(struct loop *loop);
void asked_reloaded(struct loop *loop, int result, const char *text);
void asked_forget(struct loop *loop); /* other hosts now */
void asked_end(struct loop *loop);

/* own.c */
int own_new(struct own **ret); /* 0 or -ENOMEM */
void own_free(struct own *own);
void own_look(struct own *own, const struct plan *plan, struct watch *watch, const struct visits *visits,
              struct moment now);
void own_forget(struct own *own); /* another plan: what matters may be something else */
uint64_t own_reads(const struct own *own);

/* state.c */
void state_publish(struct loop *loop); /* once a second */

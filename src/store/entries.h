/* A ring of events in the order of their seq, that grows to what it has to hold. */
#pragma once

#include "portconform/event.h"

struct entry {
    uint64_t seq;        /* of the target; 0 where there is none */
    uint64_t turn;       /* of the submission that brought it */
    struct event *event; /* a reference; NULL: a loss that nobody has put into words yet */
    uint64_t id;         /* the event's; of a loss, that of the last one lost */
    uint64_t lost_from;  /* 0: an event; else it stands for the loss of these up to `seq` */
    uint64_t lost_id;    /* of the event that tells the loss */
    size_t octets;       /* that the event holds in memory, where somebody counts them */
};

struct entries {
    struct entry *items;
    size_t first, count, capacity;
};

void entries_done(struct entries *entries);
/* Room for `more` further ones, so that entries_push() cannot fail. 0 or -ENOMEM. */
int entries_reserve(struct entries *entries, size_t more);
/* The reference is transferred. Needs room. */
void entries_push(struct entries *entries, struct entry entry);
struct entry *entries_at(const struct entries *entries, size_t index);
/* NULL where it is empty. */
struct entry *entries_front(const struct entries *entries);
struct entry *entries_back(const struct entries *entries);
void entries_pop(struct entries *entries); /* drops the reference */
/* The index of the first with a seq above `seq`; `count` where there is none. */
size_t entries_after(const struct entries *entries, uint64_t seq);

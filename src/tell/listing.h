/* The findings of a snapshot in the order in which people want to read them. */
#pragma once

#include "portconform/tell.h"

enum listing_level {
    LISTING_PROBLEM = 1, /* somebody must act */
    LISTING_OPEN = 2,    /* neither proven nor a problem: unproven, unseen, waived */
    LISTING_REST = 3,    /* conforming, held, explained by a dynamic rule alone */
};
/* `severity` is the finding's as it is told. */
enum listing_level listing_level(const struct finding *finding, enum severity severity);

struct listing_item {
    const struct finding *finding; /* borrowed from the snapshot */
    enum severity severity;        /* as told */
    size_t held;                   /* of an unreachable host: how many of its findings are held */
    size_t alike;                  /* further ones that the same trouble of ours keeps from being judged */
    size_t hosts;                  /* whom all those are about; 0 unless alike */
};

struct listing {
    struct listing_item *items; /* the worst first, then by host and port */
    size_t count, capacity;
};

/* Everything up to `level` that the filter lets through. 0 or -ENOMEM. */
int listing_init(struct listing *listing, const struct snapshot *snapshot, const struct tell_options *options,
                 enum listing_level level);
/* Folds what one trouble of our own keeps from being judged into one item: one line for one thing to act on. */
void listing_fold(struct listing *listing);
void listing_done(struct listing *listing);

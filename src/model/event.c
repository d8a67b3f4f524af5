/* Events: their names, their life, and who wants which. */
#include "portconform/event.h"

#include "portconform/arena.h"

#include <errno.h>
#include <string.h>

static const char *const event_kind_names[EVENT_KINDS] = {
    [EVENT_RAISED] = "RAISED",
    [EVENT_CHANGED] = "CHANGED",
    [EVENT_CLEARED] = "CLEARED",
    [EVENT_HOST_UNREACHABLE] = "HOST_UNREACHABLE",
    [EVENT_HOST_REACHABLE] = "HOST_REACHABLE",
    [EVENT_WAIVER_BEGUN] = "WAIVER_BEGUN",
    [EVENT_WAIVER_EXPIRED] = "WAIVER_EXPIRED",
    [EVENT_CONFIG_LOADED] = "CONFIG_LOADED",
    [EVENT_CONFIG_REJECTED] = "CONFIG_REJECTED",
    [EVENT_TARGET_DOWN] = "TARGET_DOWN",
    [EVENT_TARGET_UP] = "TARGET_UP",
    [EVENT_EVENTS_LOST] = "EVENTS_LOST",
    [EVENT_STORM] = "STORM",
    [EVENT_HEARTBEAT] = "HEARTBEAT",
    [EVENT_SUMMARY] = "SUMMARY",
    [EVENT_STARTED] = "STARTED",
    [EVENT_STOPPED] = "STOPPED",
};

const char *event_kind_name(enum event_kind kind)
{
    unsigned code = (unsigned)kind;
    return code < EVENT_KINDS && event_kind_names[code] != NULL ? event_kind_names[code] : "-";
}

bool event_kind_from_name(const char *name, enum event_kind *ret)
{
    for (unsigned code = 0; code < EVENT_KINDS; code++) {
        if (event_kind_names[code] != NULL && strcmp(event_kind_names[code], name) == 0) {
            *ret = (enum event_kind)code;
            return true;
        }
    }
    return false;
}

enum event_kind event_kind_of(enum transition_kind kind)
{
    switch (kind) {
    case TRANSITION_RAISED:
        return EVENT_RAISED;
    case TRANSITION_CHANGED:
        return EVENT_CHANGED;
    case TRANSITION_CLEARED:
        return EVENT_CLEARED;
    case TRANSITION_HOST_UNREACHABLE:
        return EVENT_HOST_UNREACHABLE;
    case TRANSITION_HOST_REACHABLE:
        return EVENT_HOST_REACHABLE;
    case TRANSITION_WAIVER_BEGUN:
        return EVENT_WAIVER_BEGUN;
    case TRANSITION_WAIVER_EXPIRED:
        return EVENT_WAIVER_EXPIRED;
    }
    return EVENT_CHANGED;
}

enum { EVENT_OCTETS = 1536 }; /* what nearly every event fits into: there may be thousands of them */

/* --- life -------------------------------------------------------------------------------------------------------- */

struct event *event_new(enum event_kind kind, struct moment at)
{
    struct arena *arena = arena_new_sized(EVENT_OCTETS);
    if (arena == NULL)
        return NULL;
    struct event *event = ARENA_NEW(arena, struct event);
    if (event == NULL) {
        arena_free(arena);
        return NULL;
    }
    event->kind = kind;
    event->at = at;
    event->arena = arena;
    event->references = 1;
    return event;
}

static int event_copy_text(struct event *event, const char *text, const char **ret)
{
    if (text == NULL)
        return 0;
    const char *copy = arena_strdup(event->arena, text);
    if (copy == NULL)
        return -ENOMEM;
    *ret = copy;
    return 0;
}

int event_fill(struct event *event, const struct event_texts *texts)
{
    int r = event_copy_text(event, texts->site, &event->site);
    if (r == 0)
        r = event_copy_text(event, texts->vantage, &event->vantage);
    if (r == 0)
        r = event_copy_text(event, texts->message, &event->message);
    if (r == 0)
        r = event_copy_text(event, texts->owner, &event->owner);
    if (r == 0)
        r = event_copy_text(event, texts->target, &event->target);
    if (r < 0 || texts->finding == NULL)
        return r;
    struct finding *finding = ARENA_NEW(event->arena, struct finding);
    if (finding == NULL)
        return -ENOMEM;
    r = finding_copy(finding, texts->finding, event->arena);
    if (r == 0)
        event->finding = finding;
    return r;
}

struct event *event_ref(struct event *event)
{
    __atomic_add_fetch(&event->references, 1, __ATOMIC_RELAXED);
    return event;
}

void event_unref(struct event *event)
{
    if (event != NULL && __atomic_sub_fetch(&event->references, 1, __ATOMIC_ACQ_REL) == 0)
        arena_free(event->arena);
}

/* --- the choice -------------------------------------------------------------------------------------------------- */

static bool bit_is_set(uint64_t bits, unsigned number)
{
    return number < 64 && (bits & (UINT64_C(1) << number)) != 0;
}

/* Who was told of a finding is told how it goes on: what it was counts as much as what it is now. A finding that
 * conforms has no class and no severity that anybody would choose. */
static bool had_verdict(const struct event *event)
{
    return event->was != VERDICT_NONE;
}

static bool class_chosen(uint32_t classes, const struct event *event)
{
    return classes == 0 || bit_is_set(classes, (unsigned)event->finding->class) ||
           (had_verdict(event) && bit_is_set(classes, (unsigned)verdict_row(event->was)->class));
}

static bool verdict_chosen(uint64_t verdicts, const struct event *event)
{
    return verdicts == 0 || bit_is_set(verdicts, (unsigned)event->finding->verdict) ||
           (had_verdict(event) && bit_is_set(verdicts, (unsigned)event->was));
}

static bool severity_chosen(enum severity least, const struct event *event)
{
    return event->finding->severity >= least || (had_verdict(event) && verdict_row(event->was)->severity >= least);
}

bool event_chosen(const struct event_choice *choice, const struct event *event)
{
    if (event->untold)
        return false;
    if (choice->kinds != 0 && !bit_is_set(choice->kinds, (unsigned)event->kind))
        return false;
    if (event->finding == NULL)
        return true;
    return class_chosen(choice->classes, event) && verdict_chosen(choice->verdicts, event) &&
           severity_chosen(choice->least, event);
}

/* Which syslog targets are wanted, and the sender and the outbox of each. */
#include "targets.h"

#include "portconform/error.h"
#include "portconform/log.h"
#include "portconform/syslog.h"
#include "portconform/vector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RELOAD_STOP_MS = 100 }; /* for a target that the configuration changed or dropped */
enum { HOST_TEXT = 256 };

struct served {
    struct arena *arena; /* of the target */
    struct syslog_target target;
    struct sender *sender;
    enum sink_state state; /* that the others were told */
};

struct targets {
    struct outlets_options options;
    struct served *items;
    size_t count, capacity;
    uint32_t pen; /* in force */
    char hostname[HOST_TEXT];
};

/* --- what is wanted ----------------------------------------------------------------------------------------------- */

struct wish {
    const struct syslog_target *items;
    size_t count;
};

/* The site's and those of the command line, which are named after their place. NULL: out of memory. */
static struct syslog_target *wish_make(const struct targets *targets, const struct site *site, size_t *ret_count)
{
    const struct daemon_options *program = targets->options.program;
    struct syslog_target *items = calloc(site->syslog_count + program->syslog_count + 1, sizeof(*items));
    size_t count = 0;
    if (items == NULL)
        return NULL;
    for (; count < site->syslog_count; count++)
        items[count] = site->syslog[count];
    for (size_t i = 0; i < program->syslog_count; i++)
        count += syslog_target_init(&items[count], program->syslog[i], program->syslog[i]);
    *ret_count = count;
    return items;
}

static int choose_events(struct targets *targets, const struct wish *wish)
{
    struct outbox_target *chosen = calloc(wish->count + 1, sizeof(*chosen));
    if (chosen == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < wish->count; i++)
        chosen[i] = (struct outbox_target){.name = wish->items[i].name, .choice = wish->items[i].choice};
    int r = recorder_set_targets(telling_recorder(targets->options.telling), chosen, wish->count);
    free(chosen);
    return r;
}

/* --- senders ------------------------------------------------------------------------------------------------------ */

static void target_close(struct served *served, unsigned timeout_ms)
{
    sender_stop(served->sender, timeout_ms);
    arena_free(served->arena);
}

static int target_start(struct targets *targets, const struct syslog_target *target, struct served *ret)
{
    const struct syslog_origin origin = {.hostname = targets->hostname, .pid = getpid(), .pen = targets->pen};
    struct served served = {.arena = arena_new()};
    int r = served.arena == NULL ? -ENOMEM : syslog_target_copy(&served.target, target, served.arena);
    struct outbox *outbox = r < 0 ? NULL : outbox_open(telling_recorder(targets->options.telling), served.target.name);
    if (r == 0)
        r = outbox == NULL ? -ENOMEM : sender_start(&served.target, &origin, outbox, &served.sender);
    if (r < 0) {
        outbox_close(outbox);
        arena_free(served.arena);
        return r;
    }
    *ret = served;
    return 0;
}

static void target_open(struct targets *targets, const struct syslog_target *target)
{
    struct served served;
    int r = target_start(targets, target, &served);
    struct served *slot = NULL;
    if (r == 0) {
        slot = VECTOR_PUSH(targets);
        if (slot == NULL)
            target_close(&served, 0);
    }
    if (slot != NULL)
        *slot = served;
    else
        log_line(LOG_ERR, "syslog target \"%s\" cannot be served: %s", target->name, pc_strerror(r < 0 ? r : -ENOMEM));
}

static const struct syslog_target *wished(const struct wish *wish, const struct served *served)
{
    for (size_t i = 0; i < wish->count; i++) {
        if (strcmp(wish->items[i].name, served->target.name) == 0)
            return &wish->items[i];
    }
    return NULL;
}

static bool is_served(const struct targets *targets, const struct syslog_target *target)
{
    for (size_t i = 0; i < targets->count; i++) {
        if (strcmp(targets->items[i].target.name, target->name) == 0)
            return true;
    }
    return false;
}

/* Senders of what is wanted as it was go on; others end before their outbox is opened again, or deleted. */
void targets_configure(struct targets *targets, const struct site *site)
{
    size_t count = 0, kept = 0;
    struct syslog_target *items = wish_make(targets, site, &count);
    const struct wish wish = {items, count};
    for (size_t i = 0; items != NULL && i < targets->count; i++) {
        struct served *served = &targets->items[i];
        const struct syslog_target *target = wished(&wish, served);
        if (target != NULL && syslog_target_same(target, &served->target) && targets->pen == site->pen)
            targets->items[kept++] = *served;
        else
            target_close(served, RELOAD_STOP_MS);
    }
    if (items != NULL)
        targets->count = kept;
    targets->pen = site->pen; /* it is the origin's, in each message */
    int r = items == NULL ? -ENOMEM : choose_events(targets, &wish);
    if (r < 0)
        log_line(LOG_ERR, "the syslog targets cannot be changed: %s", pc_strerror(r));
    for (size_t i = 0; r == 0 && i < count; i++) {
        if (!is_served(targets, &items[i]))
            target_open(targets, &items[i]);
    }
    free(items);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

int targets_new(const struct outlets_options *options, struct targets **ret)
{
    struct targets *targets = calloc(1, sizeof(*targets));
    if (targets == NULL)
        return -ENOMEM;
    targets->options = *options;
    if (gethostname(targets->hostname, sizeof(targets->hostname) - 1) < 0)
        targets->hostname[0] = '\0';
    *ret = targets;
    return 0;
}

void targets_end(struct targets *targets, unsigned timeout_ms)
{
    for (size_t i = 0; i < targets->count; i++)
        sender_end(targets->items[i].sender, timeout_ms);
}

void targets_free(struct targets *targets, unsigned timeout_ms)
{
    for (size_t i = 0; i < targets->count; i++)
        target_close(&targets->items[i], timeout_ms);
    VECTOR_DONE(targets);
    free(targets);
}

bool targets_log_twice(const struct targets *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        if (strcmp(targets->items[i].target.target, "local") == 0)
            return true;
    }
    return false;
}

int targets_watch(struct targets *targets, struct status *status, struct moment now)
{
    size_t count = targets->count;
    struct sink_status *sinks = ARENA_ARRAY(status->arena, struct sink_status, count);
    if (sinks == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct served *served = &targets->items[i];
        int r = sender_status(served->sender, status->arena, &sinks[i]);
        if (r < 0)
            return r;
        telling_say_state(targets->options.telling, &sinks[i], &served->state, now);
    }
    status->syslog = sinks;
    status->syslog_count = count;
    return 0;
}

/* A check answered from a snapshot that a daemon has made: the same options, tellers and severities as a look of its
 * own, and what a look cannot have: an age. */
#include "directory.h"
#include "run.h"

#include "portconform/snapshot.h"
#include "portconform/status.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { MAX_AGE_INTERVALS = 3, USUAL_INTERVAL_S = 60 };

struct answer {
    struct check_run run;
    const struct check_answer_request *request;
    const struct directory_host *host; /* -H; NULL: all */
    const struct snapshot *snapshot;   /* what is told: all of it, the caller's, or the host's part, our own */
    size_t flow_count;
};

/* --- age ---------------------------------------------------------------------------------------------------------- */

/* Wall clock of the newest look at a host; 0: none that tells. */
static int64_t newest_look(const struct finding_block *block)
{
    int64_t newest = __atomic_load_n(&block->looked_ms, __ATOMIC_RELAXED);
    for (size_t i = 0; i < block->count; i++)
        if (block->items[i].observed_ms > newest)
            newest = block->items[i].observed_ms;
    return newest;
}

/* Planned, and nobody has looked: that nothing was found says nothing. */
static bool is_unlooked(const struct finding_block *block)
{
    return block->count == 0 && newest_look(block) == 0 && block->judged.plan != 0 && block->judged.seen == 0;
}

/* By the wall clock only up to the moment of the snapshot, from there on by the monotonic one: setting the clock makes
 * nothing old. */
static int64_t block_age_ms(const struct answer *answer, const struct finding_block *block)
{
    const struct snapshot *snapshot = answer->snapshot;
    int64_t since_ms = answer->request->now.mono_ms - snapshot->finished.mono_ms;
    int64_t look_ms = newest_look(block);
    int64_t age_ms = look_ms == 0 ? since_ms : since_ms + snapshot->finished.wall_ms - look_ms;
    return age_ms < 0 ? 0 : age_ms;
}

static int64_t oldest_ms(const struct answer *answer, const char **ret_host)
{
    int64_t oldest = -1;
    for (size_t i = 0; i < answer->snapshot->block_count; i++) {
        const struct finding_block *block = answer->snapshot->blocks[i];
        if (!block->host || block->count == 0)
            continue;
        int64_t age_ms = block_age_ms(answer, block);
        if (age_ms > oldest) {
            oldest = age_ms;
            *ret_host = block->host;
        }
    }
    return oldest;
}

static int64_t limit_ms(const struct answer *answer)
{
    const struct status *status = answer->request->status;
    if (answer->run.arguments.max_age_s > 0)
        return (int64_t)answer->run.arguments.max_age_s * 1000;
    unsigned interval_s = status && status->interval_s > 0 ? status->interval_s : USUAL_INTERVAL_S;
    return (int64_t)interval_s * 1000 * MAX_AGE_INTERVALS;
}

/* --- what is told ------------------------------------------------------------------------------------------------- */

static bool is_about(const struct directory_host *host, const struct finding *finding)
{
    for (size_t i = 0; i < host->unset_count; i++)
        if (strcmp(host->unset[i], finding->key) == 0)
            return true;
    return false;
}

/* Of the site's own findings those that concern the host: what a look at it alone would tell. */
static struct finding_block *site_part(const struct answer *answer)
{
    struct finding_block *part = finding_block_new(NULL);
    for (size_t b = 0; part && b < answer->request->snapshot->block_count; b++) {
        const struct finding_block *block = answer->request->snapshot->blocks[b];
        for (size_t i = 0; !block->host && i < block->count; i++) {
            if (!is_about(answer->host, &block->items[i]))
                continue;
            struct finding *copy = finding_block_add(part);
            if (!copy || finding_copy(copy, &block->items[i], part->arena) < 0) {
                finding_block_unref(part);
                return NULL;
            }
        }
    }
    return part;
}

/* NULL: the host was not looked at yet, or there is no memory (*ret_failed). */
static struct snapshot *host_part(const struct answer *answer, bool *ret_failed)
{
    const struct snapshot *whole = answer->request->snapshot;
    struct finding_block *blocks[2] = {NULL, NULL};
    for (size_t i = 0; i < whole->block_count && !blocks[1]; i++)
        if (whole->blocks[i]->host && strcmp(whole->blocks[i]->host, answer->host->name) == 0)
            blocks[1] = finding_block_ref(whole->blocks[i]);
    *ret_failed = false;
    if (!blocks[1] || (answer->host->demands && is_unlooked(blocks[1]))) {
        finding_block_unref(blocks[1]);
        return NULL;
    }
    blocks[0] = site_part(answer);
    struct snapshot head = snapshot_view(whole);
    head.host_count = 1;
    struct snapshot *part = NULL;
    if (blocks[0])
        part = snapshot_new(&head, blocks, 2);
    else
        finding_block_unref(blocks[1]);
    *ret_failed = part == NULL;
    return part;
}

static bool demands_something(const struct answer *answer)
{
    const struct check_directory *directory = answer->request->directory;
    if (answer->host)
        return answer->host->demands;
    for (size_t i = 0; i < directory->host_count; i++)
        if (directory->hosts[i].demands)
            return true;
    return false;
}

static bool any_exclusive(const struct answer *answer)
{
    const struct check_directory *directory = answer->request->directory;
    if (answer->host)
        return answer->host->exclusive;
    for (size_t i = 0; i < directory->host_count; i++)
        if (directory->hosts[i].exclusive)
            return true;
    return false;
}

/* How many of the findings nobody has looked at (`unseen`), or are at their first look (`waiting`); and of how many
 * hosts nothing is known yet. */
struct answer_counts {
    size_t all, unseen, waiting, unlooked;
};

static bool is_waited_for(const struct answer *answer, const struct finding_block *block)
{
    if (!block->host || !is_unlooked(block))
        return false;
    const struct directory_host *host = directory_find(answer->request->directory, block->host);
    return host && host->demands;
}

static struct answer_counts count_findings(const struct answer *answer)
{
    struct answer_counts counts = {0};
    for (size_t b = 0; b < answer->snapshot->block_count; b++) {
        const struct finding_block *block = answer->snapshot->blocks[b];
        counts.unlooked += is_waited_for(answer, block);
        for (size_t i = 0; i < block->count; i++) {
            const struct finding *finding = &block->items[i];
            counts.all++;
            counts.unseen += finding->verdict == VERDICT_UNSEEN;
            counts.waiting += finding->verdict == VERDICT_NONE && !finding->dynamic &&
                              finding_matches(finding, &answer->run.arguments.tell.filter);
        }
    }
    return counts;
}

static int tell(struct answer *answer, const struct answer_counts *counts)
{
    struct check_run *run = &answer->run;
    struct tell_options *options = &run->arguments.tell;
    const struct check_directory *directory = answer->request->directory;
    const struct plan plan = {.site = &directory->site, .flow_count = answer->flow_count};
    struct text trouble = {0};
    options->trouble_severity_given = false; /* -t is about the answer's coming, and here it is */
    if (counts->unlooked > 0) {
        text_add_count(&trouble, counts->unlooked, "host");
        text_add(&trouble, counts->unlooked == 1 ? " was not looked at yet" : " were not looked at yet");
    }
    if (counts->waiting > 0) {
        text_add(&trouble, counts->unlooked > 0 ? ", " : "");
        text_add_count(&trouble, counts->waiting, "finding");
        text_add(&trouble, counts->waiting == 1 ? " waits for a second look" : " wait for a second look");
    }
    if (trouble.length > 0)
        options->trouble = text_string(&trouble);
    options->colour = answer->request->colour;
    options->columns = answer->request->columns;
    options->config_path = answer->request->status ? answer->request->status->config : NULL;
    text_clear(&run->out);
    int r = run->teller->tell(&run->out, &plan, answer->snapshot, options);
    int status = severity_exit_status(tell_severity(answer->snapshot, options));
    options->trouble = NULL;
    text_done(&trouble);
    return r < 0 ? run_tell_code(run, "the result cannot be told", r) : status;
}

/* --- the way through ---------------------------------------------------------------------------------------------- */

static int tell_too_old(struct answer *answer, const char *host, int64_t age_ms)
{
    text_clear(&answer->run.error);
    text_printf(&answer->run.error,
                "the daemon's last look at %s is %" PRId64 " s old, more than %" PRId64
                " s (--max-age): see portconform status",
                host, age_ms / 1000, limit_ms(answer) / 1000);
    return run_tell_unknown(&answer->run, text_string(&answer->run.error));
}

static int answer_from(struct answer *answer)
{
    const char *oldest = NULL;
    struct answer_counts counts = count_findings(answer);
    if (!demands_something(answer))
        return run_tell_unknown(&answer->run, answer->host
                                                  ? "nothing is expected of this host: it has no role, no expect "
                                                    "entry, and is not exclusive"
                                                  : "nothing is expected of any host of this site");
    if (counts.all > 0 && counts.unseen == counts.all && !any_exclusive(answer))
        return run_tell_unseen(&answer->run);
    int64_t age_ms = oldest_ms(answer, &oldest);
    if (oldest && age_ms > limit_ms(answer))
        return tell_too_old(answer, oldest, age_ms);
    return tell(answer, &counts);
}

/* What this daemon cannot answer; NULL: nothing. */
static const char *objection(struct answer *answer)
{
    const struct check_arguments *arguments = &answer->run.arguments;
    const struct snapshot *snapshot = answer->request->snapshot;
    if (!answer->request->directory)
        return "the daemon does not know its site yet";
    if (arguments->no_probes || arguments->acceptance)
        return "--no-probes and --acceptance need a look of their own: leave --daemon away";
    if (arguments->host) {
        answer->host = directory_find(answer->request->directory, arguments->host);
        if (!answer->host) {
            check_directory_find(answer->request->directory, arguments->host, &answer->run.error);
            return text_string(&answer->run.error);
        }
    }
    if (!snapshot)
        return "the daemon has not looked yet: ask again in a moment";
    if (arguments->vantage && strcmp(arguments->vantage, snapshot->vantage) != 0) {
        text_printf(&answer->run.error, "the daemon looks from %s, not from ", snapshot->vantage);
        text_escape_string(&answer->run.error, arguments->vantage, ESCAPE_TEXT);
        return text_string(&answer->run.error);
    }
    const struct check_directory *directory = answer->request->directory;
    if (run_check_filter(&answer->run, directory->guides, directory->components) < 0)
        return text_string(&answer->run.error);
    return NULL;
}

static int answer_parsed(struct answer *answer)
{
    const char *why = objection(answer);
    if (why)
        return run_tell_unknown(&answer->run, why);
    bool failed = false;
    answer->flow_count = answer->host ? answer->host->flow_count : answer->request->directory->plan.flow_count;
    if (answer->host)
        answer->snapshot = host_part(answer, &failed);
    else
        answer->snapshot = answer->request->snapshot;
    if (failed)
        return run_tell_code(&answer->run, "the check could not be made", -ENOMEM);
    if (!answer->snapshot)
        return run_tell_unknown(&answer->run, "the daemon has not looked at this host yet: ask again in a moment");
    int status = answer_from(answer);
    if (answer->host)
        snapshot_unref((struct snapshot *)answer->snapshot); /* a part of our own; the whole is the caller's */
    return status;
}

static int answer_arguments(struct answer *answer)
{
    struct check_run *run = &answer->run;
    int r = check_arguments_parse(&run->arguments, OPTION_ALL, run->argc, run->argv, &run->error);
    if (r == 0 && run_choose_teller(run) < 0)
        r = -EINVAL;
    if (r == -EINVAL)
        return run_tell_unknown(run, text_string(&run->error));
    return r < 0 ? run_tell_code(run, "the arguments cannot be read", r) : answer_parsed(answer);
}

int check_answer(const struct check_answer_request *request, int argc, char **argv, struct text *out)
{
    const struct check_program program = {.tellers = request->tellers, .initial = request->initial};
    struct answer answer = {
        .run = {.program = &program, .argc = argc, .argv = argv, .began = request->now, .silent = true},
        .request = request,
    };
    int status = STATUS_UNKNOWN;
    if (check_arguments_init(&answer.run.arguments) == 0)
        status = answer_arguments(&answer);
    else
        run_put_failure(&answer.run, "out of memory");
    text_add_n(out, text_string(&answer.run.out), answer.run.out.length);
    out->failed |= answer.run.out.failed;
    check_arguments_done(&answer.run.arguments);
    text_done(&answer.run.error);
    text_done(&answer.run.out);
    return status;
}

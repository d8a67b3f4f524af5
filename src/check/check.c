/* The check: from arguments to an exit status. */
#include "run.h"

#include "portconform/error.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int hand_over(struct check_run *run, const char *why)
{
    if (!run->program->hand_over)
        return run_tell_unknown(run, why);
    int r = run->program->hand_over(run->argc, run->argv);
    struct text reason = {0};
    text_printf(&reason, "%s; the program portconform would do it, but cannot be run: %s", why, pc_strerror(r));
    int status = run_tell_unknown(run, text_string(&reason));
    text_done(&reason);
    return status;
}

/* --- help -------------------------------------------------------------------------------------------------------- */

static int tell_help(struct check_run *run)
{
    bool people = run->program->initial == &teller_text;
    unsigned users = run->program->of_daemon ? OPTION_FINDINGS : people ? OPTION_PLUGIN | OPTION_TEXT : OPTION_PLUGIN;
    text_printf(&run->out, "Usage: %s %s[-H HOST] [option ...]\n", run->program->name,
                run->program->of_daemon ? "" : "-C PATH ");
    text_add(&run->out, run->program->of_daemon
                            ? "Tells what portconformd has found, without another look.\n"
                            : "Compares who listens and what passes with what port guides and the site demand.\n");
    options_help(check_options, users, &run->out);
    return run_print(run, run->program->help_status);
}

static int tell_version(struct check_run *run)
{
    text_printf(&run->out, "%s %s\n", run->program->name, PC_VERSION);
    return run_print(run, run->program->help_status);
}

/* --- what was asked for ------------------------------------------------------------------------------------------ */

/* A filter by a guide or component that the site does not know would let nothing through, and look like all is well. */
static int check_filter(struct check_run *run, const struct config *config)
{
    size_t components = 0;
    for (size_t i = 0; i < config->guide_count; i++)
        components += config->guides[i].component_count;
    const char **guide_names = ARENA_ARRAY(run->arguments.arena, const char *, config->guide_count + 1);
    const char **component_names = ARENA_ARRAY(run->arguments.arena, const char *, components + 1);
    if (!guide_names || !component_names)
        return -ENOMEM;
    size_t at = 0;
    for (size_t i = 0; i < config->guide_count; i++) {
        guide_names[i] = config->guides[i].id;
        for (size_t c = 0; c < config->guides[i].component_count; c++)
            component_names[at++] = config->guides[i].components[c].name;
    }
    return run_check_filter(run, guide_names, component_names);
}

/* A check that looks at nothing must not be told as OK. */
static bool demands_nothing(const struct plan *plan)
{
    for (size_t i = 0; i < plan->host_count; i++)
        if (plan->hosts[i].expectation_count > 0 || plan->hosts[i].host->exclusive)
            return false;
    return true;
}

/* Nor one that looked at nothing. An exclusive host is looked at even where nothing is found. */
static bool nothing_was_seen(const struct plan *plan, const struct snapshot *snapshot)
{
    size_t findings = 0;
    for (size_t i = 0; i < snapshot->block_count; i++) {
        const struct finding_block *block = snapshot->blocks[i];
        for (size_t f = 0; f < block->count; f++, findings++)
            if (block->items[f].verdict != VERDICT_UNSEEN)
                return false;
    }
    for (size_t i = 0; i < plan->host_count; i++)
        if (plan->hosts[i].host->exclusive)
            return false;
    return findings > 0;
}

/* --- the way through --------------------------------------------------------------------------------------------- */

/* What the listeners of this machine do not say to this user. */
static const char *owner_note(const struct plan *plan)
{
    if (listeners_owners_readable())
        return NULL;
    for (size_t i = 0; i < plan->host_count; i++)
        if (plan_host_listeners(&plan->hosts[i]) == LISTENERS_KERNEL)
            return "programs of other users are not known to this user; root is told";
    return NULL;
}

static int tell_snapshot(struct check_run *run, const struct plan *plan, const struct snapshot *snapshot,
                         size_t undecided)
{
    struct tell_options *options = &run->arguments.tell;
    struct text trouble = {0}, able = {0};
    if (run->teller == &teller_text && !run->arguments.no_probes && options->verbose > 0) {
        const struct probe_capabilities seen = probe_capabilities();
        probe_capabilities_format(&able, &seen);
        options->probe_note = text_string(&able);
    }
    options->owner_note = owner_note(plan);
    if (undecided > 0) {
        text_printf(&trouble, "stopped after %u s: ", run->arguments.timeout_s);
        text_add_count(&trouble, undecided, "probe");
        text_add(&trouble, undecided == 1 ? " was not evaluated" : " were not evaluated");
        options->trouble = text_string(&trouble);
    }
    options->colour = run->teller == &teller_text && check_colour_wanted(run->arguments.colour);
    options->columns = check_columns();
    text_clear(&run->out);
    int r = run->teller->tell(&run->out, plan, snapshot, options);
    int status = severity_exit_status(tell_severity(snapshot, options));
    options->trouble = options->probe_note = options->owner_note = NULL;
    text_done(&trouble);
    text_done(&able);
    return r < 0 ? run_tell_code(run, "the result cannot be told", r) : run_print(run, status);
}

static int look_and_tell(struct check_run *run, const struct plan *plan)
{
    struct check_progress progress;
    check_progress_begin(&progress, run->teller == &teller_text);
    struct cycle_options options = {
        .probes = run->probes,
        .remote = run->program->remote,
        .deadline_mono_ms = run_deadline(run),
        .mode = JUDGE_ONE_SHOT,
        .no_probes = run->arguments.no_probes,
        .owners = true,
        .progress = check_progress_show,
        .progress_context = &progress,
    };
    struct cycle *cycle = NULL;
    struct judgement judgement = {.snapshot = NULL};
    int r = cycle_run(plan, &options, &cycle, &judgement);
    check_progress_end(&progress);
    if (r < 0)
        return run_tell_code(run, "the check could not be made", r);
    int status = nothing_was_seen(plan, judgement.snapshot)
                     ? run_tell_unseen(run)
                     : tell_snapshot(run, plan, judgement.snapshot, cycle_undecided(cycle));
    judgement_done(&judgement);
    cycle_free(cycle);
    return status;
}

static int check_planned(struct check_run *run, const struct check_site *site)
{
    int r = check_filter(run, site->config);
    if (r == -EINVAL)
        return run_tell_unknown(run, text_string(&run->error));
    if (r < 0)
        return run_tell_code(run, "the check could not be made", r);
    if (demands_nothing(site->plan))
        return run_tell_unknown(run, run->arguments.host
                                         ? "nothing is expected of this host: it has no role, no expect "
                                           "entry, and is not exclusive"
                                         : "nothing is expected of any host of this site");
    if (cycle_needs_other_kinds(site->plan, run->arguments.no_probes ? NULL : run->probes, run->program->remote))
        if (run->program->hand_over)
            return hand_over(run, "a probe or listener source is needed that this program lacks");
    return look_and_tell(run, site->plan);
}

/* 0, or -EINVAL with a sentence in the run's error. */
static int choose_probes(struct check_run *run)
{
    const char *key = run->arguments.acceptance;
    run->probes = run->program->probes;
    if (key == NULL)
        return 0;
    if (run->program->acceptance == NULL || run->arguments.no_probes) {
        text_add(&run->error, "--acceptance needs probes, and a program that can make them");
        return -EINVAL;
    }
    return run->program->acceptance(key, &run->probes, &run->error) < 0 ? -EINVAL : 0;
}

static int load_and_check(struct check_run *run)
{
    struct check_lookup lookup = {.deadline_mono_ms = run_deadline(run)};
    struct check_site_request request = {
        .path = run->arguments.config,
        .guide_dirs = run->arguments.guide_dirs.items,
        .host = run->arguments.host,
        .vantage = run->arguments.vantage,
        .acceptance = run->arguments.acceptance != NULL,
        .lookup = run->program->lookup,
        .lookup_context = &lookup,
    };
    struct check_site site = {NULL, NULL};
    int r = check_site_open(&request, &site, &run->diags);
    if (r == PC_ENAMES)
        return hand_over(run, "the site uses DNS names");
    if (r < 0)
        return run_tell_rejected(run, r);
    int status = check_planned(run, &site);
    check_site_done(&site);
    return status;
}

static int run_check(struct check_run *run)
{
    unsigned users = run->program->of_daemon ? OPTION_FINDINGS : OPTION_PLUGIN | OPTION_TEXT;
    struct check_arguments *arguments = &run->arguments;
    int r = check_arguments_expand(arguments, run->argc, run->argv, &run->error);
    if (r == 0)
        r = check_arguments_parse(arguments, users, arguments->argc, arguments->argv, &run->error);
    if (r == -EINVAL)
        return run_tell_unknown(run, text_string(&run->error));
    if (r < 0)
        return run_tell_code(run, "the arguments cannot be read", r);
    if (arguments->help)
        return tell_help(run);
    if (arguments->version)
        return tell_version(run);
    if (run_choose_teller(run) < 0)
        return run->program->hand_over ? hand_over(run, text_string(&run->error))
                                       : run_tell_unknown(run, text_string(&run->error));
    if (arguments->daemon || run->program->of_daemon)
        return ask_daemon(run);
    if (choose_probes(run) < 0)
        return run_tell_unknown(run, text_string(&run->error));
    return load_and_check(run);
}

int check_main(const struct check_program *program, int argc, char **argv)
{
    struct check_run run = {.program = program, .argc = argc, .argv = argv, .began = moment_now()};
    int status = STATUS_UNKNOWN;
    if (check_arguments_init(&run.arguments) < 0) {
        status = run_tell_unknown(&run, "out of memory");
        goto out;
    }
    if (diag_list_init(&run.diags) < 0) {
        status = run_tell_unknown(&run, "out of memory");
        goto out;
    }
    status = run_check(&run);
out:
    diag_list_done(&run.diags);
    check_arguments_done(&run.arguments);
    text_done(&run.error);
    text_done(&run.out);
    return status;
}

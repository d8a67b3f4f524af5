/* The check: from arguments to an exit status. */
#include "arguments.h"

#include "portconform/error.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STATUS_UNKNOWN = 3 };

struct check_run {
    const struct check_program *program;
    int argc;
    char **argv; /* as given, for another program */
    struct check_arguments arguments;
    const struct teller *teller;
    struct moment began;
    struct diag_list diags;
    struct text error; /* of the arguments */
    struct text out;
};

/* --- failures ---------------------------------------------------------------------------------------------------- */

static int print_and_return(struct check_run *run, int status)
{
    int r = check_print(&run->out);
    if (r == 0)
        return status;
    fprintf(stderr, "%s: cannot write: %s\n", run->program->name, pc_strerror(r));
    return STATUS_UNKNOWN;
}

/* In the chosen form, or as the plugin's first line where that has none of its own. */
static void put_failure(struct check_run *run, const char *why)
{
    text_clear(&run->out);
    if (run->teller && run->teller->fail) {
        if (run->teller->fail(&run->out, why) == 0)
            return;
        text_clear(&run->out);
    }
    text_add(&run->out, "PORTCONFORM UNKNOWN - ");
    text_escape_string(&run->out, why, ESCAPE_PLUGIN);
    text_add(&run->out, "\n");
}

static int tell_unknown(struct check_run *run, const char *why)
{
    put_failure(run, why);
    return print_and_return(run, STATUS_UNKNOWN);
}

static int tell_code(struct check_run *run, const char *what, int code)
{
    struct text why = {0};
    text_printf(&why, "%s: %s", what, pc_strerror(code));
    int status = tell_unknown(run, text_string(&why));
    text_done(&why);
    return status;
}

static void add_diag(struct text *out, const struct diag *diag, const char *level)
{
    if (diag->origin.file) {
        text_escape_string(out, diag->origin.file, ESCAPE_PLUGIN);
        if (diag->origin.line > 0)
            text_printf(out, ":%u", diag->origin.line);
        if (diag->origin.line > 0 && diag->origin.column > 0)
            text_printf(out, ":%u", diag->origin.column);
        text_add(out, ": ");
    }
    text_add(out, level);
    text_escape_string(out, diag->message, ESCAPE_PLUGIN);
}

static const struct diag *first_error(const struct diag_list *diags)
{
    for (size_t i = 0; i < diags->count; i++)
        if (diags->items[i].level == DIAG_ERROR)
            return &diags->items[i];
    return NULL;
}

static void put_first_error(struct check_run *run, const struct diag *first)
{
    struct text why = {0};
    add_diag(&why, first, "");
    if (first->hint)
        text_printf(&why, "; %s", first->hint);
    if (run->diags.errors > 1)
        text_printf(&why, " (and %zu more)", run->diags.errors - 1);
    put_failure(run, text_string(&why));
    text_done(&why);
}

/* The first error with its place stands on the first line, all of them below at -v. A person at a terminal gets them
 * on stderr anyway, as lint prints them. */
static int tell_rejected(struct check_run *run, int code)
{
    static const char *const levels[] = {
        [DIAG_NOTE] = "note: ", [DIAG_WARNING] = "warning: ", [DIAG_ERROR] = "error: "};
    diag_list_sort(&run->diags);
    const struct diag *first = first_error(&run->diags);
    if (!first)
        return tell_code(run, "the configuration cannot be used", code);
    put_first_error(run, first);
    bool for_people = run->teller == &teller_text;
    bool below = !run->teller->fail && run->arguments.tell.verbose > 0;
    for (size_t i = 0; i < run->diags.count; i++) {
        const struct diag *diag = &run->diags.items[i];
        if (for_people) {
            diag_print(diag, stderr);
        } else if (below) {
            add_diag(&run->out, diag, levels[diag->level]);
            text_add(&run->out, "\n");
        }
    }
    return print_and_return(run, STATUS_UNKNOWN);
}

static int hand_over(struct check_run *run, const char *why)
{
    if (!run->program->hand_over)
        return tell_unknown(run, why);
    int r = run->program->hand_over(run->argc, run->argv);
    struct text reason = {0};
    text_printf(&reason, "%s; the program portconform would do it, but cannot be run: %s", why, pc_strerror(r));
    int status = tell_unknown(run, text_string(&reason));
    text_done(&reason);
    return status;
}

/* --- help -------------------------------------------------------------------------------------------------------- */

static int tell_help(struct check_run *run)
{
    unsigned users = run->program->initial == &teller_text ? OPTION_PLUGIN | OPTION_TEXT : OPTION_PLUGIN;
    text_printf(&run->out, "Usage: %s -C PATH [-H HOST] [option ...]\n", run->program->name);
    text_add(&run->out, "Compares who listens and what passes with what port guides and the site demand.\n");
    options_help(check_options, users, &run->out);
    return print_and_return(run, run->program->help_status);
}

static int tell_version(struct check_run *run)
{
    text_printf(&run->out, "%s %s\n", run->program->name, PC_VERSION);
    return print_and_return(run, run->program->help_status);
}

/* --- what was asked for ------------------------------------------------------------------------------------------ */

static int choose_teller(struct check_run *run)
{
    const char *wanted = run->arguments.format;
    const char *names[16] = {NULL};
    size_t count = 0;
    run->teller = wanted ? NULL : run->program->initial;
    for (const struct teller *const *teller = run->program->tellers; *teller && count < 15; teller++) {
        names[count++] = (*teller)->name;
        if (wanted && strcmp((*teller)->name, wanted) == 0)
            run->teller = *teller;
    }
    return run->teller ? 0 : options_unknown(&run->error, "form", wanted, names);
}

static int check_words(struct check_run *run, const char *what, const struct word_list *words,
                       const char *const known[])
{
    for (size_t i = 0; i < words->count; i++) {
        size_t k = 0;
        while (known[k] && strcmp(known[k], words->items[i]) != 0)
            k++;
        if (!known[k])
            return options_unknown(&run->error, what, words->items[i], known);
    }
    return 0;
}

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
    int r = check_words(run, "guide", &run->arguments.guides, guide_names);
    return r < 0 ? r : check_words(run, "component", &run->arguments.components, component_names);
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

/* The answer has to be out before whoever called us loses patience. */
static int64_t deadline_of(const struct check_run *run)
{
    int64_t all_ms = (int64_t)run->arguments.timeout_s * 1000;
    int64_t margin_ms = all_ms / 20 < 1000 ? all_ms / 20 : 1000;
    return run->began.mono_ms + all_ms - margin_ms;
}

static int tell_snapshot(struct check_run *run, const struct plan *plan, const struct snapshot *snapshot,
                         size_t undecided)
{
    struct tell_options *options = &run->arguments.tell;
    struct text trouble = {0};
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
    options->trouble = NULL;
    text_done(&trouble);
    return r < 0 ? tell_code(run, "the result cannot be told", r) : print_and_return(run, status);
}

static int look_and_tell(struct check_run *run, const struct plan *plan)
{
    struct check_progress progress;
    check_progress_begin(&progress, run->teller == &teller_text);
    struct cycle_options options = {
        .probes = run->program->probes,
        .deadline_mono_ms = deadline_of(run),
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
        return tell_code(run, "the check could not be made", r);
    int status = nothing_was_seen(plan, judgement.snapshot)
                     ? tell_unknown(run, "nothing is looked at: nothing is probed, and no listeners are read")
                     : tell_snapshot(run, plan, judgement.snapshot, cycle_undecided(cycle));
    judgement_done(&judgement);
    cycle_free(cycle);
    return status;
}

static int check_planned(struct check_run *run, const struct check_site *site)
{
    int r = check_filter(run, site->config);
    if (r == -EINVAL)
        return tell_unknown(run, text_string(&run->error));
    if (r < 0)
        return tell_code(run, "the check could not be made", r);
    if (demands_nothing(site->plan))
        return tell_unknown(run, run->arguments.host ? "nothing is expected of this host: it has no role, no expect "
                                                       "entry, and is not exclusive"
                                                     : "nothing is expected of any host of this site");
    if (!run->arguments.no_probes && cycle_needs_other_kinds(site->plan, run->program->probes))
        if (run->program->hand_over)
            return hand_over(run, "a probe or listener source is needed that this program lacks");
    return look_and_tell(run, site->plan);
}

static int load_and_check(struct check_run *run)
{
    struct check_lookup lookup = {.deadline_mono_ms = deadline_of(run)};
    struct check_site_request request = {
        .path = run->arguments.config,
        .guide_dirs = run->arguments.guide_dirs.items,
        .host = run->arguments.host,
        .vantage = run->arguments.vantage,
        .lookup = run->program->lookup,
        .lookup_context = &lookup,
    };
    struct check_site site = {NULL, NULL};
    int r = check_site_open(&request, &site, &run->diags);
    if (r == PC_ENAMES)
        return hand_over(run, "the site uses DNS names");
    if (r < 0)
        return tell_rejected(run, r);
    int status = check_planned(run, &site);
    check_site_done(&site);
    return status;
}

static int run_check(struct check_run *run)
{
    int r = check_arguments_parse(&run->arguments, run->argc, run->argv, &run->error);
    if (r == -EINVAL)
        return tell_unknown(run, text_string(&run->error));
    if (r < 0)
        return tell_code(run, "the arguments cannot be read", r);
    if (run->arguments.help)
        return tell_help(run);
    if (run->arguments.version)
        return tell_version(run);
    if (choose_teller(run) < 0)
        return run->program->hand_over ? hand_over(run, text_string(&run->error))
                                       : tell_unknown(run, text_string(&run->error));
    return load_and_check(run);
}

int check_main(const struct check_program *program, int argc, char **argv)
{
    struct check_run run = {.program = program, .argc = argc, .argv = argv, .began = moment_now()};
    int status = STATUS_UNKNOWN;
    if (check_arguments_init(&run.arguments) < 0) {
        status = tell_unknown(&run, "out of memory");
        goto out;
    }
    if (diag_list_init(&run.diags) < 0) {
        status = tell_unknown(&run, "out of memory");
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

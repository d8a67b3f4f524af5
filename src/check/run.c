/* Failures of a check, its form and its deadline: what looking and asking a daemon have in common. */
#include "run.h"

#include "portconform/error.h"
#include <stdio.h>
#include <string.h>

int run_print(struct check_run *run, int status)
{
    if (run->silent)
        return run->out.failed ? STATUS_UNKNOWN : status;
    int r = check_print(&run->out);
    if (r == 0)
        return status;
    fprintf(stderr, "%s: cannot write: %s\n", run->program->name, pc_strerror(r));
    return STATUS_UNKNOWN;
}

void run_put_line(struct check_run *run, enum severity severity, const char *why)
{
    text_printf(&run->out, "PORTCONFORM %s - ", severity_name(severity));
    text_escape_string(&run->out, why, ESCAPE_PLUGIN);
    text_add(&run->out, "\n");
}

void run_put_failure(struct check_run *run, const char *why)
{
    text_clear(&run->out);
    if (run->teller && run->teller->fail) {
        if (run->teller->fail(&run->out, why) == 0)
            return;
        text_clear(&run->out);
    }
    run_put_line(run, SEVERITY_UNKNOWN, why);
}

int run_tell_unknown(struct check_run *run, const char *why)
{
    run_put_failure(run, why);
    return run_print(run, STATUS_UNKNOWN);
}

int run_tell_unseen(struct check_run *run)
{
    return run_tell_unknown(run, "nothing that is expected can be seen: nothing is probed, and no table of listeners "
                                 "tells of it");
}

int run_tell_code(struct check_run *run, const char *what, int code)
{
    struct text why = {0};
    text_printf(&why, "%s: %s", what, pc_strerror(code));
    int status = run_tell_unknown(run, text_string(&why));
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
    run_put_failure(run, text_string(&why));
    text_done(&why);
}

/* The first error with its place stands on the first line, all of them below at -v. A person at a terminal gets them
 * on stderr anyway, as lint prints them. */
int run_tell_rejected(struct check_run *run, int code)
{
    static const char *const levels[] = {
        [DIAG_NOTE] = "note: ", [DIAG_WARNING] = "warning: ", [DIAG_ERROR] = "error: "};
    diag_list_sort(&run->diags);
    const struct diag *first = first_error(&run->diags);
    if (!first)
        return run_tell_code(run, "the configuration cannot be used", code);
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
    return run_print(run, STATUS_UNKNOWN);
}

int run_choose_teller(struct check_run *run)
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

int64_t run_deadline(const struct check_run *run)
{
    int64_t all_ms = (int64_t)run->arguments.timeout_s * 1000;
    int64_t margin_ms = all_ms / 20 < 1000 ? all_ms / 20 : 1000;
    return run->began.mono_ms + all_ms - margin_ms;
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

int run_check_filter(struct check_run *run, const char *const *guides, const char *const *components)
{
    int r = check_words(run, "guide", &run->arguments.guides, guides);
    return r < 0 ? r : check_words(run, "component", &run->arguments.components, components);
}

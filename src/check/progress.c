/* "checking  612 of 1,840 flows, 3 hosts left, about 4 s": one line on a terminal, gone when the answer comes. */
#include "portconform/check.h"
#include "portconform/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 700, EVERY_MS = 200 }; /* a short check shows nothing */

static const char erase[] = "\r\033[K";

void check_progress_begin(struct check_progress *progress, bool wanted)
{
    const char *terminal = getenv("TERM");
    bool can = isatty(STDERR_FILENO) == 1 && terminal && strcmp(terminal, "dumb") != 0;
    *progress = (struct check_progress){.on = wanted && can, .began_ms = moment_now().mono_ms};
}

static void format_line(struct text *out, const struct cycle_progress *now, int64_t elapsed_ms)
{
    text_add(out, "checking  ");
    text_add_grouped(out, now->done);
    text_add(out, " of ");
    text_add_grouped(out, now->total);
    text_add(out, " flows");
    if (now->hosts_left > 0) {
        text_add(out, ", ");
        text_add_grouped(out, now->hosts_left);
        text_add(out, now->hosts_left == 1 ? " host left" : " hosts left");
    }
    if (now->done > 0 && now->done < now->total) {
        int64_t left_ms = elapsed_ms * (int64_t)(now->total - now->done) / (int64_t)now->done;
        text_printf(out, ", about %" PRId64 " s", left_ms / 1000 + 1);
    }
}

void check_progress_show(void *context, const struct cycle_progress *now)
{
    struct check_progress *progress = context;
    if (!progress->on)
        return;
    int64_t at_ms = moment_now().mono_ms;
    if (at_ms - progress->began_ms < PATIENCE_MS || at_ms - progress->last_ms < EVERY_MS)
        return;
    progress->last_ms = at_ms;
    progress->shown = true;
    struct text line = {0};
    format_line(&line, now, at_ms - progress->began_ms);
    fprintf(stderr, "%s%s", erase, text_string(&line));
    fflush(stderr);
    text_done(&line);
}

void check_progress_end(struct check_progress *progress)
{
    if (progress->shown)
        fputs(erase, stderr);
    progress->shown = false;
}

/* The same check, asked of the daemon: the arguments go there as they are, the answer comes back as it is to be told.
 */
#include "run.h"

#include "portconform/control.h"
#include "portconform/error.h"
#include <string.h>

static int tell_no_answer(struct check_run *run, int code)
{
    const struct tell_options *options = &run->arguments.tell;
    if (code != PC_EDEADLINE || !options->trouble_severity_given || run->teller->fail)
        return run_tell_unknown(run, text_string(&run->error));
    text_clear(&run->out);
    run_put_line(run, options->trouble_severity, text_string(&run->error));
    return run_print(run, severity_exit_status(options->trouble_severity));
}

static int take_answer(struct check_run *run, struct control_frame *frame)
{
    if (frame->kind == CONTROL_ERROR)
        return run_tell_unknown(run, text_string(&frame->text));
    text_clear(&run->out);
    text_add_n(&run->out, text_string(&frame->text), frame->text.length);
    return run_print(run, frame->status);
}

int ask_daemon(struct check_run *run)
{
    const struct check_arguments *arguments = &run->arguments;
    bool people = run->teller == &teller_text;
    struct control_request request = {
        .socket = arguments->socket,
        .command = run->program->initial == &teller_text ? "findings" : "check",
        .columns = people ? check_columns() : 0,
        .colour = people && check_colour_wanted(arguments->colour),
        .words = (const char *const *)(arguments->argv + 1),
        .deadline_mono_ms = run_deadline(run),
    };
    if (arguments->watch && run->program->watch && people)
        return run->program->watch(&request, arguments->colour);
    if (arguments->watch)
        return run_tell_unknown(run, "--watch shows the text form alone");
    struct control_frame frame = {0};
    int r = control_ask(&request, &frame, &run->error);
    int status = r < 0 ? tell_no_answer(run, r) : take_answer(run, &frame);
    text_done(&frame.text);
    return status;
}

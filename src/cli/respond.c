/* respond: opens the ports that a host is to have, for a while, and answers the probes of the acceptance test. */
#include "responding.h"

#include "portconform/error.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { DESCRIPTORS_KEPT = 320 }; /* for connections, and what else a process needs */

/* --- running ------------------------------------------------------------------------------------------------------ */

static int serve(const struct respond *respond, int signals, struct moment began)
{
    const int64_t end_ms = began.mono_ms + (int64_t)respond->arguments->duration_s * 1000;
    struct pollfd ready[] = {{.fd = signals, .events = POLLIN},
                             {.fd = responder_fd(respond->responder), .events = POLLIN}};
    struct moment now = began;
    while (now.mono_ms < end_ms) {
        int64_t next_ms = responder_next_ms(respond->responder);
        int64_t wait_ms = (next_ms < end_ms ? next_ms : end_ms) - now.mono_ms;
        if (poll(ready, 2, wait_ms < 0 ? 0 : (int)wait_ms) < 0 && errno != EINTR)
            return -errno;
        if (ready[0].revents != 0)
            break;
        now = moment_now();
        responder_step(respond->responder, now);
    }
    return 0;
}

/* As many as the hard limit allows, beyond those that whoever started us left open. */
static void raise_descriptors(struct respond *respond)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0 && getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    int next = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (next >= 0)
        close(next);
    rlim_t kept = (rlim_t)DESCRIPTORS_KEPT + (rlim_t)(next < 0 ? 0 : next);
    respond->descriptors_left = files.rlim_cur > kept ? (size_t)(files.rlim_cur - kept) : 0;
}

static int fail_without_ports(const struct respond *respond)
{
    struct text why = {0};
    respond_tell_shut(respond, &why);
    int status = why.length > 0 ? cli_fail("respond: no port of %s could be opened", respond->host->host->name)
                                : cli_fail("respond: nobody is to reach any port of %s", respond->host->host->name);
    fputs(text_string(&why), stderr); /* a line each, escaped already */
    text_done(&why);
    return status;
}

static int run(struct respond *respond)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, 0};
    int signals = -1, status = STATUS_UNKNOWN;
    size_t ports = respond->host->address_count * 2 * (UINT16_MAX + 1);
    respond->tried = calloc(ports / 8 + 1, 1);
    respond->open = calloc(ports / 8 + 1, 1);
    respond->reached = calloc(ports / 8 + 1, 1);
    respond->absent = calloc(respond->host->address_count + 1, sizeof(*respond->absent));
    bool room = respond->tried && respond->open && respond->reached && respond->absent;
    int result = room ? 0 : -ENOMEM;
    raise_descriptors(respond);
    if (result == 0)
        result = responder_new(respond->host->host->name, &respond->key, &respond->responder);
    if (result == 0)
        result = signals = cli_signals(ends);
    if (result >= 0)
        result = respond_open_ports(respond);
    struct moment began = moment_now();
    if (result < 0) {
        status = cli_fail("respond: %s", pc_strerror(result));
    } else if (respond->opened == 0) {
        status = fail_without_ports(respond);
    } else if (respond_tell_begin(respond, began) == 0) {
        result = serve(respond, signals, began);
        status = result < 0 ? cli_fail("respond: %s", pc_strerror(result)) : respond_tell_end(respond);
    }
    if (signals >= 0)
        close(signals);
    responder_free(respond->responder);
    free(respond->tried);
    free(respond->open);
    free(respond->reached);
    free(respond->absent);
    text_done(&respond->refusals);
    text_done(&respond->forbidden_first);
    return status;
}

static int open_and_run(struct respond *respond, struct diag_list *diags)
{
    enum { LOOKUP_MS = 10000 };
    struct check_lookup lookup = {.deadline_mono_ms = moment_now().mono_ms + LOOKUP_MS};
    struct check_site_request request = {
        .path = respond->arguments->config,
        .guide_dirs = respond->arguments->guide_dirs,
        .host = respond->arguments->host,
        .acceptance = true,
        .lookup = cli_lookup,
        .lookup_context = &lookup,
    };
    struct check_site site = {NULL, NULL};
    int result = check_site_open(&request, &site, diags);
    if (result < 0)
        return cli_rejected(diags, result);
    respond->host = &site.plan->hosts[0];
    int status = run(respond);
    check_site_done(&site);
    return status;
}

int cli_acceptance_key(const char *path, struct acceptance_key *ret, struct text *error)
{
    int result = acceptance_key_read(path, ret);
    if (result == 0)
        return 0;
    text_printf(error, "the key file %s ", path);
    if (result == -EPERM)
        text_printf(error, "can be read by others than its owner: chmod 600 %s", path);
    else if (result == PC_ESYNTAX)
        text_add(error, "does not hold 64 hexadecimal digits: `portconform respond --make-key FILE` makes one");
    else
        text_printf(error, "cannot be read: %s", pc_strerror(result));
    return result;
}

static int make_key(const char *path)
{
    struct text out = {0};
    int result = acceptance_key_make(path);
    if (result < 0)
        return cli_fail("respond: the key cannot be written to %s: %s", path, pc_strerror(result));
    text_printf(&out, "%s holds a new key; copy it to the hosts that answer and to where you check from\n", path);
    return cli_finish(&out, STATUS_OK);
}

static int respond_with_key(const struct cli_arguments *arguments)
{
    struct respond respond = {.arguments = arguments};
    struct text error = {0};
    struct diag_list diags;
    if (cli_acceptance_key(arguments->key, &respond.key, &error) < 0) {
        int status = cli_fail("respond: %s", text_string(&error));
        text_done(&error);
        return status;
    }
    if (diag_list_init(&diags) < 0)
        return cli_fail("out of memory");
    int status = open_and_run(&respond, &diags);
    diag_list_done(&diags);
    explicit_bzero(&respond.key, sizeof(respond.key));
    return status;
}

int command_respond(const struct command *command, int argc, char **argv)
{
    struct cli_arguments arguments;
    int status = cli_arguments_read(command, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    if (arguments.operand_count > 0)
        status = cli_fail("respond: \"%s\" stands alone; a host is given by -H", arguments.operands[0]);
    else if (arguments.make_key != NULL)
        status = make_key(arguments.make_key);
    else if (arguments.host == NULL || arguments.key == NULL)
        status = cli_fail("respond: which host does this machine stand for? -H HOST and --key FILE are needed");
    else
        status = respond_with_key(&arguments);
    cli_arguments_done(&arguments);
    return status;
}

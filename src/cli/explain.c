/* explain: one port of one host, told to somebody who has to act. */
#include "command.h"

#include "portconform/collect.h"
#include "portconform/error.h"
#include "portconform/number.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct asked_port {
    enum transport transport;
    uint16_t port;
};

/* "31000", "31000/udp", "tcp/31000" */
static int parse_port(const char *word, struct asked_port *ret)
{
    static const struct {
        const char *before, *after;
        enum transport transport;
    } forms[] = {
        {"tcp/", "", TRANSPORT_TCP}, {"udp/", "", TRANSPORT_UDP}, {"", "/tcp", TRANSPORT_TCP},
        {"", "/udp", TRANSPORT_UDP}, {"", "", TRANSPORT_TCP},
    };
    size_t length = strlen(word);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t before = strlen(forms[i].before);
        size_t after = strlen(forms[i].after);
        char digits[8];
        if (length < before + after || length - before - after >= sizeof(digits) ||
            strncmp(word, forms[i].before, before) != 0 || strcmp(word + length - after, forms[i].after) != 0)
            continue;
        snprintf(digits, sizeof(digits), "%.*s", (int)(length - before - after), word + before);
        int64_t port = 0;
        if (number_parse(digits, 1, UINT16_MAX, &port) < 0)
            return -EINVAL;
        *ret = (struct asked_port){forms[i].transport, (uint16_t)port};
        return 0;
    }
    return -EINVAL;
}

/* The finding that the port comes under: that of its expectation, of its group, or of an unexpected listener; the
 * whole host's where it is down. */
static enum severity severity_of(const struct snapshot *snapshot, const struct plan_host *host,
                                 const struct asked_port *asked)
{
    const struct expectation *expectation = plan_host_find(host, asked->transport, asked->port);
    enum severity worst = SEVERITY_OK;
    for (size_t b = 0; b < snapshot->block_count; b++) {
        const struct finding_block *block = snapshot->blocks[b];
        if (!block->host || strcmp(block->host, host->host->name) != 0)
            continue;
        for (size_t i = 0; i < block->count; i++) {
            const struct finding *finding = &block->items[i];
            bool whole_host = !finding->ports;
            bool expected =
                expectation && (strcmp(finding->key, expectation->key) == 0 ||
                                (expectation->group_key && strcmp(finding->key, expectation->group_key) == 0));
            bool unexpected = finding->verdict == VERDICT_UNEXPECTED && finding->transport == asked->transport &&
                              finding->port == asked->port;
            if ((whole_host || expected || unexpected) && !finding->waived && finding->severity > worst)
                worst = finding->severity;
        }
    }
    return worst;
}

static int look_and_tell(const struct cli_arguments *arguments, const struct plan *plan, const struct asked_port *asked)
{
    struct check_progress progress;
    check_progress_begin(&progress, true);
    struct cycle_options options = {
        .probes = probe_choices_all,
        .remote = &collector_source,
        .deadline_mono_ms = moment_now().mono_ms + (int64_t)arguments->timeout_s * 1000,
        .mode = JUDGE_ONE_SHOT,
        .owners = true,
        .progress = check_progress_show,
        .progress_context = &progress,
    };
    struct cycle *cycle = NULL;
    struct judgement judgement = {.snapshot = NULL};
    int r = cycle_run(plan, &options, &cycle, &judgement);
    check_progress_end(&progress);
    if (r < 0)
        return cli_fail("the check could not be made: %s", pc_strerror(r));
    struct tell_options tell = {
        .verbose = 1,
        .colour = check_colour_wanted(arguments->colour),
        .columns = check_columns(),
    };
    struct text out = {0};
    const struct plan_host *host = &plan->hosts[0];
    r = tell_explain(&out, plan, host, cycle_observations(cycle), judgement.snapshot, asked->transport, asked->port,
                     &tell);
    int status = severity_exit_status(severity_of(judgement.snapshot, host, asked));
    judgement_done(&judgement);
    cycle_free(cycle);
    if (r == 0)
        return cli_finish(&out, status);
    text_done(&out);
    return cli_fail("the result cannot be told: %s", pc_strerror(r));
}

static int open_and_look(const struct cli_arguments *arguments, const struct asked_port *asked, struct diag_list *diags)
{
    struct check_lookup lookup = {.deadline_mono_ms = moment_now().mono_ms + (int64_t)arguments->timeout_s * 1000};
    struct check_site_request request = {
        .path = arguments->config,
        .guide_dirs = arguments->guide_dirs,
        .host = arguments->operands[0],
        .read_all = true,
        .vantage = arguments->vantage,
        .lookup = cli_lookup,
        .lookup_context = &lookup,
    };
    struct check_site site = {NULL, NULL};
    int r = check_site_open(&request, &site, diags);
    if (r < 0)
        return cli_rejected(diags, r);
    int status = look_and_tell(arguments, site.plan, asked);
    check_site_done(&site);
    return status;
}

int command_explain(const struct command *command, int argc, char **argv)
{
    struct cli_arguments arguments;
    int status = cli_arguments_read(command, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    struct diag_list diags;
    struct asked_port asked;
    if (arguments.operand_count != 2) {
        status = cli_fail("explain needs a host and a port: portconform explain %s", command->usage);
    } else if (parse_port(arguments.operands[1], &asked) < 0) {
        status = cli_fail("explain: \"%s\" is not a port; 31000, 31000/tcp or 161/udp is", arguments.operands[1]);
    } else if (diag_list_init(&diags) < 0) {
        status = cli_fail("out of memory");
    } else {
        status = open_and_look(&arguments, &asked, &diags);
        diag_list_done(&diags);
    }
    cli_arguments_done(&arguments);
    return status;
}

/* respond: opens the ports that a host is to have, for a while, and answers the probes of the acceptance test. */
#include "command.h"

#include "portconform/error.h"
#include "portconform/number.h"
#include "portconform/respond.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STATUS_NOT_REACHED = 1 };
enum { DESCRIPTORS_KEPT = 320 }; /* for connections, and what else a process needs */
enum { TOLD_MOST = 40 };         /* lines of a kind */

struct respond {
    const struct cli_arguments *arguments;
    struct acceptance_key key;
    const struct plan_host *host;
    struct responder *responder;
    uint8_t *tried, *open, *reached; /* a bit each for every address, transport and port */
    size_t descriptors_left;         /* to be used for ports */
    size_t opened, refused;          /* ports */
    size_t left_out, waiting;        /* ports without descriptor; rules whose parameter has no value */
    bool *absent;                    /* by address: it is not this machine's */
    struct text refusals;            /* lines */
};

/* --- which ports -------------------------------------------------------------------------------------------------- */

static size_t bit_place(size_t address, enum transport transport, uint16_t port)
{
    return (address * 2 + (transport == TRANSPORT_UDP)) * (UINT16_MAX + 1) + port;
}

static bool bit_get(const uint8_t *bits, size_t place)
{
    return bits[place / 8] >> (place % 8) & 1;
}

static void bit_set(uint8_t *bits, size_t place)
{
    bits[place / 8] |= (uint8_t)(1u << (place % 8));
}

static void note_refusal(struct respond *respond, const struct address *address, enum transport transport,
                         uint16_t port, int error)
{
    char at[ADDRESS_TEXT + 8];
    if (++respond->refused > TOLD_MOST)
        return;
    text_printf(&respond->refusals, "  %s %s: %s\n", transport_name(transport),
                address_format_port(address, port, at, sizeof(at)),
                error == -EADDRINUSE ? "in use, left to whoever has it" : pc_strerror(error));
}

/* 0, or an error that stops everything. */
static int open_port(struct respond *respond, size_t index, enum transport transport, uint16_t port)
{
    const struct address *address = &respond->host->addresses[index].address;
    size_t place = bit_place(index, transport, port);
    if (respond->absent[index] || bit_get(respond->tried, place))
        return 0;
    bit_set(respond->tried, place);
    if (respond->descriptors_left == 0) {
        respond->left_out++;
        return 0;
    }
    int result = responder_listen(respond->responder, transport, address, port);
    if (result == -ENOMEM)
        return result;
    if (result == -EADDRNOTAVAIL) {
        respond->absent[index] = true;
    } else if (result == -EMFILE || result == -ENFILE) {
        respond->descriptors_left = 0;
        respond->left_out++;
    } else if (result < 0) {
        note_refusal(respond, address, transport, port, result);
    } else {
        bit_set(respond->open, place);
        respond->opened++;
        respond->descriptors_left--;
    }
    return 0;
}

static bool is_wanted(const struct expectation *expectation)
{
    return !expectation->unset && !expectation->rule->multicast && expectation->rule->scope != SCOPE_HOST;
}

/* What a check probes, samples of large ranges included. */
static int open_flows(struct respond *respond, const struct expectation *expectation)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < expectation->flow_count; i++)
        result =
            open_port(respond, expectation->flows[i].address, expectation->range.transport, expectation->flows[i].port);
    return result;
}

static int open_range(struct respond *respond, const struct expectation *expectation)
{
    const struct port_range *range = &expectation->range;
    int result = 0;
    for (size_t i = 0; i < expectation->address_count; i++)
        for (unsigned port = range->low; result == 0 && port <= range->high; port += range->step)
            result = open_port(respond, expectation->addresses[i], range->transport, (uint16_t)port);
    return result;
}

/* The samples of all ranges come before the rest of any: a check needs those. */
static int open_ports(struct respond *respond)
{
    static int (*const passes[])(struct respond *, const struct expectation *) = {open_flows, open_range};
    int result = 0;
    for (size_t pass = 0; pass < sizeof(passes) / sizeof(passes[0]); pass++) {
        for (size_t i = 0; result == 0 && i < respond->host->expectation_count; i++) {
            const struct expectation *expectation = &respond->host->expectations[i];
            if (is_wanted(expectation))
                result = passes[pass](respond, expectation);
            else if (pass == 0 && expectation->unset)
                respond->waiting++;
        }
    }
    return result;
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

static void tell_left_out(const struct respond *respond, struct text *out)
{
    char address[ADDRESS_TEXT];
    for (size_t i = 0; i < respond->host->address_count; i++)
        if (respond->absent[i])
            text_printf(out, "  %s: not an address of this machine\n",
                        address_format(&respond->host->addresses[i].address, address, sizeof(address)));
    if (respond->refused > 0)
        text_add(out, text_string(&respond->refusals));
    if (respond->refused > TOLD_MOST)
        text_printf(out, "  and %zu more\n", respond->refused - TOLD_MOST);
    if (respond->left_out > 0)
        text_printf(out, "  %zu ports stay shut: the limit of open files (ulimit -n) is reached\n", respond->left_out);
    if (respond->waiting > 0) {
        text_add(out, "  ");
        text_add_count(out, respond->waiting, "rule");
        text_add(out, respond->waiting == 1 ? " waits" : " wait");
        text_add(out, " for a parameter without value (portconform lint names it)\n");
    }
}

static int tell_begin(const struct respond *respond, struct moment now)
{
    struct text out = {0};
    char until[CLOCK_TEXT];
    text_printf(&out, "%s answers on ", respond->host->host->name);
    text_add_count(&out, respond->opened, "port");
    text_printf(&out, " until %s; Ctrl-C ends it before\n",
                clock_format_time(now.wall_ms + (int64_t)respond->arguments->duration_s * 1000, until, sizeof(until)));
    tell_left_out(respond, &out);
    int result = check_print(&out);
    text_done(&out);
    return result;
}

/* Calls without the key, and which ports were reached with it. */
static uint64_t count_calls(struct respond *respond)
{
    size_t count;
    uint64_t others = 0;
    const struct responder_port *ports = responder_ports(respond->responder, &count);
    for (size_t i = 0; i < count; i++) {
        others += ports[i].others;
        for (size_t a = 0; ports[i].proven > 0 && a < respond->host->address_count; a++)
            if (address_equal(&ports[i].address, &respond->host->addresses[a].address))
                bit_set(respond->reached, bit_place(a, ports[i].transport, ports[i].port));
    }
    return others;
}

/* What a check asks of an item: all its ports, or the samples of a large range. */
struct item_tally {
    size_t asked, reached; /* of those that are open */
    const struct flow *first_missing;
};

static struct item_tally tally_item(const struct respond *respond, const struct expectation *expectation)
{
    struct item_tally tally = {0};
    for (size_t i = 0; i < expectation->flow_count; i++) {
        const struct flow *flow = &expectation->flows[i];
        size_t place = bit_place(flow->address, expectation->range.transport, flow->port);
        if (!bit_get(respond->open, place))
            continue;
        tally.asked++;
        if (bit_get(respond->reached, place))
            tally.reached++;
        else if (tally.first_missing == NULL)
            tally.first_missing = flow;
    }
    return tally;
}

static void tell_missing(const struct respond *respond, const struct expectation *expectation,
                         const struct item_tally *tally, struct text *out)
{
    char range[PORT_RANGE_TEXT], at[ADDRESS_TEXT + 8];
    const struct address *address = &respond->host->addresses[tally->first_missing->address].address;
    text_printf(out, "  %s %-14s ", transport_name(expectation->range.transport),
                port_range_format(&expectation->range, range, sizeof(range)));
    if (tally->reached == 0)
        text_add(out, "never reached");
    else
        text_printf(out, "%zu of %zu reached", tally->reached, tally->asked);
    text_printf(out, ", the first not: %s", address_format_port(address, tally->first_missing->port, at, sizeof(at)));
    text_printf(out, "   [%s]\n", expectation->rule->id);
}

static int tell_end(struct respond *respond)
{
    struct text out = {0}, missing = {0};
    size_t items = 0, complete = 0;
    uint64_t others = count_calls(respond);
    for (size_t i = 0; i < respond->host->expectation_count; i++) {
        const struct expectation *expectation = &respond->host->expectations[i];
        if (!is_wanted(expectation))
            continue;
        struct item_tally tally = tally_item(respond, expectation);
        items += tally.asked > 0;
        complete += tally.asked > 0 && tally.reached == tally.asked;
        if (tally.reached < tally.asked)
            tell_missing(respond, expectation, &tally, &missing);
    }
    text_printf(&out, "%zu of %zu port items were reached with the key", complete, items);
    if (others > 0)
        text_printf(&out, "; %llu calls came without it, and got no answer", (unsigned long long)others);
    text_printf(&out, "\n%s", text_string(&missing));
    text_done(&missing);
    return cli_finish(&out, complete < items ? STATUS_NOT_REACHED : STATUS_OK);
}

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

static void raise_descriptors(struct respond *respond)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0 && getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    respond->descriptors_left = files.rlim_cur > DESCRIPTORS_KEPT ? (size_t)files.rlim_cur - DESCRIPTORS_KEPT : 0;
}

static int fail_without_ports(const struct respond *respond)
{
    struct text why = {0};
    tell_left_out(respond, &why);
    int status = cli_fail("respond: no port of %s could be opened", respond->host->host->name);
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
        result = open_ports(respond);
    struct moment began = moment_now();
    if (result < 0) {
        status = cli_fail("respond: %s", pc_strerror(result));
    } else if (respond->opened == 0) {
        status = fail_without_ports(respond);
    } else if (tell_begin(respond, began) == 0) {
        result = serve(respond, signals, began);
        status = result < 0 ? cli_fail("respond: %s", pc_strerror(result)) : tell_end(respond);
    }
    if (signals >= 0)
        close(signals);
    responder_free(respond->responder);
    free(respond->tried);
    free(respond->open);
    free(respond->reached);
    free(respond->absent);
    text_done(&respond->refusals);
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

/* adopt: which roles of which guides the listeners of a host fit, as a file for hosts.d that a person reads first. */
#include "command.h"

#include "portconform/adopt.h"
#include "portconform/error.h"
#include "portconform/file.h"
#include "portconform/listeners.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_NOTHING_FITS = 1, RECORDING_MAX = 16 << 20, NAME_TEXT = 256, DAY_LENGTH = 10 };

/* --- what is looked at ------------------------------------------------------------------------------------------- */

struct looked {
    struct listener_table *listeners;
    struct address *addresses;
    size_t address_count;
    char source[NAME_TEXT]; /* for people */
};

static int read_recording(const char *path, struct looked *ret)
{
    struct diag_list diags;
    char *content = NULL;
    size_t length = 0;
    int r = diag_list_init(&diags);
    if (r < 0)
        return cli_fail("out of memory");
    int status = CLI_GO_ON;
    r = file_read(path, RECORDING_MAX, &content, &length);
    if (r == 0 && strlen(content) != length)
        r = PC_ESYNTAX;
    if (r < 0)
        status = cli_fail("adopt: %s: %s", path, pc_strerror(r));
    else if ((r = recording_parse(content, path, moment_now(), &ret->listeners, &diags)) < 0)
        status = cli_rejected(&diags, r);
    free(content);
    diag_list_done(&diags);
    snprintf(ret->source, sizeof(ret->source), "the recording %s", path);
    return status;
}

static int read_kernel(const char *netns, struct looked *ret)
{
    struct listener_request request = {.netns = netns, .owners = true, .now = moment_now()};
    const struct listener_source *kernel = listener_source_find("kernel");
    int r = kernel ? kernel->collect(&request, &ret->listeners) : PC_EKIND;
    if (r == 0 && !ret->listeners)
        r = -ENOMEM;
    if (r == 0 && ret->listeners->status == LISTENERS_FAILED)
        r = ret->listeners->error;
    if (r < 0)
        return cli_fail("adopt: the kernel's listeners cannot be read: %s", pc_strerror(r));
    snprintf(ret->source, sizeof(ret->source), "the kernel of this machine%s%s", netns ? ", namespace " : "",
             netns ? netns : "");
    return CLI_GO_ON;
}

/* Addresses by which others reach the host: neither loopback nor link-local. */
static bool is_reachable(const struct address *address)
{
    enum { LINK_LOCAL_0 = 0xfe, LINK_LOCAL_1 = 0x80, LINK_LOCAL_BITS = 0xc0 };
    bool link_local = address->family == AF_INET6 && address->octets[0] == LINK_LOCAL_0 &&
                      (address->octets[1] & LINK_LOCAL_BITS) == LINK_LOCAL_1;
    return !link_local && !address_is_loopback(address) && !address_is_wildcard(address);
}

/* Keeps what is reachable, each once. */
static void keep_reachable(struct looked *looked)
{
    size_t kept = 0;
    for (size_t i = 0; i < looked->address_count; i++) {
        struct address address = looked->addresses[i];
        bool known = false;
        address_normalise(&address);
        for (size_t k = 0; k < kept; k++)
            known = known || address_equal(&looked->addresses[k], &address);
        if (!known && is_reachable(&address))
            looked->addresses[kept++] = address;
    }
    looked->address_count = kept;
}

/* A recording tells those addresses alone that somebody is bound to. */
static int find_addresses(const struct cli_arguments *arguments, struct looked *looked)
{
    if (!arguments->recording) {
        int count = listeners_addresses(arguments->netns, &looked->addresses);
        if (count < 0)
            return cli_fail("adopt: the addresses cannot be listed: %s", pc_strerror(count));
        looked->address_count = (size_t)count;
    } else {
        const struct listener_table *table = looked->listeners;
        size_t count = table ? table->count : 0;
        looked->addresses = calloc(count + 1, sizeof(*looked->addresses));
        if (!looked->addresses)
            return cli_fail("out of memory");
        for (size_t i = 0; i < count; i++)
            looked->addresses[looked->address_count++] = table->items[i].address;
    }
    keep_reachable(looked);
    return CLI_GO_ON;
}

static int look(const struct cli_arguments *arguments, struct looked *ret)
{
    int status = arguments->recording ? read_recording(arguments->recording, ret) : read_kernel(arguments->netns, ret);
    return status == CLI_GO_ON ? find_addresses(arguments, ret) : status;
}

/* --- telling ----------------------------------------------------------------------------------------------------- */

static bool is_name(const char *text)
{
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && (c == text || !strchr("._-", *c)))
            return false;
    return *text != '\0';
}

/* This machine's name up to its domain. */
static const char *machine_name(char *buffer, size_t size)
{
    if (gethostname(buffer, size - 1) < 0)
        buffer[0] = '\0';
    buffer[size - 1] = '\0';
    buffer[strcspn(buffer, ".")] = '\0';
    return is_name(buffer) ? buffer : "this-host";
}

/* Whole or not at all, and never over a file that is there. */
static int write_file(const char *path, const struct text *content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return errno == EEXIST ? cli_fail("adopt: %s is there already; nothing was written", path)
                               : cli_fail("adopt: %s: %s", path, pc_strerror(-errno));
    int error = 0;
    for (size_t done = 0; error == 0 && done < content->length;) {
        ssize_t n = write(fd, content->data + done, content->length - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            error = n == 0 ? -EIO : -errno;
    }
    if (close(fd) < 0 && error == 0)
        error = -errno;
    if (error == 0)
        return CLI_GO_ON;
    unlink(path);
    return cli_fail("adopt: %s: %s", path, pc_strerror(error));
}

static int tell(const struct cli_arguments *arguments, const struct looked *looked, const struct adoption *adoption)
{
    char name[NAME_TEXT], date[CLOCK_TEXT];
    clock_format_rfc3339(moment_now().wall_ms, date, sizeof(date));
    date[DAY_LENGTH] = '\0';
    struct adopt_file file = {
        .host = arguments->name ? arguments->name : machine_name(name, sizeof(name)),
        .addresses = looked->addresses,
        .address_count = looked->address_count,
        .recording = arguments->recording,
        .netns = arguments->netns,
        .source = looked->source,
        .date = date,
        .top = arguments->top,
    };
    int status = adoption->role_count > 0 ? STATUS_OK : STATUS_NOTHING_FITS;
    struct text out = {0};
    if (adopt_write(&out, adoption, &file) < 0) {
        text_done(&out);
        return cli_fail("out of memory");
    }
    if (!arguments->output)
        return cli_finish(&out, status);
    int written = write_file(arguments->output, &out);
    text_clear(&out);
    if (written != CLI_GO_ON) {
        text_done(&out);
        return written;
    }
    adopt_write_ranking(&out, adoption, arguments->top, "");
    text_add_count(&out, adoption->unexplained_count, "listener");
    text_printf(&out, " unexplained. Written to %s; nothing is approved until you have read it.\n", arguments->output);
    return cli_finish(&out, status);
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static int match_and_tell(const struct cli_arguments *arguments, const struct looked *looked, struct diag_list *diags)
{
    struct load_options load = {.guide_dirs = arguments->guide_dirs, .wall_ms = moment_now().wall_ms};
    struct config *config = NULL;
    struct adoption *adoption = NULL;
    int r = config_load_guides(&load, (const char *const *)arguments->operands, &config, diags);
    if (r < 0)
        return cli_rejected(diags, r);
    r = adopt(config->guides, config->guide_count, looked->listeners, &adoption);
    int status = r < 0 ? cli_fail("adopt: %s", pc_strerror(r)) : tell(arguments, looked, adoption);
    adoption_free(adoption);
    config_free(config);
    return status;
}

static int run(const struct cli_arguments *arguments)
{
    struct looked looked = {0};
    struct diag_list diags;
    int status = look(arguments, &looked);
    if (status == CLI_GO_ON && diag_list_init(&diags) < 0) {
        status = cli_fail("out of memory");
    } else if (status == CLI_GO_ON) {
        status = match_and_tell(arguments, &looked, &diags);
        diag_list_done(&diags);
    }
    free(looked.addresses);
    listener_table_free(looked.listeners);
    return status;
}

int command_adopt(const struct command *command, int argc, char **argv)
{
    struct cli_arguments arguments;
    int status = cli_arguments_read(command, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    if (arguments.recording && arguments.netns)
        status = cli_fail("adopt: either a recording or a namespace");
    else if (arguments.name && !is_name(arguments.name))
        status = cli_fail("adopt: a host's name is of letters, digits, '.', '_' and '-', a letter or digit first");
    else
        status = run(&arguments);
    cli_arguments_done(&arguments);
    return status;
}

/* From a path to a configuration and its plan, as every command needs it. */
#include "portconform/check.h"
#include "portconform/error.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int check_lookup_none(void *context, const char *name, struct address **ret)
{
    (void)context;
    (void)name;
    *ret = NULL;
    return 0;
}

enum { MACHINE_NAME = 256 };

/* Into the buffer of MACHINE_NAME octets; NULL: it has none. */
static const char *machine_name(char *buffer)
{
    buffer[MACHINE_NAME - 1] = '\0'; /* a name that is cut need not be closed */
    return gethostname(buffer, MACHINE_NAME - 1) == 0 && buffer[0] != '\0' ? buffer : NULL;
}

int check_site_plan(const struct check_site_request *request, const struct config *config, struct plan **ret,
                    struct diag_list *diags)
{
    char machine[MACHINE_NAME];
    struct address *own = NULL;
    int count = address_list_local(&own);
    if (count < 0) {
        struct origin nowhere = {0};
        diag_add(diags, DIAG_ERROR, nowhere, NULL, "cannot list this machine's addresses: %s", pc_strerror(count));
        return count;
    }
    struct plan_options options = {
        .vantage = request->vantage,
        .machine_name = machine_name(machine),
        .host = request->host,
        .own_addresses = own,
        .own_address_count = (size_t)count,
        .lookup = request->lookup,
        .lookup_context = request->lookup_context,
        .exposure = !request->no_exposure,
        .acceptance = request->acceptance,
        .wall_ms = moment_now().wall_ms,
    };
    int r = plan_build(config, &options, ret, diags);
    free(own);
    return r;
}

const char *check_site_path(const char *given, struct diag_list *diags)
{
    struct origin nowhere = {0};
    if (given || access(PC_SYSCONFDIR "/site.conf", F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
        return given ? given : PC_SYSCONFDIR;
    diag_add(diags, DIAG_ERROR, nowhere, "-C PATH names site.conf, or the folder that holds it",
             "which site? There is no %s", PC_SYSCONFDIR "/site.conf");
    return NULL;
}

int check_site_open(const struct check_site_request *request, struct check_site *ret, struct diag_list *diags)
{
    struct check_site site = {NULL, NULL};
    char machine[MACHINE_NAME];
    bool installed = request->read && !request->path; /* it is there: somebody has read it already */
    const char *path = installed ? PC_SYSCONFDIR : check_site_path(request->path, diags);
    struct load_options options = {
        .path = path,
        .guide_dirs = request->guide_dirs,
        .host = request->read_all ? NULL : request->host,
        .machine_name = machine_name(machine),
        .wall_ms = moment_now().wall_ms,
        .read = request->read,
        .read_context = request->read_context,
    };
    int r = path ? config_load(&options, &site.config, diags) : -ENOENT;
    if (r == 0)
        r = check_site_plan(request, site.config, &site.plan, diags);
    if (r == 0)
        *ret = site;
    else
        check_site_done(&site);
    return r;
}

void check_site_done(struct check_site *site)
{
    if (!site)
        return;
    plan_free(site->plan);
    config_free(site->config);
    *site = (struct check_site){NULL, NULL};
}

/* Reading the configuration and planning, and doing so in a thread of its own. */
#include "reload.h"

#include "precheck.h"

#include "portconform/error.h"
#include "portconform/log.h"
#include "portconform/names.h"
#include "portconform/syslog_tls.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { NAME_TIMEOUT_MS = 3000, NAMES_TIMEOUT_MS = 20000 }; /* one name; all of them together */
enum { CHECK_TIMEOUT_MS = 30000 };                         /* the child that reads first */
#if defined(__has_feature)                                 /* of clang, which does not define what gcc does */
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif
#ifdef SANITIZED
enum { CHECK_OCTETS = 0 }; /* a sanitizer reserves more than any bound */
#else
enum { CHECK_OCTETS = 1 << 30 };
#endif

/* --- one reading -------------------------------------------------------------------------------------------------- */

static int lookup(void *context, const char *name, struct address **ret)
{
    const int64_t *deadline_ms = context;
    int64_t left_ms = *deadline_ms - moment_now().mono_ms;
    if (left_ms <= 0)
        return PC_EDEADLINE;
    return names_lookup(name, left_ms < NAME_TIMEOUT_MS ? (unsigned)left_ms : NAME_TIMEOUT_MS, ret);
}

static struct check_site_request site_request(const struct daemon_options *options, int64_t *deadline_ms)
{
    *deadline_ms = moment_now().mono_ms + NAMES_TIMEOUT_MS;
    return (struct check_site_request){
        .path = options->config,
        .guide_dirs = options->guide_dirs,
        .vantage = options->vantage,
        .lookup = lookup,
        .lookup_context = deadline_ms,
    };
}

/* What the files of its syslog targets hold counts as configuration. */
static int open_site(const struct check_site_request *request, struct check_site *ret, struct diag_list *diags)
{
    struct check_site site;
    int r = check_site_open(request, &site, diags);
    if (r < 0)
        return r;
    r = syslog_check_files(site.config->site, diags);
    if (r < 0)
        check_site_done(&site);
    else
        *ret = site;
    return r;
}

int site_open(const struct daemon_options *options, struct check_site *ret, struct diag_list *diags)
{
    int64_t deadline_ms;
    const struct check_site_request request = site_request(options, &deadline_ms);
    return open_site(&request, ret, diags);
}

void site_format_diag(struct text *out, const struct diag *diag)
{
    if (diag->origin.file != NULL) {
        text_add(out, diag->origin.file);
        if (diag->origin.line > 0)
            text_printf(out, ":%u", diag->origin.line);
        if (diag->origin.line > 0 && diag->origin.column > 0)
            text_printf(out, ":%u", diag->origin.column);
        text_add(out, ": ");
    }
    text_add(out, diag->message);
    if (diag->hint != NULL)
        text_printf(out, "; %s", diag->hint);
}

static void log_diag(const struct diag *diag)
{
    static const int levels[] = {[DIAG_NOTE] = LOG_INFO, [DIAG_WARNING] = LOG_WARNING, [DIAG_ERROR] = LOG_ERR};
    struct text line = {0};
    site_format_diag(&line, diag);
    log_line(levels[diag->level], "%s", text_string(&line));
    text_done(&line);
}

void site_log(const struct diag_list *diags, int result)
{
    for (size_t i = 0; i < diags->count; i++)
        log_diag(&diags->items[i]);
    if (diags->dropped > 0)
        log_line(LOG_WARNING, "%zu more messages about the configuration are not shown", diags->dropped);
    if (result < 0 && diags->errors == 0)
        log_line(LOG_ERR, "the configuration cannot be used: %s", pc_strerror(result));
}

/* --- reading again ------------------------------------------------------------------------------------------------ */

/* What a child has survived, and nothing else, is parsed here. */
static int site_open_again(const struct daemon_options *options, struct check_site *ret, struct diag_list *diags)
{
    const char *path = options->config != NULL ? options->config : PC_SYSCONFDIR;
    const struct precheck_request first = {
        .path = path,
        .guide_dirs = options->guide_dirs,
        .timeout_ms = CHECK_TIMEOUT_MS,
        .most_octets = CHECK_OCTETS,
    };
    struct archive *archive = NULL;
    struct text error = {0};
    int r = precheck(&first, &archive, &error);
    if (r < 0) {
        diag_add(diags, DIAG_ERROR, (struct origin){path, 0, 0}, NULL, "%s",
                 error.length > 0 ? text_string(&error) : pc_strerror(r));
    } else {
        int64_t deadline_ms;
        struct check_site_request request = site_request(options, &deadline_ms);
        request.read = archive_read;
        request.read_context = archive;
        r = open_site(&request, ret, diags);
    }
    text_done(&error);
    archive_free(archive);
    return r;
}

/* --- in a thread -------------------------------------------------------------------------------------------------- */

struct reload {
    pthread_t thread;
    int finished; /* eventfd */
    const struct daemon_options *options;
    const struct config *config; /* to be planned; NULL: read it */
    bool exposure;
    struct check_site site;
    struct diag_list diags;
    int result;
};

static int plan_again(struct reload *reload)
{
    int64_t deadline_ms;
    struct check_site_request request = site_request(reload->options, &deadline_ms);
    request.no_exposure = !reload->exposure;
    return check_site_plan(&request, reload->config, &reload->site.plan, &reload->diags);
}

static void *reload_main(void *context)
{
    struct reload *reload = context;
    uint64_t one = 1;
    reload->result =
        reload->config == NULL ? site_open_again(reload->options, &reload->site, &reload->diags) : plan_again(reload);
    (void)!write(reload->finished, &one, sizeof(one));
    return NULL;
}

static void reload_free(struct reload *reload)
{
    if (reload->finished >= 0)
        close(reload->finished);
    free(reload);
}

static int start(const struct reload *what, struct reload **ret)
{
    struct reload *reload = malloc(sizeof(*reload));
    if (reload == NULL)
        return -ENOMEM;
    *reload = *what;
    reload->finished = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int result = reload->finished < 0 ? -errno : diag_list_init(&reload->diags);
    if (result < 0) {
        reload_free(reload);
        return result;
    }
    /* the loop's signals are blocked already, and the thread inherits that */
    result = -pthread_create(&reload->thread, NULL, reload_main, reload);
    if (result < 0) {
        diag_list_done(&reload->diags);
        reload_free(reload);
        return result;
    }
    *ret = reload;
    return 0;
}

int reload_start(const struct daemon_options *options, struct reload **ret)
{
    const struct reload what = {.options = options};
    return start(&what, ret);
}

int reload_plan_start(const struct daemon_options *options, const struct config *config, bool exposure,
                      struct reload **ret)
{
    const struct reload what = {.options = options, .config = config, .exposure = exposure};
    return start(&what, ret);
}

int reload_fd(const struct reload *reload)
{
    return reload->finished;
}

bool reload_is_done(const struct reload *reload)
{
    struct pollfd finished = {.fd = reload->finished, .events = POLLIN};
    return poll(&finished, 1, 0) > 0;
}

int reload_finish(struct reload *reload, struct check_site *ret, struct diag_list *ret_diags)
{
    pthread_join(reload->thread, NULL);
    int result = reload->result;
    if (result == 0)
        *ret = reload->site;
    *ret_diags = reload->diags;
    reload_free(reload);
    return result;
}

bool reload_abandon(struct reload *reload, unsigned timeout_ms)
{
    if (reload == NULL)
        return true;
    struct pollfd finished = {.fd = reload->finished, .events = POLLIN};
    if (poll(&finished, 1, (int)timeout_ms) <= 0)
        return false;
    pthread_join(reload->thread, NULL);
    if (reload->result == 0)
        check_site_done(&reload->site);
    diag_list_done(&reload->diags);
    reload_free(reload);
    return true;
}

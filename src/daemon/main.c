/* portconformd: looks again and again, and tells by SNMP and syslog. */
#include "confine.h"
#include "loop.h"
#include "notify.h"
#include "precheck.h"
#include "privileges.h"
#include "reload.h"

#include "portconform/collect.h"
#include "portconform/log.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_USAGE = 64, EXIT_SOFTWARE = 70, EXIT_CONFIG = 78 }; /* sysexits(3) */
enum { DESCRIPTORS = 65536 };                                   /* more are of no use to one cycle */

static int finish(const struct text *text, int status)
{
    return check_print(text) < 0 ? EXIT_SOFTWARE : status;
}

static int tell_help(void)
{
    struct text out = {0};
    daemon_options_help(&out);
    int status = finish(&out, 0);
    text_done(&out);
    return status;
}

static int tell_version(void)
{
    struct text out = {0};
    text_add(&out, "portconformd " PC_VERSION "\n");
    int status = finish(&out, 0);
    text_done(&out);
    return status;
}

/* Does stderr go to the journal? It says which stream is its own as "device:inode" (systemd.exec(5)). */
static bool logs_to_journal(void)
{
    char own[64];
    struct stat status;
    const char *stream = getenv("JOURNAL_STREAM");
    if (stream == NULL || fstat(STDERR_FILENO, &status) < 0)
        return false;
    snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    return strcmp(stream, own) == 0;
}

/* Nobody has said yet what to look at. */
static bool is_first_run(const struct daemon_options *options)
{
    return options->config == NULL && access(PC_SYSCONFDIR "/site.conf", F_OK) < 0;
}

static void tell_first_run(void)
{
    log_line(LOG_ERR, "nothing is watched yet: there is no " PC_SYSCONFDIR "/site.conf");
    log_line(LOG_ERR,
             "begin with \"portconform adopt\": of what listens here it makes a file for hosts.d, for you to read "
             "and change; nothing is approved by itself");
    log_line(LOG_ERR, "examples of site.conf are in share/doc/portconform/examples; check yours with \"portconform "
                      "lint -C " PC_SYSCONFDIR "\", and start again; another place than that is given by -C");
}

/* net-snmp must not read MIB files or somebody's snmp.conf, and has nothing to keep: its folder is one that nobody can
 * make. Set before there is a second thread: setenv(3) is not for several. */
static int set_environment(void)
{
    static const char *const variables[][2] = {
        {"MIBS", ""},
        {"MIBDIRS", PC_SYSCONFDIR "/snmp"},
        {"SNMPCONFPATH", PC_SYSCONFDIR "/snmp"},
        {"SNMP_PERSISTENT_DIR", "/dev/null/snmp"},
    };
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        if (setenv(variables[i][0], variables[i][1], 1) < 0)
            return -1;
    }
    return 0;
}

static int block_signal(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return sigprocmask(SIG_BLOCK, &set, NULL);
}

static void raise_descriptors(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= DESCRIPTORS)
        return;
    files.rlim_cur = files.rlim_max < DESCRIPTORS ? files.rlim_max : DESCRIPTORS;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        log_line(LOG_INFO, "the limit of open files stays as it is");
}

/* While the first configuration is read, names may keep us waiting: SIGTERM then ends the program as it ends any other,
 * and SIGHUP waits for the loop, which reads again. */
static int open_first(const struct daemon_options *options, struct check_site *ret)
{
    struct diag_list diags;
    int result = diag_list_init(&diags);
    if (result < 0)
        return result;
    result = site_open(options, ret, &diags);
    site_log(&diags, result);
    diag_list_done(&diags);
    return result;
}

/* The options as they hold: what the command line leaves to the site, to the machine, and to where we are. */
struct resolved {
    struct daemon_options options;
    char *config, *state, *control; /* what they point at, where it was not given whole */
};

static void resolved_done(struct resolved *resolved)
{
    free(resolved->config);
    free(resolved->state);
    free(resolved->control);
}

/* The path is told to people who are somewhere else: "portconform explain -C ..." is to work from there too. */
static int name_config(struct resolved *resolved)
{
    const char *given = resolved->options.config;
    char *here;
    if (given == NULL || given[0] == '/' || (here = get_current_dir_name()) == NULL)
        return 0;
    int length = asprintf(&resolved->config, "%s/%s", here, given);
    free(here);
    if (length < 0) {
        resolved->config = NULL;
        return -ENOMEM;
    }
    resolved->options.config = resolved->config;
    return 0;
}

/* The site may go with a reload; what it said at the start holds. */
static int resolve(struct resolved *resolved, const struct site *site)
{
    struct daemon_options *options = &resolved->options;
    int r = daemon_options_state(options, site, &resolved->state);
    if (r == -ENOENT)
        log_line(LOG_WARNING, "nothing will outlive this process: there is no place for its state; --state names one");
    else if (r < 0)
        return r;
    options->state = resolved->state != NULL ? resolved->state : "none";
    if (options->control != NULL || site->control.socket == NULL)
        return 0;
    options->control = resolved->control = strdup(site->control.socket);
    return options->control != NULL ? 0 : -ENOMEM;
}

/* Net-snmp opens what it listens at much later, and again after trouble. */
static bool wants_low_ports(const struct daemon_options *options, const struct site *site)
{
    return options->snmp_listen != NULL || site->snmp_agent.listen != NULL;
}

static void give_up_rights(const struct daemon_options *options, const struct site *site)
{
    privileges_end(wants_low_ports(options, site));
    confine(options);
    log_line(LOG_INFO, "confinement: %s", confine_note());
}

static int run_resolved(struct resolved *resolved)
{
    const struct daemon_options *options = &resolved->options;
    struct check_site site;
    bool clean = true;
    if (name_config(resolved) < 0 || open_first(options, &site) < 0)
        return EXIT_CONFIG;
    int r = resolve(resolved, site.plan->site);
    if (r == 0 && (block_signal(SIGTERM) < 0 || block_signal(SIGINT) < 0))
        r = -errno;
    if (r < 0) {
        log_line(LOG_ERR, "cannot start: %s", strerror(-r));
        check_site_done(&site);
        return EXIT_SOFTWARE;
    }
    give_up_rights(options, site.plan->site);
    int status = loop_run(options, &site, &clean);
    if (!clean) {
        log_line(LOG_WARNING, "a thread still waits for somebody else and is left behind");
        _exit(status);
    }
    return status;
}

static int run(const struct daemon_options *given)
{
    struct resolved resolved = {.options = *given};
    if (is_first_run(given)) {
        tell_first_run();
        return EXIT_CONFIG;
    }
    notify_open();
    raise_descriptors();
    if (set_environment() < 0 || block_signal(SIGHUP) < 0) {
        log_line(LOG_ERR, "cannot start: %s", strerror(errno));
        return EXIT_SOFTWARE;
    }
    privileges_begin();
    int status = run_resolved(&resolved);
    privileges_done();
    resolved_done(&resolved);
    return status;
}

int main(int argc, char **argv)
{
    struct daemon_options options = {0};
    struct text error = {0};
    int status;
    if (collector_is_child(argc, argv))
        return collector_child();
    if (precheck_is_child(argc, argv))
        return precheck_child(argc, argv);
    (void)check_standard_streams(); /* nothing but --help needs stdout, and that notices by itself */
    setlocale(LC_CTYPE, "");
    setlocale(LC_MESSAGES, "");
    log_open(logs_to_journal(), LOG_INFO);
    if (daemon_options_parse(argc, argv, &options, &error) < 0) {
        log_line(LOG_ERR, "%s%s", error.length > 0 ? text_string(&error) : "out of memory",
                 strstr(text_string(&error), "--help") ? "" : "; --help tells the options");
        status = EXIT_USAGE;
    } else if (options.help) {
        status = tell_help();
    } else if (options.version) {
        status = tell_version();
    } else {
        log_open(logs_to_journal(), options.verbose ? LOG_DEBUG : LOG_INFO);
        status = run(&options);
    }
    text_done(&error);
    daemon_options_done(&options);
    return status;
}

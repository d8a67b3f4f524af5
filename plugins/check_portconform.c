/* The check plugin: thin, and quick to start. What needs TLS, DNS names or JSON it hands over to `portconform check`,
 * so that it links libc, libconfig and libmnl alone. */
#include "portconform/check.h"
#include "portconform/service_check.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct probe_choice probes[] = {
    {TRANSPORT_TCP, false, &probe_kind_service, service_check_serves},
    {TRANSPORT_TCP, false, &probe_kind_tcp, NULL},
    {TRANSPORT_UDP, false, &probe_kind_udp, NULL},
    {TRANSPORT_UNSTATED, false, NULL, NULL},
};

static const struct teller *const tellers[] = {&teller_plugin, &teller_tsv, NULL};

/* `name` seen from the folder of this program, in `ret`; false: there is no such program. */
static bool is_seen_from_here(const char *name, char *ret, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", ret, size - 1);
    if (length <= 0 || (size_t)length >= size - 1)
        return false;
    ret[length] = '\0';
    char *slash = strrchr(ret, '/');
    size_t needed = strlen(name) + 1;
    if (!slash || (size_t)(slash + 1 - ret) + needed > size)
        return false;
    memcpy(slash + 1, name, needed);
    return access(ret, X_OK) == 0;
}

/* Beside this program, as in a build tree; from here where the installation puts it, wherever that was moved to; else
 * where it was to be installed. Never by PATH. */
static const char *find_program(char *beside, size_t size)
{
    static const char installed[] = PC_BINDIR "/portconform";
    if (is_seen_from_here("portconform", beside, size) ||
        is_seen_from_here(PC_PLUGIN_TO_BIN "/portconform", beside, size))
        return beside;
    return installed;
}

/* The same arguments behind `check --format plugin`: a form that the user named comes later and wins. */
static int hand_over(int argc, char **argv)
{
    static char command[] = "check";
    static char option[] = "--format";
    static char form[] = "plugin";
    char beside[PATH_MAX];
    const char *program = find_program(beside, sizeof(beside));
    char **all = calloc((size_t)argc + 4, sizeof(*all));
    if (!all)
        return -ENOMEM;
    size_t count = 0;
    all[count++] = argv[0];
    all[count++] = command;
    all[count++] = option;
    all[count++] = form;
    for (int i = 1; i < argc; i++)
        all[count++] = argv[i];
    execv(program, all);
    int r = -errno;
    free(all);
    return r;
}

int main(int argc, char **argv)
{
    static const struct check_program program = {
        .name = "check_portconform",
        .help_status = 3,
        .probes = probes,
        .tellers = tellers,
        .initial = &teller_plugin,
        .hand_over = hand_over,
    };
    if (check_standard_streams() < 0)
        return 3;
    /* no locale: what monitoring reads is the same everywhere, and setting one up takes longer than asking the daemon
     */
    return check_main(&program, argc, argv);
}

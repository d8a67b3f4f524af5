/* All of it happens before the configuration is read: what root can read and this process cannot is then missed at the
 * start already, and not at the first reload; and no helper ever holds a secret. */
#include "privileges.h"

#include "portconform/capability.h"
#include "portconform/error.h"
#include "portconform/listener_helper.h"
#include "portconform/log.h"

#include <linux/capability.h>
#include <stddef.h>

static struct listener_helper *helper;

/* More than is needed is no reason not to watch. The status tells it too. */
static void keep(uint64_t capabilities)
{
    int r = capabilities_keep(capabilities);
    if (r < 0)
        log_line(LOG_WARNING, "capabilities cannot be dropped: %s", pc_strerror(r));
}

void privileges_begin(void)
{
    int r = listener_helper_start(&helper);
    if (r < 0) /* it does without */
        log_line(LOG_WARNING, "the process that would name programs cannot be started: %s", pc_strerror(r));
    keep(CAPABILITY(CAP_NET_BIND_SERVICE));
}

void privileges_end(bool low_ports)
{
    keep(low_ports ? CAPABILITY(CAP_NET_BIND_SERVICE) : 0);
    log_line(privileges_owners_known() ? LOG_INFO : LOG_NOTICE, "owners of listeners: %s", privileges_owners_note());
}

void privileges_check(void)
{
    const bool named = listener_helper_owners(helper) == HELPER_SERVES;
    if (!listener_helper_check(helper))
        return;
    if (named && listener_helper_owners(helper) == HELPER_ENDED)
        log_line(LOG_WARNING, "owners of listeners: %s", privileges_owners_note());
    if (listener_helper_namespaces(helper) == HELPER_ENDED)
        log_line(LOG_WARNING, "the process that looks into network namespaces has ended; hosts with \"netns\" are not "
                              "seen until portconformd is started again");
}

void privileges_done(void)
{
    listener_helper_stop(helper);
    helper = NULL;
}

struct listener_helper *privileges_helper(void)
{
    return helper;
}

bool privileges_owners_known(void)
{
    return listener_helper_owners(helper) == HELPER_SERVES;
}

const char *privileges_owners_note(void)
{
    static const char *const notes[] = {
        [HELPER_NONE] = "programs of other users are not known: no capability for it",
        [HELPER_SERVES] = "named by a process of its own",
        [HELPER_ENDED] = "programs of other users are not known: the process that names them has ended",
    };
    return notes[listener_helper_owners(helper)];
}

const char *privileges_note(void)
{
    const uint64_t held = capabilities_held();
    if (held == 0)
        return "no capability";
    return held == CAPABILITY(CAP_NET_BIND_SERVICE) ? "no capability but to listen at low ports"
                                                    : "capabilities that could not be dropped";
}

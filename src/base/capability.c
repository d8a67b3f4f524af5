/* Capabilities by their system calls: libc has no functions for them, and libcap would be a library for three calls. */
#include "portconform/capability.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORDS = _LINUX_CAPABILITY_U32S_3, WORD_BITS = 32 };

static struct __user_cap_header_struct header_of_this(void)
{
    return (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
}

struct capability_sets {
    struct __user_cap_data_struct words[WORDS];
};

static struct capability_sets read_sets(void)
{
    struct __user_cap_header_struct header = header_of_this();
    struct capability_sets sets = {.words = {{0}}};
    (void)syscall(SYS_capget, &header, sets.words); /* of oneself it cannot fail */
    return sets;
}

uint64_t capabilities_held(void)
{
    const struct capability_sets sets = read_sets();
    return (uint64_t)sets.words[1].permitted << WORD_BITS | sets.words[0].permitted;
}

/* Only with CAP_SETPCAP. Where that is lacking the others cannot come back either: no new privileges. */
static void empty_bounds(void)
{
    for (unsigned long number = 0; number < WORDS * WORD_BITS; number++) {
        if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0)
            return; /* not permitted, or the kernel knows no more */
    }
}

int capabilities_keep(uint64_t keep)
{
    struct __user_cap_header_struct header = header_of_this();
    const uint64_t kept = capabilities_held() & keep;
    const struct capability_sets before = read_sets();
    struct capability_sets wanted = {.words = {{0}}};
    for (int word = 0; word < WORDS; word++)
        wanted.words[word].effective = wanted.words[word].permitted = (uint32_t)(kept >> (word * WORD_BITS));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    empty_bounds();
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* a kernel without them has none to inherit */
    if (memcmp(&before, &wanted, sizeof(before)) == 0)
        return 0; /* a filter of system calls need not allow it to a process that has nothing to drop */
    return syscall(SYS_capset, &header, wanted.words) < 0 ? -errno : 0;
}

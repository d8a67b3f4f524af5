/* Helpers from the program's side: their start and end. What they are asked is in helper_ask.c. */
#include "helper_channel.h"

#include "portconform/capability.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- what each is ------------------------------------------------------------------------------------------------- */

struct helper_job {
    const char *name; /* as ps(1) shows it */
    uint64_t needs, keeps;
    void (*serve)(int fd);
};

static const struct helper_job owners_job = {
    .name = "pc-owners",
    .needs = CAPABILITY(CAP_SYS_PTRACE) | CAPABILITY(CAP_DAC_READ_SEARCH),
    .keeps = CAPABILITY(CAP_SYS_PTRACE) | CAPABILITY(CAP_DAC_READ_SEARCH),
    .serve = helper_serve_owners,
};
/* CAP_SYS_PTRACE is for namespaces that are named by a process of another user. */
static const struct helper_job namespaces_job = {
    .name = "pc-namespaces",
    .needs = CAPABILITY(CAP_SYS_ADMIN),
    .keeps = CAPABILITY(CAP_SYS_ADMIN) | CAPABILITY(CAP_SYS_PTRACE),
    .serve = helper_serve_namespaces,
};

/* --- the child ---------------------------------------------------------------------------------------------------- */

/* Nothing of the program's stays open but the socket. */
static int leave_files(int fd)
{
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0)
        return -errno;
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
        if (dup2(nothing, standard) < 0)
            return -errno;
    if (fd > STDERR_FILENO + 1 && close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0) < 0)
        return -errno;
    return close_range((unsigned)fd + 1, ~0U, 0) < 0 ? -errno : 0;
}

/* The program's end is its end; signals that are meant for both are for the program to act upon. */
static int live_with_parent(pid_t parent)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        if (signal(ignored[i], SIG_IGN) == SIG_ERR)
            return -errno;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return -errno;
    return getppid() == parent ? 0 : -ESRCH;
}

static _Noreturn void be_helper(const struct helper_job *job, int fd, pid_t parent)
{
    const struct rlimit nothing = {0, 0};
    (void)prctl(PR_SET_NAME, job->name, 0, 0, 0);
    if (capabilities_keep(job->keeps) < 0 || live_with_parent(parent) < 0 || leave_files(fd) < 0)
        _exit(1);
    if (setrlimit(RLIMIT_CORE, &nothing) < 0 || setrlimit(RLIMIT_FSIZE, &nothing) < 0 || chdir("/") < 0)
        _exit(1);
    job->serve(fd);
    _exit(0);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int start(const struct helper_job *job, uint64_t held, struct helper_channel *channel)
{
    int ends[2];
    const pid_t parent = getpid();
    *channel = (struct helper_channel){.fd = -1, .state = HELPER_NONE};
    if ((held & job->needs) != job->needs)
        return 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    const pid_t pid = fork();
    if (pid == 0)
        be_helper(job, ends[1], parent);
    const int error = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -error;
    }
    *channel = (struct helper_channel){.fd = ends[0], .pid = pid, .state = HELPER_SERVES};
    return 0;
}

int listener_helper_start(struct listener_helper **ret)
{
    const uint64_t held = capabilities_held();
    struct listener_helper *helper = calloc(1, sizeof(*helper));
    if (!helper)
        return -ENOMEM;
    helper->namespaces.fd = -1;
    int status = start(&owners_job, held, &helper->owners);
    if (status == 0)
        status = start(&namespaces_job, held, &helper->namespaces);
    if (status < 0) {
        listener_helper_stop(helper);
        return status;
    }
    *ret = helper;
    return 0;
}

void helper_channel_close(struct helper_channel *channel)
{
    if (channel->fd >= 0)
        close(channel->fd);
    channel->fd = -1;
}

/* A helper that is stopped, or searches, does not see its socket's end at once. */
static void end(struct helper_channel *channel)
{
    helper_channel_close(channel);
    if (channel->pid <= 0)
        return;
    kill(channel->pid, SIGKILL);
    while (waitpid(channel->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    channel->pid = 0;
}

void listener_helper_stop(struct listener_helper *helper)
{
    if (!helper)
        return;
    end(&helper->owners);
    end(&helper->namespaces);
    free(helper);
}

static bool has_ended(struct helper_channel *channel)
{
    if (channel->state != HELPER_SERVES)
        return false;
    if (channel->fd >= 0 && waitpid(channel->pid, NULL, WNOHANG) == 0)
        return false;
    end(channel); /* one whose answers cannot be understood ends by this */
    channel->state = HELPER_ENDED;
    return true;
}

bool listener_helper_check(struct listener_helper *helper)
{
    if (!helper)
        return false;
    const bool owners = has_ended(&helper->owners), namespaces = has_ended(&helper->namespaces);
    return owners || namespaces;
}

enum helper_state listener_helper_owners(const struct listener_helper *helper)
{
    return helper ? helper->owners.state : HELPER_NONE;
}

enum helper_state listener_helper_namespaces(const struct listener_helper *helper)
{
    return helper ? helper->namespaces.state : HELPER_NONE;
}

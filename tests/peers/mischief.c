/* What a file might make of the process that reads it, done on purpose: preloaded into portconformd, it stays out of
 * the way of the daemon, and in the child that reads a new configuration first it does what PC_MISCHIEF's file says
 * when the first octets are handed over: after the child has set its bounds, before it has parsed anything. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ARCHIVE_FD = 3, WORD_LENGTH = 64, MEGABYTE = 1 << 20 };
static const char child_word[] = "--read-configuration-for-parent";

ssize_t write(int fd, const void *data, size_t length);

static long read_file(const char *path, char *buffer, size_t size)
{
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, buffer, size - 1);
    if (fd >= 0)
        close(fd);
    buffer[got < 0 ? 0 : got] = '\0';
    return got;
}

static int is_child(void)
{
    char line[WORD_LENGTH + sizeof(child_word)];
    if (read_file("/proc/self/cmdline", line, sizeof(line)) <= 0)
        return 0;
    return strcmp(line + strlen(line) + 1, child_word) == 0; /* words end with NUL */
}

static void crash(void)
{
    abort();
}

static void exit_as_libconfig_does(void)
{
    exit(2);
}

static void loop(void)
{
    for (volatile unsigned long turns = 0;; turns++)
        ;
}

static void hang(void)
{
    for (;;)
        pause();
}

static void eat(void)
{
    for (;;) {
        char *more = malloc(MEGABYTE);
        if (more == NULL)
            _exit(1); /* as the child does: out of memory */
        for (size_t i = 0; i < MEGABYTE; i += 512)
            ((volatile char *)more)[i] = 1;
    }
}

static void act(void)
{
    static const struct {
        const char *word;
        void (*act)(void);
    } acts[] = {
        {"crash", crash}, {"exit", exit_as_libconfig_does}, {"loop", loop}, {"hang", hang}, {"eat", eat},
    };
    char word[WORD_LENGTH];
    if (!is_child() || read_file(getenv("PC_MISCHIEF"), word, sizeof(word)) < 0)
        return;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        if (strcmp(acts[i].word, word) == 0)
            acts[i].act();
    }
}

ssize_t write(int fd, const void *data, size_t length)
{
    if (fd == ARCHIVE_FD)
        act();
    return syscall(SYS_write, fd, data, length);
}

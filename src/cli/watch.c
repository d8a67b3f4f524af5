/* findings --watch: on a terminal, the findings redrawn in their place; elsewhere, each change as a line.
 *
 *     connected --(the daemon goes)--> away --(a second later, by a new try)--> connected
 *
 * The terminal gets an alternate screen and its input unbuffered; both are given back however it ends, but for SIGKILL.
 */
#include "daemon.h"

#include "portconform/error.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

enum { TRY_AGAIN_MS = 1000, CONNECT_MS = 5000, ROWS_USUAL = 24 };

static const char screen_enter[] = "\033[?1049h\033[?25l\033[?7l\033[H\033[2J";
static const char screen_leave[] = "\033[?7h\033[?25h\033[?1049l";

struct watch {
    struct control_request request;
    struct control_reader reader; /* fd -1: away */
    struct text shown;            /* the newest findings */
    struct text trouble;          /* why there is no daemon, or no answer */
    size_t top;                   /* the first line that is seen */
    int signals;
    struct termios before; /* valid while `raw` */
    bool raw;
    bool ending;
    int status;
};

/* --- the terminal ------------------------------------------------------------------------------------------------- */

static void put(const char *string, size_t length)
{
    while (length > 0) {
        ssize_t n = write(STDOUT_FILENO, string, length);
        if (n < 0 && errno != EINTR)
            return;
        string += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
}

static void enter_screen(struct watch *watch)
{
    if (isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &watch->before) == 0) {
        struct termios raw = watch->before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* a stopped program would leave the screen as it is */
        watch->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    }
    put(screen_enter, sizeof(screen_enter) - 1);
}

static void leave_screen(struct watch *watch)
{
    put(screen_leave, sizeof(screen_leave) - 1);
    if (watch->raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &watch->before);
}

static size_t screen_rows(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row : ROWS_USUAL;
}

static size_t count_lines(const struct text *text)
{
    size_t count = 0;
    for (const char *at = text_string(text); *at; at++)
        count += *at == '\n';
    return count;
}

static void add_bar(struct watch *watch, struct text *out, size_t lines, size_t room)
{
    char clock[CLOCK_TEXT];
    struct text bar = {0};
    if (watch->trouble.length > 0)
        text_printf(&bar, "%s; trying again", text_string(&watch->trouble));
    else
        text_printf(&bar, "%s  q ends%s", clock_format_time(moment_now().wall_ms, clock, sizeof(clock)),
                    lines > room ? ", arrows and blank scroll" : "");
    text_add(out, "\033[7m");
    text_escape(out, text_string(&bar), bar.length, ESCAPE_TEXT, watch->request.columns);
    text_add(out, "\033[0m\033[K");
    text_done(&bar);
}

static void draw(struct watch *watch)
{
    struct text out = {0};
    size_t room = screen_rows() - 1, lines = count_lines(&watch->shown);
    size_t last = lines > room ? lines - room : 0;
    if (watch->top > last)
        watch->top = last;
    const char *at = text_string(&watch->shown);
    for (size_t i = 0; i < watch->top; i++)
        at = strchr(at, '\n') + 1; /* there are more lines than that */
    text_add(&out, "\033[H");
    for (size_t row = 0; row < room; row++) {
        size_t length = strcspn(at, "\n");
        text_add_n(&out, at, length);
        text_add(&out, "\033[K\r\n");
        at += length + (at[length] == '\n');
    }
    add_bar(watch, &out, lines, room);
    if (!out.failed)
        put(out.data, out.length);
    text_done(&out);
}

/* --- the daemon --------------------------------------------------------------------------------------------------- */

static void disconnect(struct watch *watch)
{
    control_reader_done(&watch->reader);
    watch->reader = (struct control_reader){.fd = -1};
}

static void connect_again(struct watch *watch)
{
    disconnect(watch);
    text_clear(&watch->trouble);
    watch->request.deadline_mono_ms = moment_now().mono_ms + CONNECT_MS;
    int fd = control_open(&watch->request, &watch->trouble);
    if (fd >= 0)
        watch->reader.fd = fd;
}

static void lose(struct watch *watch, const char *why)
{
    disconnect(watch);
    text_clear(&watch->trouble);
    text_add(&watch->trouble, why);
}

/* 1: something came; 0: nothing more; negative: the daemon is lost. */
static int take_frame(struct watch *watch)
{
    struct control_frame frame = {0};
    int r = control_read(&watch->reader, &frame);
    if (r < 0) {
        lose(watch, "the daemon has gone");
    } else if (r > 0 && frame.kind == CONTROL_ERROR) {
        lose(watch, text_string(&frame.text));
        r = -EPERM;
    } else if (r > 0) {
        text_done(&watch->shown);
        watch->shown = frame.text;
        watch->status = frame.status;
        return r;
    }
    text_done(&frame.text);
    return r;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void read_signals(struct watch *watch)
{
    struct signalfd_siginfo info;
    while (read(watch->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGWINCH) {
            watch->ending = true;
            continue;
        }
        watch->request.columns = check_columns();
        connect_again(watch); /* the lines are wrapped over there */
    }
}

static void read_keys(struct watch *watch)
{
    char keys[64];
    ssize_t n = read(STDIN_FILENO, keys, sizeof(keys) - 1);
    size_t page = screen_rows() - 1;
    if (n <= 0) {
        watch->ending = n == 0 || errno != EINTR;
        return;
    }
    keys[n] = '\0';
    if (strcmp(keys, "\033[A") == 0 || strcmp(keys, "k") == 0)
        watch->top -= watch->top > 0;
    else if (strcmp(keys, "\033[B") == 0 || strcmp(keys, "j") == 0)
        watch->top++;
    else if (strcmp(keys, "\033[5~") == 0 || strcmp(keys, "b") == 0)
        watch->top -= watch->top > page ? page : watch->top;
    else if (strcmp(keys, "\033[6~") == 0 || strcmp(keys, " ") == 0)
        watch->top += page;
    else
        watch->ending = strchr(keys, 'q') != NULL || strchr(keys, 'Q') != NULL;
}

static void turn(struct watch *watch)
{
    struct pollfd waits[] = {
        {.fd = watch->signals, .events = POLLIN},
        {.fd = watch->raw ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = watch->reader.fd, .events = POLLIN},
    };
    /* once a second the clock moves, or another try is due */
    int ready = poll(waits, sizeof(waits) / sizeof(*waits), TRY_AGAIN_MS);
    if (ready > 0 && waits[0].revents)
        read_signals(watch);
    if (ready > 0 && waits[1].revents)
        read_keys(watch);
    if (ready > 0 && waits[2].revents && watch->reader.fd >= 0)
        while (take_frame(watch) > 0)
            continue;
    if (ready == 0 && watch->reader.fd < 0)
        connect_again(watch);
    if (!watch->ending)
        draw(watch);
}

static int watch_screen(struct watch *watch)
{
    static const int wanted[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, 0};
    watch->signals = cli_signals(wanted);
    if (watch->signals < 0)
        return cli_fail("findings: %s", pc_strerror(watch->signals));
    enter_screen(watch);
    connect_again(watch);
    draw(watch);
    while (!watch->ending)
        turn(watch);
    leave_screen(watch);
    close(watch->signals);
    return watch->status;
}

/* Ends with the daemon, or when nobody reads. */
static int watch_lines(struct watch *watch)
{
    watch->request.command = "changes";
    connect_again(watch);
    while (watch->reader.fd >= 0) {
        struct pollfd wait = {.fd = watch->reader.fd, .events = POLLIN};
        if (poll(&wait, 1, -1) < 0 && errno != EINTR)
            return cli_fail("findings: %s", pc_strerror(-errno));
        while (watch->reader.fd >= 0 && take_frame(watch) > 0)
            if (check_print(&watch->shown) < 0)
                return STATUS_UNKNOWN;
    }
    return cli_fail("%s", text_string(&watch->trouble));
}

int daemon_watch(const struct control_request *request, enum check_colour colour)
{
    bool terminal = isatty(STDOUT_FILENO) == 1;
    struct watch watch = {.request = *request, .reader = {.fd = -1}, .signals = -1};
    watch.request.command = "watch";
    watch.request.colour = check_colour_wanted(colour);
    watch.request.deadline_mono_ms = INT64_MAX;
    int status = terminal ? watch_screen(&watch) : watch_lines(&watch);
    disconnect(&watch);
    text_done(&watch.shown);
    text_done(&watch.trouble);
    return status;
}

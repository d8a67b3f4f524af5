/* A line of a recording: a listener as text that people can write and keep. */
#include "portconform/arena.h"
#include "portconform/error.h"
#include "portconform/listeners.h"
#include "portconform/number.h"
#include "portconform/text.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const char blanks[] = " \t\r";

/* The next word of `*at`; length 0 at the end. */
static const char *next_word(const char **at, size_t *ret_length)
{
    const char *word = *at + strspn(*at, blanks);
    *ret_length = strcspn(word, blanks);
    *at = word + *ret_length;
    return word;
}

/* A value without its escapes; NULL with *ret_status set on failure. */
static const char *unescaped(struct arena *arena, const char *value, size_t length, int *ret_status)
{
    struct text text = {0};
    const char *copy = NULL;
    if (text_unescape(&text, value, length) < 0) {
        *ret_status = PC_ESYNTAX;
    } else {
        copy = text.failed ? NULL : arena_strdup(arena, text_string(&text));
        *ret_status = copy ? 0 : -ENOMEM;
    }
    text_done(&text);
    return copy;
}

static int read_number(const char *value, size_t length, int64_t max, int64_t *ret)
{
    char digits[24];
    if (length == 0 || length >= sizeof(digits) || value[0] < '0' || value[0] > '9')
        return PC_ESYNTAX;
    memcpy(digits, value, length);
    digits[length] = '\0';
    return number_parse(digits, 0, max, ret) < 0 ? PC_ESYNTAX : 0;
}

static int read_exe(struct arena *arena, const char *value, size_t length, struct listener *ret)
{
    int status;
    ret->owner.exe = unescaped(arena, value, length, &status);
    return status;
}

static int read_unit(struct arena *arena, const char *value, size_t length, struct listener *ret)
{
    int status;
    ret->owner.unit = unescaped(arena, value, length, &status);
    return status;
}

static int read_uid(struct arena *arena, const char *value, size_t length, struct listener *ret)
{
    (void)arena;
    int64_t number;
    const int status = read_number(value, length, UINT32_MAX, &number);
    if (status < 0)
        return status;
    ret->owner.uid = (uint32_t)number;
    ret->owner.uid_known = true;
    return 0;
}

static int read_pid(struct arena *arena, const char *value, size_t length, struct listener *ret)
{
    (void)arena;
    int64_t number;
    const int status = read_number(value, length, INT32_MAX, &number);
    if (status == 0)
        ret->owner.pid = (int32_t)number;
    return status;
}

static int read_queue(struct arena *arena, const char *value, size_t length, struct listener *ret)
{
    (void)arena;
    const char *slash = memchr(value, '/', length);
    int64_t used;
    int64_t limit;
    if (!slash)
        return PC_ESYNTAX;
    const size_t first = (size_t)(slash - value);
    if (read_number(value, first, UINT32_MAX, &used) < 0 ||
        read_number(slash + 1, length - first - 1, UINT32_MAX, &limit) < 0)
        return PC_ESYNTAX;
    ret->queue_known = true;
    ret->queue_length = (uint32_t)used;
    ret->queue_limit = (uint32_t)limit;
    return 0;
}

static int read_inode(struct arena *arena, const char *value, size_t length, struct listener *ret)
{
    (void)arena;
    int64_t number;
    const int status = read_number(value, length, INT64_MAX, &number);
    if (status == 0)
        ret->inode = (uint64_t)number;
    return status;
}

static int read_device(struct arena *arena, const char *value, size_t length, struct listener *ret)
{
    int status;
    const char *name = unescaped(arena, value, length, &status);
    if (status < 0)
        return status;
    if (strlen(name) >= sizeof(ret->device))
        return PC_ESYNTAX;
    memset(ret->device, 0, sizeof(ret->device));
    memcpy(ret->device, name, strlen(name));
    return 0;
}

static int read_v6only(struct arena *arena, const char *value, size_t length, struct listener *ret)
{
    (void)arena;
    if (length == 3 && memcmp(value, "yes", length) == 0)
        ret->v6only = V6ONLY_YES;
    else if (length == 2 && memcmp(value, "no", length) == 0)
        ret->v6only = V6ONLY_NO;
    else
        return PC_ESYNTAX;
    return 0;
}

static const struct recording_key {
    const char *name;
    int (*read)(struct arena *arena, const char *value, size_t length, struct listener *ret);
    const char *error;
} keys[] = {
    {"exe", read_exe, "exe: a path, with blanks as \\x20"},
    {"unit", read_unit, "unit: a name, with blanks as \\x20"},
    {"uid", read_uid, "uid: a number up to 4294967295"},
    {"pid", read_pid, "pid: a number up to 2147483647"},
    {"queue", read_queue, "queue: two numbers, as 0/128"},
    {"inode", read_inode, "inode: a number"},
    {"device", read_device, "device: a name of up to 15 octets"},
    {"v6only", read_v6only, "v6only: yes or no"},
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

/* key=value; `seen` has a bit a key */
static int parse_attribute(const char *word, size_t length, struct arena *arena, struct listener *listener,
                           unsigned *seen, const char **ret_error)
{
    const char *equals = memchr(word, '=', length);
    const size_t name_length = equals ? (size_t)(equals - word) : 0;
    for (unsigned i = 0; equals && i < KEY_COUNT; i++) {
        if (strlen(keys[i].name) != name_length || memcmp(keys[i].name, word, name_length) != 0)
            continue;
        *ret_error = "a word stands twice";
        if (*seen & 1U << i)
            return PC_ESYNTAX;
        *seen |= 1U << i;
        *ret_error = keys[i].error;
        return keys[i].read(arena, equals + 1, length - name_length - 1, listener);
    }
    *ret_error = "a word that is none of exe= unit= uid= pid= queue= inode= device= v6only=";
    return PC_ESYNTAX;
}

/* An address whose zone may be an interface of another machine: then the zone's name is all that is kept of it. */
static int parse_bound_address(char *text, struct listener *listener)
{
    if (strcmp(text, "*") == 0) {
        listener->address.family = AF_INET;
        return 0;
    }
    if (address_parse(text, &listener->address) == 0)
        return 0;
    char *percent = strchr(text, '%');
    if (!percent || percent[1] == '\0' || strlen(percent + 1) >= sizeof(listener->device))
        return PC_ESYNTAX;
    *percent = '\0';
    memcpy(listener->device, percent + 1, strlen(percent + 1) + 1);
    return address_parse(text, &listener->address) < 0 ? PC_ESYNTAX : 0;
}

/* "0.0.0.0:31000", "[::]:80", "*:80" */
static int parse_place(const char *word, size_t length, struct listener *listener)
{
    char text[ADDRESS_TEXT + 32];
    if (length == 0 || length >= sizeof(text))
        return PC_ESYNTAX;
    memcpy(text, word, length);
    text[length] = '\0';
    char *colon = strrchr(text, ':');
    int64_t port;
    if (!colon || read_number(colon + 1, strlen(colon + 1), UINT16_MAX, &port) < 0 || port == 0)
        return PC_ESYNTAX;
    *colon = '\0';
    listener->port = (uint16_t)port;
    const bool bracketed = text[0] == '[' && colon[-1] == ']';
    if (bracketed)
        colon[-1] = '\0';
    if (parse_bound_address(text + bracketed, listener) < 0 || bracketed != (listener->address.family == AF_INET6))
        return PC_ESYNTAX;
    address_normalise(&listener->address);
    return 0;
}

int recording_parse_line(const char *line, struct arena *arena, struct listener *ret, const char **ret_error)
{
    struct listener listener = {0};
    const char *at = line;
    size_t length;
    const char *word = next_word(&at, &length);
    *ret_error = "a line begins with tcp or udp";
    if (length != 3 || (memcmp(word, "tcp", 3) != 0 && memcmp(word, "udp", 3) != 0))
        return PC_ESYNTAX;
    listener.transport = word[0] == 't' ? TRANSPORT_TCP : TRANSPORT_UDP;
    word = next_word(&at, &length);
    *ret_error = "address and port are written 10.0.1.10:80, *:80 or [::]:80";
    if (parse_place(word, length, &listener) < 0)
        return PC_ESYNTAX;
    unsigned seen = 0;
    for (word = next_word(&at, &length); length; word = next_word(&at, &length)) {
        const int status = parse_attribute(word, length, arena, &listener, &seen, ret_error);
        if (status < 0)
            return status;
    }
    *ret_error = NULL;
    *ret = listener;
    return 0;
}

static void format_word(struct text *out, const char *key, const char *value)
{
    if (!value)
        return;
    text_printf(out, " %s=", key);
    text_escape_string(out, value, ESCAPE_WORD);
}

void recording_format_line(struct text *out, const struct listener *listener)
{
    char place[ADDRESS_TEXT + 8];
    const struct owner *owner = &listener->owner;
    address_format_port(&listener->address, listener->port, place, sizeof(place));
    text_printf(out, "%s %s", transport_name(listener->transport), place);
    format_word(out, "exe", owner->exe);
    format_word(out, "unit", owner->unit);
    if (owner->uid_known)
        text_printf(out, " uid=%" PRIu32, owner->uid);
    if (owner->pid)
        text_printf(out, " pid=%" PRId32, owner->pid);
    if (listener->queue_known)
        text_printf(out, " queue=%" PRIu32 "/%" PRIu32, listener->queue_length, listener->queue_limit);
    if (listener->inode)
        text_printf(out, " inode=%" PRIu64, listener->inode);
    if (listener->device[0])
        format_word(out, "device", listener->device);
    if (listener->v6only != V6ONLY_UNKNOWN)
        text_printf(out, " v6only=%s", listener->v6only == V6ONLY_YES ? "yes" : "no");
}

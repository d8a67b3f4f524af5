/* Syslog targets: the text that names one, and the socket that leads there. */
#include "target.h"

#include "portconform/address.h"
#include "portconform/error.h"
#include "portconform/number.h"
#include "portconform/syslog.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static const char default_path[] = "/dev/log";
enum { DEFAULT_UDP_PORT = 514 };

static int parse_local(const char *path, struct target *ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (path[0] != '/' || length >= sizeof(address.sun_path))
        return PC_ESYNTAX;
    memcpy(address.sun_path, path, length + 1);
    memset(ret, 0, sizeof(*ret));
    ret->local = true;
    memcpy(&ret->address, &address, sizeof(address));
    ret->length = sizeof(address);
    return 0;
}

/* Splits "10.0.9.5:514", "10.0.9.5", "[::1]:514" or "[::1]" into its address, copied to `host`, and the rest from the
 * colon on. NULL: neither. */
static const char *split_host(const char *text, char *host, size_t size)
{
    bool bracketed = text[0] == '[';
    size_t length = bracketed ? strcspn(text + 1, "]") : strcspn(text, ":");
    if (length >= size || (bracketed && text[1 + length] != ']'))
        return NULL;
    memcpy(host, text + bracketed, length);
    host[length] = '\0';
    /* a bare IPv6 address is not told from its port: it needs the brackets */
    return text + length + (bracketed ? 2 : 0);
}

static int parse_udp(const char *text, struct target *ret)
{
    char host[ADDRESS_TEXT];
    struct address address;
    int64_t port = DEFAULT_UDP_PORT;
    const char *rest = split_host(text, host, sizeof(host));
    if (rest == NULL || address_parse(host, &address) < 0)
        return PC_ESYNTAX;
    if (text[0] == '[' ? address.family != AF_INET6 : address.family != AF_INET)
        return PC_ESYNTAX;
    if (rest[0] != '\0' && (rest[0] != ':' || number_parse(rest + 1, 1, 65535, &port) < 0))
        return PC_ESYNTAX;
    memset(ret, 0, sizeof(*ret));
    ret->length = address_to_sockaddr(&address, (uint16_t)port, &ret->address);
    return 0;
}

int target_parse(const char *text, struct target *ret)
{
    static const char local[] = "local", local_path[] = "local:", udp[] = "udp:";
    if (strcmp(text, local) == 0)
        return parse_local(default_path, ret);
    if (strncmp(text, local_path, strlen(local_path)) == 0)
        return parse_local(text + strlen(local_path), ret);
    if (strncmp(text, udp, strlen(udp)) == 0)
        return parse_udp(text + strlen(udp), ret);
    return PC_ESYNTAX;
}

int syslog_target_check(const char *target)
{
    struct target parsed;
    return target_parse(target, &parsed);
}

int target_connect(const struct target *target)
{
    const struct timeval patience = {.tv_usec = TARGET_SEND_MS * 1000L};
    int fd = socket(target->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
        connect(fd, (const struct sockaddr *)&target->address, target->length) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

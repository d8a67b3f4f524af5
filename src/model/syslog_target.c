/* Syslog targets: the text that names one, and what it means where the configuration says no more. */
#include "portconform/syslog_target.h"

#include "portconform/arena.h"
#include "portconform/number.h"
#include "portconform/text.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <syslog.h>

const char *const syslog_format_words[] = {
    [SYSLOG_FORMAT_RFC5424] = "rfc5424", [SYSLOG_FORMAT_JSON] = "json", [SYSLOG_FORMAT_CEE] = "cee",
    [SYSLOG_FORMAT_CEF] = "cef",         [SYSLOG_FORMAT_TEXT] = "text", [SYSLOG_FORMAT_TEXT + 1] = NULL,
};
const char *const syslog_header_words[] = {
    [SYSLOG_HEADER_RFC5424] = "rfc5424",
    [SYSLOG_HEADER_RFC3164] = "rfc3164",
    [SYSLOG_HEADER_NONE] = "none",
    [SYSLOG_HEADER_NONE + 1] = NULL,
};
const char *const syslog_framing_words[] = {
    [SYSLOG_FRAMING_OCTETS] = "octets",
    [SYSLOG_FRAMING_LINES] = "lines",
    [SYSLOG_FRAMING_LINES + 1] = NULL,
};
const char *const syslog_facility_words[] = {
    "kern",   "user",     "mail",   "daemon", "auth",   "syslog", "lpr",   "news",   "uucp",
    "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock", "local0", "local1",
    "local2", "local3",   "local4", "local5", "local6", "local7", NULL,
};
const char *const syslog_level_words[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", NULL};

/* --- places ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *scheme;
    enum syslog_transport transport;
    uint16_t port;
} schemes[] = {
    {"udp:", SYSLOG_UDP, 514},
    {"tcp:", SYSLOG_TCP, 514}, /* RFC 6587 names none that is its own; this is what receivers have */
    {"tls:", SYSLOG_TLS, 6514},
};

static bool parse_local(const char *path, struct syslog_place *ret)
{
    size_t length = strlen(path);
    if (path[0] != '/' || length >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return false;
    *ret = (struct syslog_place){.transport = SYSLOG_LOCAL};
    memcpy(ret->host, path, length + 1);
    return true;
}

/* A DNS name by its letters (RFC 1123, with '_' as many have it). Digits and dots alone are a mistyped address. */
static bool is_name(const char *text)
{
    size_t label = 0;
    bool letter = false;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '.' && label > 0) {
            label = 0;
            continue;
        }
        if ((!isalnum((unsigned char)*c) && *c != '-' && *c != '_') || (*c == '-' && label == 0) || ++label > 63)
            return false;
        letter = letter || isalpha((unsigned char)*c);
    }
    return letter;
}

/* "siem.example.jp:6514", "10.0.9.5", "[::1]:514": a bare IPv6 address is not told from its port, it needs brackets. */
static bool parse_network(const char *text, struct syslog_place *place)
{
    struct address address;
    bool bracketed = text[0] == '[';
    size_t length = bracketed ? strcspn(text + 1, "]") : strcspn(text, ":");
    if (length == 0 || length > 253 || (bracketed && text[1 + length] != ']'))
        return false;
    memcpy(place->host, text + bracketed, length);
    place->host[length] = '\0';
    bool numeric = address_parse(place->host, &address) == 0;
    if (bracketed ? !numeric || address.family != AF_INET6 : !numeric && !is_name(place->host))
        return false;
    const char *rest = text + length + (bracketed ? 2 : 0);
    int64_t port = place->port;
    if (rest[0] != '\0' && (rest[0] != ':' || number_parse(rest + 1, 1, UINT16_MAX, &port) < 0))
        return false;
    place->port = (uint16_t)port;
    return true;
}

bool syslog_place_parse(const char *text, struct syslog_place *ret)
{
    if (strcmp(text, "local") == 0)
        return parse_local("/dev/log", ret);
    if (strncmp(text, "local:", strlen("local:")) == 0)
        return parse_local(text + strlen("local:"), ret);
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (strncmp(text, schemes[i].scheme, strlen(schemes[i].scheme)) != 0)
            continue;
        struct syslog_place place = {.transport = schemes[i].transport, .port = schemes[i].port};
        if (!parse_network(text + strlen(schemes[i].scheme), &place))
            return false;
        *ret = place;
        return true;
    }
    return false;
}

/* --- targets ------------------------------------------------------------------------------------------------------ */

bool syslog_target_init(struct syslog_target *target, const char *name, const char *text)
{
    /* what every receiver should take by UDP (RFC 5426) and over a stream (RFC 5425, which TCP receivers follow too) */
    enum { DATAGRAM_OCTETS = 2048, STREAM_OCTETS = 8192 };
    struct syslog_place place;
    if (!syslog_place_parse(text, &place))
        return false;
    bool is_local = place.transport == SYSLOG_LOCAL, is_datagram = is_local || place.transport == SYSLOG_UDP;
    *target = (struct syslog_target){
        .name = name,
        .target = text,
        .place = place,
        .format = is_local ? SYSLOG_FORMAT_TEXT : SYSLOG_FORMAT_RFC5424,
        .header = is_local ? SYSLOG_HEADER_RFC3164 : SYSLOG_HEADER_RFC5424,
        .most_octets = is_datagram ? DATAGRAM_OCTETS : STREAM_OCTETS,
        .facility = LOG_DAEMON,
        .levels = {LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_CRIT},
    };
    return true;
}

static int copy_text(const char **to, const char *from, struct arena *arena)
{
    *to = arena_strdup(arena, from);
    return from != NULL && *to == NULL ? -ENOMEM : 0;
}

int syslog_target_copy(struct syslog_target *to, const struct syslog_target *from, struct arena *arena)
{
    struct syslog_target copy = *from;
    if (copy_text(&copy.name, from->name, arena) < 0 || copy_text(&copy.target, from->target, arena) < 0 ||
        copy_text(&copy.tls.ca, from->tls.ca, arena) < 0 ||
        copy_text(&copy.tls.certificate, from->tls.certificate, arena) < 0 ||
        copy_text(&copy.tls.key, from->tls.key, arena) < 0 || copy_text(&copy.tls.name, from->tls.name, arena) < 0 ||
        copy_text(&copy.origin.file, from->origin.file, arena) < 0)
        return -ENOMEM;
    *to = copy;
    return 0;
}

static bool same_tls(const struct syslog_tls *a, const struct syslog_tls *b)
{
    return text_equal(a->ca, b->ca) && text_equal(a->certificate, b->certificate) && text_equal(a->key, b->key) &&
           text_equal(a->name, b->name) && a->least == b->least;
}

bool syslog_target_same(const struct syslog_target *a, const struct syslog_target *b)
{
    return text_equal(a->name, b->name) && a->place.transport == b->place.transport && a->place.port == b->place.port &&
           strcmp(a->place.host, b->place.host) == 0 && a->format == b->format && a->header == b->header &&
           a->framing == b->framing && a->most_octets == b->most_octets && a->facility == b->facility &&
           memcmp(a->levels, b->levels, sizeof(a->levels)) == 0 && same_tls(&a->tls, &b->tls);
}

/* HTTP/1.1: a request for the root. Any status is proof; a 400 that speaks of TLS is a server that wanted TLS. */
#include "talk.h"

#include <string.h>

static size_t http_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    struct address literal;
    const char *host = talk->host ? talk->host : "";
    bool is_address = address_parse(host, &literal) == 0;
    bool literal_v6 = is_address && literal.family == AF_INET6;
    if (!is_address && !talk_is_name(host))
        host = "portconform.invalid";
    put_format(&writer,
               "GET / HTTP/1.1\r\nHost: %s%s%s\r\nUser-Agent: portconform/" PC_VERSION
               "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
               literal_v6 ? "[" : "", host, literal_v6 ? "]" : "");
    return written(&writer);
}

/* Octets behind the empty line that ends the header; 0: it is not there yet. */
static size_t find_body(const struct service_talk *talk)
{
    struct line line;
    size_t at = 0;
    while (talk_line(talk, &at, &line))
        if (line.length == 0)
            return at;
    return 0;
}

static void tell_server(const struct service_talk *talk, struct text *detail)
{
    static const char name[] = "Server:";
    enum { NAME = sizeof(name) - 1, COLUMNS = 40 };
    struct line line;
    size_t at = 0;
    while (talk_line(talk, &at, &line) && line.length > 0) {
        struct line begin = {line.octets, line.length < NAME ? line.length : NAME};
        if (!line_has(begin, name))
            continue;
        size_t skip = NAME;
        while (skip < line.length && line.octets[skip] == ' ')
            skip++;
        text_add(detail, ", ");
        text_escape(detail, line.octets + skip, line.length - skip, ESCAPE_ASCII, COLUMNS);
        return;
    }
}

static bool wants_tls(const struct service_talk *talk, size_t body)
{
    struct line rest = {talk->heard + body, talk->length - body};
    static const char *const words[] = {"https", "tls", "ssl"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (line_has_alone(rest, words[i], talk->over))
            return true;
    return false;
}

static enum service_verdict http_read(const struct service_talk *talk, struct text *detail)
{
    enum { CODE_AT = 9 };
    enum service_verdict verdict = talk_status(talk, "HTTP/", detail);
    if (verdict != SERVICE_PROVEN)
        return verdict;
    size_t body = find_body(talk);
    if (!body && !talk->over)
        return SERVICE_MORE;
    bool bad_request = talk->length > CODE_AT + 3 && memcmp(talk->heard + CODE_AT, "400", 3) == 0;
    if (bad_request && !talk->over_tls) {
        if (body && wants_tls(talk, body)) {
            text_add(detail, "; the server says that it expects TLS");
            return SERVICE_TLS;
        }
        if (!talk->over)
            return SERVICE_MORE; /* the text tells why */
    }
    tell_server(talk, detail);
    return SERVICE_PROVEN;
}

static const struct service_alpn offers[] = {
    {"h2", &service_check_h2}, {"http/1.1", &service_check_http}, {NULL, NULL}};

const struct service_check service_check_http = {
    .name = "HTTP",
    .source = "RFC 9112 section 4",
    .first = SPEAKER_CLIENT,
    .proof = "a status line, whatever the status",
    .say = http_say,
    .read = http_read,
    .alpn = offers,
};

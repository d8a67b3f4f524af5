/* XMPP: a stream is opened, and the server opens its own; a refusal comes inside of one, too. */
#include "talk.h"

#include <string.h>

static size_t xmpp_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_format(&writer,
               "<?xml version='1.0'?><stream:stream to='%s' xmlns='jabber:client' "
               "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
               talk_is_name(talk->host) ? talk->host : "portconform.invalid");
    return written(&writer);
}

static bool is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

/* Where the first element begins, behind a declaration; MATCH_PART: it is not there yet. */
static enum match find_element(const struct service_talk *talk, size_t *ret)
{
    size_t at = 0;
    enum match declared = talk_begins_text(talk, 0, "<?xml");
    if (declared == MATCH_PART)
        return MATCH_PART;
    if (declared == MATCH_YES) {
        const uint8_t *end = memchr(talk->heard, '>', talk->length);
        if (!end)
            return MATCH_PART;
        at = (size_t)(end - talk->heard) + 1;
    }
    while (at < talk->length && is_blank(talk->heard[at]))
        at++;
    *ret = at;
    return at < talk->length ? MATCH_YES : MATCH_PART;
}

static enum service_verdict xmpp_read(const struct service_talk *talk, struct text *detail)
{
    static const char names[] = "http://etherx.jabber.org/streams";
    size_t at = 0;
    enum match match = find_element(talk, &at);
    if (match == MATCH_YES)
        match = talk_begins_text(talk, at, "<stream:");
    if (match != MATCH_YES)
        return talk_decide(match, SERVICE_MORE);
    const uint8_t *end = memchr(talk->heard + at, '>', talk->length - at);
    if (!end)
        return SERVICE_MORE;
    struct line element = {talk->heard + at, (size_t)(end - talk->heard) - at};
    if (!line_has(element, names))
        return SERVICE_WRONG;
    text_add(detail, "XMPP stream");
    return SERVICE_PROVEN;
}

static const char farewell[] = "</stream:stream>";

const struct service_check service_check_xmpp = {
    .name = "XMPP",
    .source = "RFC 6120 section 4.2",
    .first = SPEAKER_CLIENT,
    .proof = "the server's stream header",
    .say = xmpp_say,
    .read = xmpp_read,
    .farewell = farewell,
    .farewell_length = sizeof(farewell) - 1,
};

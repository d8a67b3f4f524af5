/* Telnet: we ask for a timing mark, which every side has to answer, with or without it. A login prompt alone proves
 * nothing. */
#include "talk.h"

#include <string.h>

enum { IAC = 255, DO = 253, WILL = 251, TIMING_MARK = 6 };

static size_t telnet_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    (void)talk;
    put_u8(&writer, IAC);
    put_u8(&writer, DO);
    put_u8(&writer, TIMING_MARK);
    return written(&writer);
}

static enum service_verdict telnet_read(const struct service_talk *talk, struct text *detail)
{
    const uint8_t *command = memchr(talk->heard, IAC, talk->length);
    if (talk_greets_otherwise(talk, ""))
        return SERVICE_WRONG;
    if (!command)
        return SERVICE_MORE;
    size_t left = talk->length - (size_t)(command - talk->heard);
    if (left < 3)
        return SERVICE_MORE;
    if (command[1] < WILL || command[1] == IAC)
        return SERVICE_WRONG;
    text_add(detail, "Telnet options");
    return SERVICE_PROVEN;
}

const struct service_check service_check_telnet = {
    .name = "Telnet",
    .source = "RFC 854, RFC 860",
    .first = SPEAKER_CLIENT,
    .proof = "a negotiation of options",
    .say = telnet_say,
    .read = telnet_read,
};

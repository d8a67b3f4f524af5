/* Telnet: we ask for a timing mark, which every side has to answer, with or without it. A login prompt alone proves
 * nothing. */
#include "talk.h"

#include <string.h>

enum { IAC = 255, DO = 253, WILL = 251, TIMING_MARK = 6, END_OF_FILE = 236 };

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
    if (talk_greets_otherwise(talk, ""))
        return SERVICE_WRONG;
    for (size_t at = 0; at < talk->length;) {
        const uint8_t *command = memchr(talk->heard + at, IAC, talk->length - at);
        size_t left = command ? talk->length - (size_t)(command - talk->heard) : 0;
        if (left < 2)
            return SERVICE_MORE;
        if (command[1] < END_OF_FILE) /* it is data that happens to have such an octet */
            return SERVICE_WRONG;
        if (command[1] >= WILL && command[1] != IAC) {
            if (left < 3)
                return SERVICE_MORE;
            text_add(detail, "Telnet options");
            return SERVICE_PROVEN;
        }
        at = talk->length - left + 2; /* a prompt may end by a command, or have an escaped octet: no proof */
    }
    return SERVICE_MORE;
}

const struct service_check service_check_telnet = {
    .name = "Telnet",
    .source = "RFC 854, RFC 860",
    .first = SPEAKER_CLIENT,
    .proof = "a negotiation of options",
    .say = telnet_say,
    .read = telnet_read,
};

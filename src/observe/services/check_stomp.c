/* STOMP: a connection without credentials. A refusal is in STOMP, too. */
#include "talk.h"

#include <string.h>

static size_t stomp_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_format(&writer, "CONNECT\naccept-version:1.0,1.1,1.2\nhost:%s\n\n",
               talk_is_name(talk->host) ? talk->host : "portconform.invalid");
    put_u8(&writer, 0);
    return written(&writer);
}

static enum service_verdict stomp_read(const struct service_talk *talk, struct text *detail)
{
    struct line command;
    size_t at = 0;
    enum match connected = talk_begins_text(talk, 0, "CONNECTED"), refused = talk_begins_text(talk, 0, "ERROR");
    enum match match = connected > refused ? connected : refused;
    if (match != MATCH_YES)
        return talk_decide(match, SERVICE_MORE);
    if (!talk_line(talk, &at, &command))
        return SERVICE_MORE;
    if (command.length != strlen(connected == MATCH_YES ? "CONNECTED" : "ERROR"))
        return SERVICE_WRONG;
    text_add(detail, connected == MATCH_YES ? "STOMP, connected" : "STOMP, refused without a login");
    return SERVICE_PROVEN;
}

static const char farewell[] = "DISCONNECT\n\n";

const struct service_check service_check_stomp = {
    .name = "STOMP",
    .source = "STOMP 1.2, section \"Connecting\"",
    .first = SPEAKER_CLIENT,
    .proof = "CONNECTED or ERROR",
    .say = stomp_say,
    .read = stomp_read,
    .farewell = farewell,
    .farewell_length = sizeof(farewell),
};

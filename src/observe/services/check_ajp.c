/* AJP: its own ping. */
#include "talk.h"

static size_t ajp_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    static const uint8_t ping[] = {0x12, 0x34, 0, 1, 10};
    struct writer writer = {.octets = buffer, .size = size};
    (void)talk;
    put_octets(&writer, ping, sizeof(ping));
    return written(&writer);
}

static enum service_verdict ajp_read(const struct service_talk *talk, struct text *detail)
{
    static const uint8_t pong[] = {'A', 'B', 0, 1, 9};
    enum match match = talk_begins(talk, 0, pong, sizeof(pong));
    if (match == MATCH_YES)
        text_add(detail, "AJP ping answered");
    return talk_decide(match, SERVICE_PROVEN);
}

const struct service_check service_check_ajp = {
    .name = "AJP",
    .source = "Apache Tomcat, AJP protocol reference 1.3",
    .first = SPEAKER_CLIENT,
    .proof = "the answer to a ping",
    .say = ajp_say,
    .read = ajp_read,
};

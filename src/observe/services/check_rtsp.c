/* RTSP: OPTIONS for the whole server. */
#include "talk.h"

static size_t rtsp_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    (void)talk;
    put_text(&writer, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: portconform/" PC_VERSION "\r\n\r\n");
    return written(&writer);
}

static enum service_verdict rtsp_read(const struct service_talk *talk, struct text *detail)
{
    return talk_status(talk, "RTSP/", detail);
}

const struct service_check service_check_rtsp = {
    .name = "RTSP",
    .source = "RFC 2326 sections 7.1 and 10.1",
    .first = SPEAKER_CLIENT,
    .proof = "a status line in answer to OPTIONS",
    .say = rtsp_say,
    .read = rtsp_read,
};

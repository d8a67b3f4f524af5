/* SSH: the identification strings, which both sides send at once. Other lines may come before the server's. */
#include "talk.h"

#include <string.h>

static size_t ssh_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    (void)talk;
    put_text(&writer, "SSH-2.0-portconform_" PC_VERSION "\r\n");
    return written(&writer);
}

/* What OpenSSH says in place of its identification when it is too busy, or has had enough of somebody. */
static bool is_refusal(struct line line)
{
    return line_has(line, "Exceeded MaxStartups") || line_has(line, "Not allowed at this time");
}

static enum service_verdict ssh_read(const struct service_talk *talk, struct text *detail)
{
    enum { LINES_MAX = 32 };
    static const char own[] = "SSH-";
    struct line line;
    size_t at = 0;
    if (talk_greets_otherwise(talk, own))
        return SERVICE_WRONG;
    for (size_t lines = 0; lines < LINES_MAX; lines++) {
        size_t begin = at;
        bool named = talk_begins_text(talk, begin, own) == MATCH_YES;
        if (!talk_line(talk, &at, &line))
            return talk->over && !named ? SERVICE_WRONG : SERVICE_MORE;
        if (is_refusal(line))
            return SERVICE_UNPROVEN;
        if (!named)
            continue;
        if (line.length < 7 || !(line.octets[4] == '1' || line.octets[4] == '2') || line.octets[5] != '.')
            return SERVICE_WRONG;
        talk_quote_line(detail, line);
        return SERVICE_PROVEN;
    }
    return SERVICE_WRONG;
}

const struct service_check service_check_ssh = {
    .name = "SSH",
    .source = "RFC 4253 section 4.2",
    .first = SPEAKER_CLIENT,
    .proof = "the identification string",
    .say = ssh_say,
    .read = ssh_read,
};

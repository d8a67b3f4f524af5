/* SMTP: the greeting, then EHLO, or HELO where a server knows no other. FTP greets alike; its answer tells them apart.
 */
#include "talk.h"

enum { GREETING = 220, DONE = 250, REFUSALS = 400, NO_MAIL = 521, NOT_FOR_YOU = 554 };

/* What FTP and others also say to a command that they do not know, or not yet. */
static bool is_unknown_command(unsigned code)
{
    return code < REFUSALS || (code >= 500 && code <= 503) || code == 530;
}

static size_t smtp_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_text(&writer, talk->said == 0 ? "EHLO portconform.invalid\r\n" : "HELO portconform.invalid\r\n");
    return written(&writer);
}

static enum service_verdict smtp_read(const struct service_talk *talk, struct text *detail)
{
    struct reply greeting, answer;
    size_t at = 0;
    enum match match = talk_reply(talk, &at, &greeting);
    if (match != MATCH_YES)
        return talk_decide(match, SERVICE_MORE);
    bool says_so = line_has(greeting.first, "SMTP");
    bool refuses = greeting.code == NOT_FOR_YOU || greeting.code == NO_MAIL;
    if (greeting.code >= REFUSALS && !refuses && !says_so)
        return SERVICE_UNPROVEN; /* FTP and others refuse like this, too */
    if (greeting.code != GREETING && greeting.code < REFUSALS)
        return SERVICE_WRONG;
    for (unsigned said = 0; greeting.code == GREETING; said++) {
        if (talk->said == said)
            return SERVICE_SAY;
        match = talk_reply(talk, &at, &answer);
        if (match != MATCH_YES)
            return talk_decide(match, SERVICE_MORE);
        if (answer.code == DONE || says_so)
            break;
        if (!is_unknown_command(answer.code))
            return SERVICE_UNPROVEN;
        if (said == 1)
            return SERVICE_WRONG;
    }
    text_add(detail, "SMTP, ");
    talk_quote_line(detail, greeting.first);
    return SERVICE_PROVEN;
}

static const char farewell[] = "QUIT\r\n";

const struct service_check service_check_smtp = {
    .name = "SMTP",
    .source = "RFC 5321 sections 3.1 and 3.2, RFC 7504",
    .first = SPEAKER_SERVER,
    .proof = "the greeting, and the answer to EHLO or HELO",
    .say = smtp_say,
    .read = smtp_read,
    .farewell = farewell,
    .farewell_length = sizeof(farewell) - 1,
};

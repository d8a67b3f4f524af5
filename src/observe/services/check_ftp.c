/* FTP: the greeting, then SYST. A mail server greets alike, and knows no SYST. */
#include "talk.h"

enum {
    SOON = 120,
    GREETING = 220,
    REFUSALS = 400,
    SYSTEM = 215,
    NEEDS_PASSWORD = 331,
    NEEDS_ACCOUNT = 332,
    NOT_LOGGED_IN = 530,
};

static size_t ftp_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    (void)talk;
    put_text(&writer, "SYST\r\n");
    return written(&writer);
}

static enum service_verdict ftp_read(const struct service_talk *talk, struct text *detail)
{
    struct reply greeting, answer = {.code = 0};
    size_t at = 0;
    enum match match = talk_reply(talk, &at, &greeting);
    if (match != MATCH_YES)
        return talk_decide(match, SERVICE_MORE);
    bool says_so = line_has(greeting.first, "FTP");
    bool comes_later = greeting.code == SOON || greeting.code >= REFUSALS;
    if (comes_later && !says_so)
        return SERVICE_UNPROVEN; /* mail servers refuse like this, too */
    if (greeting.code != GREETING && !comes_later)
        return SERVICE_WRONG;
    if (!comes_later) {
        if (talk->said == 0)
            return SERVICE_SAY;
        match = talk_reply(talk, &at, &answer);
        if (match != MATCH_YES)
            return talk_decide(match, SERVICE_MORE);
        bool of_ftp = answer.code == SYSTEM || answer.code == NOT_LOGGED_IN || answer.code == NEEDS_PASSWORD ||
                      answer.code == NEEDS_ACCOUNT;
        /* some will not tell their system; what is no mail server may be one of them */
        if (!of_ftp && !says_so)
            return answer.code >= REFUSALS && !line_has(greeting.first, "SMTP") ? SERVICE_UNPROVEN : SERVICE_WRONG;
    }
    text_add(detail, "FTP, ");
    talk_quote_line(detail, greeting.first);
    return SERVICE_PROVEN;
}

static const char farewell[] = "QUIT\r\n";

const struct service_check service_check_ftp = {
    .name = "FTP",
    .source = "RFC 959 sections 4.1.3 and 5.4",
    .first = SPEAKER_SERVER,
    .proof = "the greeting, and the answer to SYST",
    .say = ftp_say,
    .read = ftp_read,
    .farewell = farewell,
    .farewell_length = sizeof(farewell) - 1,
};

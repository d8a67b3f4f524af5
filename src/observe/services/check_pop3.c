/* POP3: the greeting. */
#include "talk.h"

static enum service_verdict pop3_read(const struct service_talk *talk, struct text *detail)
{
    enum match match = talk_begins_text(talk, 0, "+OK");
    struct line greeting;
    size_t at = 0;
    if (match == MATCH_NO && talk_begins_text(talk, 0, "-ERR") != MATCH_NO) /* too busy; others say that, too */
        return talk_line(talk, &at, &greeting) ? SERVICE_UNPROVEN : SERVICE_MORE;
    if (match != MATCH_YES)
        return talk_decide(match, SERVICE_MORE);
    if (!talk_line(talk, &at, &greeting))
        return SERVICE_MORE;
    if (greeting.length > 3 && greeting.octets[3] != ' ')
        return SERVICE_WRONG;
    text_add(detail, "POP3, ");
    talk_quote_line(detail, greeting);
    return SERVICE_PROVEN;
}

static const char farewell[] = "QUIT\r\n";

const struct service_check service_check_pop3 = {
    .name = "POP3",
    .source = "RFC 1939 section 4",
    .first = SPEAKER_SERVER,
    .proof = "the greeting",
    .read = pop3_read,
    .farewell = farewell,
    .farewell_length = sizeof(farewell) - 1,
};

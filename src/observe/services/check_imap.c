/* IMAP: the greeting. */
#include "talk.h"

static enum service_verdict imap_read(const struct service_talk *talk, struct text *detail)
{
    static const char *const greetings[] = {"* OK ", "* PREAUTH ", "* BYE "};
    enum match best = MATCH_NO;
    for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
        enum match match = talk_begins_text(talk, 0, greetings[i]);
        best = match > best ? match : best;
    }
    if (best != MATCH_YES)
        return talk_decide(best, SERVICE_MORE);
    struct line greeting;
    size_t at = 0;
    if (!talk_line(talk, &at, &greeting))
        return SERVICE_MORE;
    text_add(detail, "IMAP, ");
    talk_quote_line(detail, greeting);
    return SERVICE_PROVEN;
}

static const char farewell[] = "a LOGOUT\r\n";

const struct service_check service_check_imap = {
    .name = "IMAP",
    .source = "RFC 9051 section 7.1",
    .first = SPEAKER_SERVER,
    .proof = "the greeting",
    .read = imap_read,
    .farewell = farewell,
    .farewell_length = sizeof(farewell) - 1,
};

/* One finding in one sentence that stands alone, for syslog and notifications. */
#include "phrases.h"

static void sentence_subject(struct text *out, const struct finding *finding)
{
    if (finding->transport != TRANSPORT_UNSTATED) {
        phrase_place(out, finding, ' ');
        text_add(out, " on ");
    }
    text_add(out, finding->host != NULL ? finding->host : "the site");
    if (finding->address.family != AF_UNSPEC) {
        char address[ADDRESS_TEXT];
        text_printf(out, " (%s)", address_format(&finding->address, address, sizeof address));
    }
}

void tell_sentence(struct text *out, const struct finding *finding)
{
    struct text line = {0};
    sentence_subject(&line, finding);
    /* of a whole site only a part is ever meant */
    bool part = finding->host == NULL && finding->verdict == VERDICT_NOT_JUDGED;
    text_printf(&line, " %s: ", part ? "is not wholly judged" : phrase_of(finding->verdict)->predicate);
    phrase_proof(&line, finding);
    if (finding->waived) {
        text_add(&line, "; ");
        phrase_waiver(&line, finding);
    }
    struct text advice = {0};
    advice_add(&advice, NULL, finding);
    if (advice.length > 0 && finding->verdict != VERDICT_CONFORMING)
        text_printf(&line, "; %s", text_string(&advice));
    struct text source = {0};
    phrase_source(&source, finding);
    if (source.length > 0)
        text_printf(&line, " (%s)", text_string(&source));
    if (line.failed || advice.failed || source.failed)
        out->failed = true;
    text_escape_string(out, text_string(&line), ESCAPE_TEXT);
    text_done(&line);
    text_done(&advice);
    text_done(&source);
}

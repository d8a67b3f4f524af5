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

/* What is over without anything having been seen in its place: by what it was. */
static const char *const sentence_ends[VERDICT_COUNT] = {
    [VERDICT_UNEXPECTED] = "is unexpected no more: the listener is gone",
    [VERDICT_UNREACHABLE] = "is reachable again",
    [VERDICT_WAIVER_EXPIRED] = "has no expired waiver any more",
};

/* A finding whose subject is gone is told as conforming, for no reason. */
static bool sentence_is_end(const struct finding *finding)
{
    return finding->verdict == VERDICT_CONFORMING && finding->reason == REASON_NONE && finding->was != VERDICT_NONE &&
           finding->was != VERDICT_CONFORMING;
}

static void sentence_add_end(struct text *out, const struct finding *finding)
{
    const char *end = sentence_ends[finding->was];
    if (end != NULL)
        text_printf(out, " %s", end);
    else if (finding->transport == TRANSPORT_UNSTATED)
        text_printf(out, " is wholly judged again%s%s", finding->detail != NULL ? "; it was: " : "",
                    finding->detail != NULL ? finding->detail : "");
    else
        text_printf(out, " is expected no more; it was %s", verdict_row(finding->was)->name);
}

static void sentence_add_verdict(struct text *out, const struct finding *finding)
{
    /* of a whole site only a part is ever meant */
    bool part = finding->host == NULL && finding->verdict == VERDICT_NOT_JUDGED;
    bool again =
        finding->verdict == VERDICT_CONFORMING && finding->was != VERDICT_NONE && finding->was != VERDICT_CONFORMING;
    text_printf(out, " %s%s: ", part ? "is not wholly judged" : phrase_of(finding->verdict)->predicate,
                again ? " again" : "");
    phrase_proof(out, finding);
    phrase_confidence(out, finding);
    if (again)
        text_printf(out, "; it was %s", verdict_row(finding->was)->name);
}

static void sentence_add_advice(struct text *out, const struct finding *finding)
{
    struct text advice = {0};
    advice_add(&advice, NULL, finding);
    if (advice.length > 0)
        text_printf(out, "; %s", text_string(&advice));
    out->failed |= advice.failed;
    text_done(&advice);
}

void tell_sentence(struct text *out, const struct finding *finding)
{
    struct text line = {0};
    sentence_subject(&line, finding);
    if (sentence_is_end(finding))
        sentence_add_end(&line, finding);
    else
        sentence_add_verdict(&line, finding);
    if (finding->waived) {
        text_add(&line, "; ");
        phrase_waiver(&line, finding);
    }
    sentence_add_advice(&line, finding);
    struct text source = {0};
    phrase_source(&source, finding);
    if (source.length > 0)
        text_printf(&line, " (%s)", text_string(&source));
    out->failed |= line.failed || source.failed;
    text_escape_string(out, text_string(&line), ESCAPE_TEXT);
    text_done(&line);
    text_done(&source);
}

/* The words around a finding: one table row a verdict, and the small pieces that every form is made of. */
#include "phrases.h"

#include <stdio.h>
#include <string.h>

enum { APART = PHRASE_APART, SPEAKS = PHRASE_SPEAKS, OFFENDS = PHRASE_OFFENDS };

static const struct phrase phrases[VERDICT_COUNT] = {
    [VERDICT_NONE] = {"is not yet judged", PROOF_REASON, SPEAKS},
    [VERDICT_CONFORMING] = {"conforms", PROOF_PROBE, 0},
    [VERDICT_MISSING] = {"is missing", PROOF_REASON, SPEAKS | OFFENDS},
    [VERDICT_FILTERED] = {"is filtered", PROOF_PROBE, OFFENDS},
    [VERDICT_RESET] = {"is reset on the way", PROOF_PROBE, OFFENDS},
    [VERDICT_CLOSED] = {"is closed", PROOF_PROBE, OFFENDS},
    [VERDICT_MISBOUND] = {"is bound to the wrong address", PROOF_LISTENER, OFFENDS},
    [VERDICT_ELSEWHERE] = {"is answered by somebody else", PROOF_PROBE, OFFENDS},
    [VERDICT_SATURATED] = {"accepts no more connections", PROOF_LISTENER, SPEAKS | OFFENDS},
    [VERDICT_INDETERMINATE] = {"cannot be told", PROOF_REASON, 0},
    [VERDICT_UNPROVEN] = {"is unproven", PROOF_REASON, 0},
    [VERDICT_UNSEEN] = {"is unseen", PROOF_REASON, 0},
    [VERDICT_EXPOSED] = {"is exposed", PROOF_LISTENER, OFFENDS},
    [VERDICT_WIDE] = {"is bound wider than needed", PROOF_LISTENER, SPEAKS | OFFENDS},
    [VERDICT_FORBIDDEN] = {"passes although it must not", PROOF_PROBE, SPEAKS | OFFENDS},
    [VERDICT_IMPOSTOR] = {"is held by an impostor", PROOF_LISTENER, OFFENDS},
    [VERDICT_UNEXPECTED] = {"is unexpected", PROOF_LISTENER, APART | SPEAKS | OFFENDS},
    [VERDICT_UNREACHABLE] = {"is unreachable", PROOF_REASON, SPEAKS},
    [VERDICT_NOT_JUDGED] = {"is not judged", PROOF_REASON, 0},
    [VERDICT_WAIVER_EXPIRED] = {"has a waiver that is over", PROOF_REASON, APART | SPEAKS},
};

const enum verdict phrase_order[] = {
    VERDICT_UNREACHABLE, VERDICT_MISSING,    VERDICT_FILTERED,       VERDICT_RESET,         VERDICT_CLOSED,
    VERDICT_MISBOUND,    VERDICT_SATURATED,  VERDICT_EXPOSED,        VERDICT_IMPOSTOR,      VERDICT_FORBIDDEN,
    VERDICT_ELSEWHERE,   VERDICT_WIDE,       VERDICT_NOT_JUDGED,     VERDICT_INDETERMINATE, VERDICT_UNPROVEN,
    VERDICT_UNSEEN,      VERDICT_UNEXPECTED, VERDICT_WAIVER_EXPIRED, VERDICT_NONE,
};

const struct phrase *phrase_of(enum verdict verdict)
{
    return &phrases[(unsigned)verdict < VERDICT_COUNT ? verdict : VERDICT_NONE];
}

void phrase_verdict(struct text *out, enum verdict verdict)
{
    for (const char *at = verdict_row(verdict)->name; *at != '\0'; at++)
        text_add_n(out, *at == '-' ? " " : at, 1);
}

void phrase_place(struct text *out, const struct finding *finding, char separator)
{
    if (finding->transport == TRANSPORT_UNSTATED)
        return;
    char number[8] = "";
    if (finding->port != 0)
        snprintf(number, sizeof number, "%u", finding->port);
    const char *ports = finding->ports != NULL ? finding->ports : number;
    text_printf(out, "%s%c", transport_name(finding->transport), separator);
    /* an item of several ports: of a problem, the number that has it comes first */
    bool several = strcmp(ports, number) != 0 && number[0] != '\0';
    if (several && (phrase_of(finding->verdict)->traits & PHRASE_OFFENDS) != 0)
        text_printf(out, "%s of ", number);
    text_add(out, ports);
}

void phrase_proof(struct text *out, const struct finding *finding)
{
    const char *evidence = NULL;
    switch (phrase_of(finding->verdict)->proof) {
    case PROOF_PROBE:
        evidence = finding->probe != NULL ? finding->probe : finding->listener;
        break;
    case PROOF_LISTENER:
        evidence = finding->listener != NULL ? finding->listener : finding->probe;
        break;
    case PROOF_REASON:
        break;
    }
    if (evidence == NULL)
        evidence = finding->detail;
    if (evidence == NULL)
        evidence =
            finding->reason != REASON_NONE ? reason_row(finding->reason)->text : verdict_row(finding->verdict)->text;
    text_add(out, evidence);
}

void phrase_confidence(struct text *out, const struct finding *finding)
{
    if (finding->confidence != NULL)
        text_printf(out, "; %s", finding->confidence);
}

void phrase_statement(struct text *out, const struct finding *finding)
{
    /* what could not be judged is told by its circumstances where they are known */
    if (finding->verdict == VERDICT_NOT_JUDGED && finding->detail != NULL) {
        text_add(out, finding->detail);
        return;
    }
    char hop[ADDRESS_TEXT];
    if (finding->hop.family != AF_UNSPEC)
        text_printf(out, "%s stops it", address_format(&finding->hop, hop, sizeof hop));
    else
        text_add(out, verdict_row(finding->verdict)->text);
    if ((phrase_of(finding->verdict)->traits & PHRASE_SPEAKS) == 0 && finding->reason != REASON_NONE)
        text_printf(out, ": %s", reason_row(finding->reason)->text);
    if (finding->detail != NULL)
        text_printf(out, "; %s", finding->detail);
}

void phrase_source(struct text *out, const struct finding *finding)
{
    if (finding->guide != NULL && finding->ref != NULL)
        text_printf(out, "%s %s", finding->guide, finding->ref);
    else if (finding->rule != NULL)
        text_add(out, finding->rule);
    else if (finding->guide != NULL)
        text_add(out, finding->guide);
}

void phrase_waiver(struct text *out, const struct finding *finding)
{
    text_add(out, "waived");
    if (finding->waived_until != NULL)
        text_printf(out, " until %s", finding->waived_until);
    const char *const notes[] = {finding->waived_reason, finding->waived_owner, finding->waived_ticket};
    const char *before = " (";
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        if (notes[i] == NULL)
            continue;
        text_add(out, before);
        text_add(out, notes[i]);
        before = ", ";
    }
    if (before[0] == ',')
        text_add(out, ")");
}

void phrase_peers(struct text *out, const char *peers)
{
    size_t depth = 0; /* a condition in brackets stays as it was written */
    for (const char *at = peers; *at != '\0'; at++) {
        text_add_n(out, at, 1);
        depth += *at == '[';
        depth -= *at == ']' && depth > 0;
        if (*at == ',' && depth == 0 && at[1] != ' ')
            text_add(out, " ");
    }
}

void phrase_origin(struct text *out, const char *before, const struct origin *origin)
{
    if (origin->file == NULL)
        return;
    text_printf(out, "%s%s", before, origin->file);
    if (origin->line != 0)
        text_printf(out, ":%u", origin->line);
}

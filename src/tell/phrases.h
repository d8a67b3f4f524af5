/* How a finding is put into words: shared by plugin line, text, sentence and explain. */
#pragma once

#include "portconform/tell.h"
#include "portconform/text.h"

/* Which evidence shows a verdict best. */
enum proof {
    PROOF_REASON,   /* no evidence: why it is so */
    PROOF_PROBE,    /* what the probe met */
    PROOF_LISTENER, /* what listens */
};

enum phrase_trait {
    PHRASE_APART = 1,   /* not about an expectation: counted after "of N" */
    PHRASE_SPEAKS = 2,  /* the verdict's own text says all: the reason would repeat it */
    PHRASE_OFFENDS = 4, /* a certain port of the item is to blame */
};

struct phrase {
    const char *predicate; /* after "tcp 31000 on mgr01": "is filtered" */
    enum proof proof;
    unsigned traits; /* of enum phrase_trait */
};
const struct phrase *phrase_of(enum verdict verdict);
/* The order in which a summary names the verdicts, closed by VERDICT_NONE: every one but conforming. */
extern const enum verdict phrase_order[];

/* "not judged": a verdict's name as people write it. */
void phrase_verdict(struct text *out, enum verdict verdict);
/* "tcp 31000", or "tcp/31008 of 31006..31012" with separator '/'; nothing for findings of a host or site. */
void phrase_place(struct text *out, const struct finding *finding, char separator);
/* "ICMP 3/13 from 10.0.0.1": the one piece of evidence that shows the verdict. Never empty. */
void phrase_proof(struct text *out, const struct finding *finding);
/* "; proven in 3 of 12 looks, last 14:02:31; a port known to be closed answered"; nothing where it is not weighed */
void phrase_confidence(struct text *out, const struct finding *finding);
/* "10.0.0.1 stops it: administratively prohibited": the verdict in words, with its why. */
void phrase_statement(struct text *out, const struct finding *finding);
/* "jp1-itdm manager-multi-management/2", an own rule's id, or nothing. */
void phrase_source(struct text *out, const struct finding *finding);
/* "1 waived until 2026-12-31 (AMT move)" without the number. */
void phrase_waiver(struct text *out, const struct finding *finding);
/* "agent, site-server": the peers of a rule, which scripts read without blanks, as people write them. */
void phrase_peers(struct text *out, const char *peers);
/* `before` and "site.conf:12", or nothing where the origin is unknown. */
void phrase_origin(struct text *out, const char *before, const struct origin *origin);

/* As tell_advice, but without a site: teams have no contact then. Ends without a full stop. */
void advice_add(struct text *out, const struct site *site, const struct finding *finding);

/* What the parts of `explain` share. */
#pragma once

#include "layout.h"
#include "phrases.h"

/* The expectations that a port belongs to, the narrowest first. */
struct explain_matches {
    const struct expectation **items;
    size_t count, capacity;
};

struct explanation {
    struct layout layout;
    const struct plan *plan;
    const struct plan_host *host;
    const struct host_seen *seen; /* NULL: nothing was observed of the host */
    const struct observations *all;
    const struct snapshot *snapshot;
    enum transport transport;
    uint16_t port;
    struct explain_matches matches;
    const struct expectation *expectation; /* the narrowest; NULL: no rule knows the port */
    const struct expectation *unset;       /* knows the port, but a parameter without value decides; may be NULL */
    const struct finding *finding;         /* of it, or of the listener that nothing explains; may be NULL */
};

/* A section's label, from which its words hang; NULL goes on in the section before. */
void explain_section(struct explanation *explanation, const char *label);
/* The same for what was seen: "listener", "probe", "control". */
void explain_item(struct explanation *explanation, const char *label);
/* Writes the words as one paragraph and empties them. */
void explain_flow(struct explanation *explanation, struct text *words);

/* ", topology "multi" (set in site.conf:12)" for every parameter of the expressions, of which some may be NULL. */
void explain_add_parameters(struct text *words, const struct explanation *explanation, const struct role *role,
                            const struct expression *const *expressions, size_t count);
void explain_expected(struct explanation *explanation);
/* Would the expectation, which waits for a parameter, be about the port? */
enum explain_unset { UNSET_OTHER_PORT, UNSET_THIS_PORT, UNSET_MAYBE };
enum explain_unset explain_unset_knows(const struct explanation *explanation, const struct expectation *expectation);
/* The rules that are, or may be; nothing when there are none. */
void explain_unset(struct explanation *explanation);
/* Rules of the host's components that would know the port under other settings; nothing when there are none. */
void explain_other_settings(struct explanation *explanation);
void explain_seen(struct explanation *explanation);

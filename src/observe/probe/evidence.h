/* What an error report of the kernel proves about a target. Pure, for the tests. */
#pragma once

#include "portconform/observation.h"

/* Where the report came from, in the order of asking: a target that is this machine itself counts as target. */
enum offender { OFFENDER_TARGET, OFFENDER_SELF, OFFENDER_HOP, OFFENDER_NONE };

enum report_origin { REPORT_ICMP, REPORT_ICMP6, REPORT_LOCAL };

struct evidence {
    bool ends; /* false: a report that decides nothing (fragmentation needed, redirect) */
    enum probe_outcome outcome;
    enum reason reason;
};

struct evidence evidence_of_icmp(enum report_origin origin, uint8_t type, uint8_t code, enum offender offender);
/* Of an errno (positive) alone, no report at hand. */
struct evidence evidence_of_errno(int error, sa_family_t family, enum transport transport);

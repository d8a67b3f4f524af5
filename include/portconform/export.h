/* Exporters: the openings of a matrix in the words of a firewall. A const table; a new form is a file and a row.
 *
 * What comes from guides and sites (names, refs, descriptions) never leaves the comment or string it stands in. Every
 * form names the guide rows beside each rule, says nothing that the matrix does not say, and is the same for the same
 * site, octet by octet.
 *
 * One opening is one rule, or one for each IP version, so that taking it out closes that opening and no other. An
 * opening that another one holds wholly (a host inside a network that may call as well) therefore has no rule of its
 * own in a firewall's form, only a comment that says whose rule lets it through.
 */
#pragma once

#include "portconform/matrix.h"

struct export_options {
    bool count_rest; /* what no opening lets through is counted (or logged) only, instead of dropped as well */
};

struct exporter {
    const char *name; /* "nftables" */
    const char *summary;
    bool needs_host; /* it is for one host's own firewall: the matrix was made for a host, inbound */
    bool for_people; /* a form of the matrix too: `matrix --format` */
    /* What cannot be said in this form is left out of `out` and told as a warning in `diags`; what needs the user's
     * hand as a note. 0 or -ENOMEM. */
    int (*write)(struct text *out, const struct matrix *matrix, const struct export_options *options,
                 struct diag_list *diags);
};

extern const struct exporter *const exporters[];        /* closed by NULL */
const struct exporter *exporter_find(const char *name); /* NULL: no such */

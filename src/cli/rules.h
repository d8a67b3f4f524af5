/* What the forms of rules share. */
#pragma once

#include "command.h"

bool rules_is_told(const struct rule *rule, bool errata); /* with `errata` only those that deviate */
/* "tcp 31007..31009, 31011" */
void rules_format_ports(struct text *out, const struct rule *rule);
/* How long "manager-single" of the ref "manager-single/3" is. */
size_t rules_table_length(const struct rule *rule);
bool rules_begins_table(const struct rule *rule, const struct rule *before);

/* 0 or -ENOMEM. */
int rules_text(const struct config *config, bool errata, struct text *out);
int rules_markdown(const struct config *config, bool errata, struct text *out);

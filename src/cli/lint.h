/* What lint finds beyond the loader: the site as a whole, seen from each of its vantages. */
#pragma once

#include "command.h"

/* One plan a vantage; one alone where the site has none. All have the same hosts and expectations in one order. */
struct lint_plans {
    const struct config *config;
    struct plan **items;
    size_t count;
};

/* A list of rules for a message; a rule that comes several times in a row is named once. */
struct rule_names {
    struct text text;
    const struct rule *last;
    size_t count;
};
void lint_name_rule(struct rule_names *names, const struct rule *rule);
const char *lint_names_string(struct rule_names *names); /* "a, b and 3 more"; to be asked once */

/* Each adds to `diags`; 0 or -ENOMEM. */
int lint_callers(const struct lint_plans *plans, struct diag_list *diags);
int lint_unseen(const struct lint_plans *plans, struct diag_list *diags);
int lint_exclusive(const struct lint_plans *plans, struct diag_list *diags);
int lint_ephemeral(const struct lint_plans *plans, struct diag_list *diags);
int lint_double_ports(const struct lint_plans *plans, struct diag_list *diags);
int lint_peers(const struct lint_plans *plans, struct diag_list *diags);
int lint_enterprise(const struct lint_plans *plans, struct diag_list *diags);

/* What is wrong with a guide by itself beyond what the loader finds. */
void lint_guide(const struct guide *guide, struct diag_list *diags);

/* What lint finds beyond the loader: the site as a whole, seen from each of its vantages. */
#pragma once

#include "command.h"

/* One plan a vantage; one alone where the site has none. All have the same hosts and expectations in one order. */
struct lint_plans {
    const struct config *config;
    struct plan **items;
    size_t count;
};

/* Each adds to `diags`; 0 or -ENOMEM. */
int lint_callers(const struct lint_plans *plans, struct diag_list *diags);
int lint_unseen(const struct lint_plans *plans, struct diag_list *diags);
int lint_exclusive(const struct lint_plans *plans, struct diag_list *diags);
int lint_ephemeral(const struct lint_plans *plans, struct diag_list *diags);
int lint_enterprise(const struct lint_plans *plans, struct diag_list *diags);

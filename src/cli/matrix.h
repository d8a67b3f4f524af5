/* What matrix and export share: from arguments to openings. */
#pragma once

#include "command.h"

#include "portconform/matrix.h"

struct cli_matrix {
    struct check_site site;
    struct matrix *matrix;
};

/* `inbound`: with a host, only what it has to let in. Returns CLI_GO_ON with *ret filled, or the exit status to end
 * with, what is wrong told. */
int cli_matrix_open(const struct cli_arguments *arguments, bool inbound, struct cli_matrix *ret);
void cli_matrix_done(struct cli_matrix *held);
/* "portconform: open question: ..." on stderr, one line each. */
void cli_matrix_ask(const struct matrix *matrix);

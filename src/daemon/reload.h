/* Reading the configuration, and planning what to look at: once at the start, and later in a thread beside the running
 * loop, because files and names may keep one waiting. DNS names are resolved here and nowhere else. */
#pragma once

#include "options.h"

#include "portconform/check.h"

/* Reads and plans. 0, or a negative code; what is to be said about it is in `diags`. Blocks. */
int site_open(const struct daemon_options *options, struct check_site *ret, struct diag_list *diags);
/* Writes to the log what a site_open() had to say, and with a negative `result` why it failed. */
void site_log(const struct diag_list *diags, int result);

/* `file:line:column: message; hint`, as diag_print() writes it, but on one line. */
void site_format_diag(struct text *out, const struct diag *diag);

struct reload;

/* Reads the configuration again. */
int reload_start(const struct daemon_options *options, struct reload **ret);
/* Makes another plan of `config`, which must stay until the end; the site that comes of it has a plan alone. */
int reload_plan_start(const struct daemon_options *options, const struct config *config, bool exposure,
                      struct reload **ret);
int reload_fd(const struct reload *reload); /* readable when it is finished */
bool reload_is_done(const struct reload *reload);
/* Waits for the end, frees it, and gives what site_open() gave; `diags` is initialised by it in any case. */
int reload_finish(struct reload *reload, struct check_site *ret, struct diag_list *ret_diags);
/* Gives it up, waiting at most `timeout_ms`; takes NULL. False: the thread was left behind, and still uses what it was
 * given. */
bool reload_abandon(struct reload *reload, unsigned timeout_ms);

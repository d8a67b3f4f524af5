/* What a syslog target's files give: authorities, certificate and private key. Apart from the senders, so that lint and
 * the daemon, before it begins with a configuration, find the same mistakes as the sender would. */
#pragma once

#include "portconform/diag.h"
#include "portconform/syslog_target.h"

#include <stddef.h>

struct site;

/* An SSL_CTX *, which the caller frees. Reads authorities, certificate and key anew, so that renewed ones hold from the
 * next connection on. NULL: `error` says why, in one sentence that names the file. */
struct ssl_ctx_st *syslog_tls_context(const struct syslog_tls *settings, char *error, size_t size);

/* Does what the target's files hold (and who may read the key) serve? Each mistake is told in `diags`, at the target's
 * origin. 0, PC_ESEMANTIC, or -ENOMEM. Reads files. */
int syslog_target_check_files(const struct syslog_target *target, struct diag_list *diags);
/* The same for all targets of a site. */
int syslog_check_files(const struct site *site, struct diag_list *diags);

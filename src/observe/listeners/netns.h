/* Work inside another network namespace. */
#pragma once

/* Calls `work` in a thread of its own that has entered the namespace at `path`, and waits for it. The thread ends
 * afterwards, so nothing can ever stay behind in the wrong namespace. Returns what `work` returns, or a negated errno
 * when the namespace cannot be entered (-EPERM without CAP_SYS_ADMIN, -EINVAL for a file that is no namespace). */
int netns_run(const char *path, int (*work)(void *context), void *context);

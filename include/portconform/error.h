/* Error codes.
 *
 * A function that can fail returns 0 or a negative code: a negated errno, or one of the codes below. What people read
 * about a failure goes to a diagnostic (diag.h); libraries never print, log or exit.
 */
#pragma once

enum pc_error {
    PC_ESYNTAX = -10001,   /* text that the language does not allow */
    PC_ESEMANTIC = -10002, /* well-formed, but it cannot mean anything */
    PC_EUNSET = -10003,    /* a parameter without value was needed */
    PC_ERANGE = -10004,    /* a number outside what its place allows */
    PC_ENAMES = -10005,    /* a DNS name stands where this program knows addresses only */
    PC_EKIND = -10006,     /* a probe kind or listener source that this program does not have */
    PC_EDEADLINE = -10007, /* the deadline passed first */
    PC_ENOTFILE = -10008,  /* a FIFO, socket or device where a regular file is needed */
};

/* A static English text for any code that a function of ours returned, without a final stop. Never NULL. */
const char *pc_strerror(int code);

/* Control, the asking side: how programs on the same machine ask the daemon, over a Unix socket. Needs libc alone, so
 * that a plugin starts quickly; what is asked for is made by the daemon and arrives as finished text.
 *
 *     request    "PC1 LENGTH\n", then LENGTH octets of words, each closed by NUL: the command, the terminal's columns
 *                ("0": none), "1" or "0" for colour, the command's arguments
 *     reply      frames: "PC1 KIND STATUS LENGTH\n", then LENGTH octets. KIND is R (a result) or E (a sentence why
 *                there is none), STATUS the exit status. One frame, or many of a command that goes on
 */
#pragma once

#include "portconform/text.h"

enum {
    CONTROL_REQUEST_MAX = 64 * 1024,       /* octets of words */
    CONTROL_WORDS_MAX = 1024,              /* words of a request */
    CONTROL_FRAME_MAX = 512 * 1024 * 1024, /* octets of a reply; memory is taken as they arrive */
    CONTROL_HEAD_MAX = 32,                 /* octets of a head line, with its end */
};

/* Where the socket is when nobody says otherwise. `serving`: where a daemon puts it: in systemd's $RUNTIME_DIRECTORY,
 * in /run/portconform where it may, else below $XDG_RUNTIME_DIR. Otherwise where it is to be found: /run/portconform
 * first. 0, -ENOMEM, or -ENOENT: there is no such place. */
int control_default_socket(bool serving, struct text *ret);

struct control_request {
    const char *socket; /* NULL: the default one */
    const char *command;
    unsigned columns;
    bool colour;
    const char *const *words; /* arguments; NULL-terminated, or NULL */
    int64_t deadline_mono_ms; /* as in struct moment; INT64_MAX: none */
};

enum control_kind { CONTROL_RESULT = 'R', CONTROL_ERROR = 'E' };

struct control_frame {
    enum control_kind kind;
    int status;
    struct text text; /* owned by the caller: text_done() */
};

/* Asks and takes one frame. 0, or a negative code with a sentence in `error` that tells what to do about it. */
int control_ask(const struct control_request *request, struct control_frame *ret, struct text *error);

/* --- step by step, for commands that go on ------------------------------------------------------------------------ */

/* Connects and sends the request. A descriptor that blocks no longer, or a negative code with a sentence. */
int control_open(const struct control_request *request, struct text *error);

struct control_reader {
    int fd;
    struct text raw; /* octets that were read and not taken */
};
/* Reads what there is. 1: a frame; 0: not whole yet; -EPIPE: the daemon has closed; -EPROTO: it does not speak as we
 * do; or another negative code. */
int control_read(struct control_reader *reader, struct control_frame *ret);
void control_reader_done(struct control_reader *reader); /* closes */

/* --- the language, for both sides ----------------------------------------------------------------------------------
 */

/* Takes a frame from the front of `octets`: how many octets it used, 0: not whole yet, -EPROTO. *ret_text points into
 * `octets`. */
struct control_head {
    enum control_kind kind;
    int status;
    size_t length;
};
int control_head_parse(const char *octets, size_t length, struct control_head *ret);
/* The head of a request: the same for its number. */
int control_request_head_parse(const char *octets, size_t length, size_t *ret_length);

/* The octets of a file before anything reads them as text. */
#pragma once

#include "portconform/diag.h"

/* Checks for a byte order mark, NUL and other control characters, and well-formed UTF-8. 0, or PC_ESYNTAX with one
 * diagnostic at the first offence. */
int encoding_check(const char *octets, size_t length, const char *file, struct diag_list *diags);

/* Decodes the character at `octets`, which is known to be well-formed; returns its length in octets. */
size_t encoding_decode(const char *octets, unsigned *ret_codepoint);

/* Tables of words inside src/model: the two long ones, which words.c adds to its index of all tables. */
#pragma once

#include "portconform/words.h"

/* By code, NULL where a code has no word. */
extern const char *const verdict_words[VERDICT_COUNT + 1], *const reason_words[REASON_COUNT + 1];
/* The same words without holes, NULL-terminated. */
extern const char *const verdict_word_list[], *const reason_word_list[];

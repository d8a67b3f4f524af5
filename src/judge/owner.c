/* Is the program that holds a socket the product's? */
#include "judging.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A program whose file was replaced while it runs reads "/opt/x (deleted)" in /proc: it is still that program. */
static const char deleted_mark[] = " (deleted)";
enum { OWNER_PATH_MAX = 4096 };

static enum owner_match owner_match_text(const char *pattern, const char *text)
{
    return fnmatch(pattern, text, 0) == 0 ? OWNER_OURS : OWNER_FOREIGN;
}

/* A pattern with '/' asks about the path; where only the program's name is known that stays unknown. */
static enum owner_match owner_match_exe(const char *pattern, const char *exe)
{
    char path[OWNER_PATH_MAX];
    size_t length = strlen(exe);
    if (length >= sizeof(path))
        return OWNER_UNKNOWN;
    memcpy(path, exe, length + 1);
    const size_t mark = sizeof(deleted_mark) - 1;
    if (length > mark && strcmp(path + length - mark, deleted_mark) == 0)
        path[length - mark] = '\0';
    const char *slash = strrchr(path, '/');
    if (!strchr(pattern, '/'))
        return owner_match_text(pattern, slash ? slash + 1 : path);
    return slash ? owner_match_text(pattern, path) : OWNER_UNKNOWN;
}

/* Listeners carry numbers, and the loader admits patterns over numbers alone: to ask the system for names is not the
 * judge's. */
static enum owner_match owner_match_uid(const char *pattern, uint32_t uid)
{
    char number[sizeof("4294967295")];
    snprintf(number, sizeof(number), "%" PRIu32, uid);
    return owner_match_text(pattern, number);
}

static enum owner_match owner_match_one(const struct owner_pattern *pattern, const struct owner *owner)
{
    switch (pattern->attribute) {
    case OWNER_EXE:
        return owner->exe ? owner_match_exe(pattern->pattern, owner->exe) : OWNER_UNKNOWN;
    case OWNER_UNIT:
        return owner->unit ? owner_match_text(pattern->pattern, owner->unit) : OWNER_UNKNOWN;
    case OWNER_UID:
        return owner->uid_known ? owner_match_uid(pattern->pattern, owner->uid) : OWNER_UNKNOWN;
    }
    return OWNER_UNKNOWN;
}

/* Ours as soon as one pattern matches; foreign only if every pattern's attribute was seen and none does. */
enum owner_match owner_match(const struct owner_patterns *patterns, const struct owner *owner)
{
    enum owner_match answer = patterns->count > 0 ? OWNER_FOREIGN : OWNER_UNKNOWN;
    for (size_t i = 0; i < patterns->count; i++) {
        enum owner_match one = owner_match_one(&patterns->items[i], owner);
        if (one == OWNER_OURS)
            return OWNER_OURS;
        if (one == OWNER_UNKNOWN)
            answer = OWNER_UNKNOWN;
    }
    return answer;
}

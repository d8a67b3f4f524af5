/* Words of others, made safe for whatever stands around them. */
#include "writing.h"

#include <string.h>

/* Each has a meaning somewhere: in an nft string, in PowerShell, on a router's command line. */
static char words_plain(char c)
{
    static const char from[] = "\"`\\$|;{}";
    static const char to[] = "''/_/,()";
    const char *found = c != '\0' ? strchr(from, c) : NULL;
    return found != NULL ? to[found - from] : c;
}

void words_add(struct text *out, const char *string, size_t max)
{
    size_t begin = out->length;
    text_escape(out, string, strlen(string), ESCAPE_ASCII, max);
    for (size_t i = begin; i < out->length; i++)
        out->data[i] = words_plain(out->data[i]);
}

void words_identifier(struct text *out, const char *string)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (const char *c = string; *c != '\0'; c++)
        text_add_n(out, strchr(letters, *c) != NULL ? c : "_", 1);
}

void words_opening(struct text *out, const struct opening *opening)
{
    text_printf(out, "%s to %s: ", opening->source->name, opening->destination->name);
    rules_format(out, opening->rules, opening->rule_count);
    if (opening_about(opening) != NULL)
        text_printf(out, ": %s", opening_about(opening));
}

void words_way(struct text *out, const struct opening *opening)
{
    char range[PORT_RANGE_TEXT];
    text_printf(out, "%s %s from %s to %s (", transport_name(opening->range.transport),
                port_range_format(&opening->range, range, sizeof range), opening->source->name,
                opening->destination->name);
    rules_format(out, opening->rules, opening->rule_count);
    text_add(out, ")");
}

bool words_no_rule(struct text *out, const struct opening *opening, const struct opening *covered, bool own_chain,
                   const char *lead)
{
    if (own_chain && opening_is_outside_os(opening)) {
        text_printf(out, "%s   no rule: the firmware answers, and the system's firewall never sees it\n", lead);
        return true;
    }
    if (covered == NULL)
        return false;
    struct text way = {0};
    words_way(&way, covered);
    text_printf(out, "%s   let through by the rule for ", lead);
    words_add(out, text_string(&way), 0);
    text_add(out, "\n");
    out->failed |= way.failed;
    text_done(&way);
    return true;
}

void words_questions(struct text *out, const struct matrix *matrix, const char *lead)
{
    if (matrix->question_count > 0)
        text_printf(out, "\n%s Open questions: what they are about is not let through.\n", lead);
    for (size_t i = 0; i < matrix->question_count; i++) {
        struct text question = {0};
        question_format(&question, &matrix->questions[i]);
        text_printf(out, "%s   ", lead);
        words_add(out, text_string(&question), 0);
        text_add(out, "\n");
        out->failed |= question.failed;
        text_done(&question);
    }
}

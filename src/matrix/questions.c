/* What the site leaves open, told once with all whom it concerns. */
#include "build.h"

#include "portconform/vector.h"

#include <errno.h>
#include <string.h>

static bool doubt_is_same(const struct doubt *a, const struct doubt *b)
{
    return a->kind == b->kind && a->rule == b->rule && strcmp(a->subject, b->subject) == 0 &&
           strcmp(a->name, b->name) == 0;
}

int doubt_add(struct matrix_build *build, enum question_kind kind, const char *subject, const char *name,
              const struct rule *rule)
{
    const struct host *asked = build->options->host;
    if (asked != NULL && strcmp(asked->name, name) != 0 && strcmp(asked->name, subject) != 0)
        return 0;
    struct doubt doubt = {kind, subject, name, rule};
    /* the callers of one listener often share one doubt */
    if (build->doubts.count > 0 && doubt_is_same(&build->doubts.items[build->doubts.count - 1], &doubt))
        return 0;
    struct doubt *slot = VECTOR_PUSH(&build->doubts);
    if (slot == NULL)
        return -ENOMEM;
    *slot = doubt;
    return 0;
}

static int doubt_compare(const void *left, const void *right)
{
    const struct doubt *a = left, *b = right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = strcmp(a->subject, b->subject);
    if (order == 0)
        order = strverscmp(a->name, b->name);
    return order != 0 ? order : strverscmp(a->rule->id, b->rule->id);
}

/* One question of doubts that share kind and subject, sorted by name. */
static int question_make(struct arena *arena, const struct doubt *doubts, size_t count, struct open_question *ret)
{
    const char **names = ARENA_ARRAY(arena, const char *, count);
    const struct rule **rules = ARENA_ARRAY(arena, const struct rule *, count);
    if (names == NULL || rules == NULL)
        return -ENOMEM;
    *ret = (struct open_question){.kind = doubts[0].kind, .subject = doubts[0].subject, .names = names};
    for (size_t i = 0; i < count; i++) {
        rules[i] = doubts[i].rule;
        if (ret->name_count == 0 || strcmp(names[ret->name_count - 1], doubts[i].name) != 0)
            names[ret->name_count++] = doubts[i].name;
    }
    ret->rules = rules_unique(arena, rules, count, &ret->rule_count);
    return ret->rules != NULL ? 0 : -ENOMEM;
}

int questions_make(struct matrix_build *build, struct matrix *matrix)
{
    struct doubt *doubts = build->doubts.items;
    size_t count = build->doubts.count, made = 0, end;
    struct open_question *questions = ARENA_ARRAY(build->arena, struct open_question, count);
    if (questions == NULL)
        return -ENOMEM;
    if (count > 0)
        qsort(doubts, count, sizeof *doubts, doubt_compare);
    for (size_t i = 0; i < count; i = end) {
        for (end = i + 1;
             end < count && doubts[end].kind == doubts[i].kind && strcmp(doubts[end].subject, doubts[i].subject) == 0;)
            end++;
        int error = question_make(build->arena, &doubts[i], end - i, &questions[made++]);
        if (error != 0)
            return error;
    }
    matrix->questions = questions;
    matrix->question_count = made;
    return 0;
}

/* --- how they read ----------------------------------------------------------------------------------------------- */

enum { NAMED = 4, RULES_NAMED = 6 }; /* so many are all named; of more, the first ones and the number */

static void question_add_names(struct text *out, const struct open_question *question)
{
    size_t named = question->name_count <= NAMED ? question->name_count : NAMED - 1;
    for (size_t i = 0; i < named; i++)
        text_printf(out, "%s%s", i > 0 ? ", " : "", question->names[i]);
    if (named < question->name_count)
        text_printf(out, " and %zu more", question->name_count - named);
}

static void question_add_rules(struct text *out, const struct open_question *question)
{
    size_t named = question->rule_count <= RULES_NAMED ? question->rule_count : RULES_NAMED - 1;
    for (size_t i = 0; i < named; i++)
        text_printf(out, "%s%s", i > 0 ? ", " : "", question->rules[i]->id);
    if (named < question->rule_count)
        text_printf(out, " and %zu more", question->rule_count - named);
}

void question_format(struct text *out, const struct open_question *question)
{
    static const struct {
        const char *before_subject, *before_names, *end;
    } words[] = {
        [QUESTION_PARAMETER] = {"which value has ", " on ", "?"},
        [QUESTION_CONDITION] = {"for whom does \"", "\" hold at ",
                                "? It decides who calls, and a parameter in it has no value"},
        [QUESTION_CALLER] = {"who plays ", "? It calls ", ""},
        [QUESTION_UNSAID] = {"who calls ", "? The guide does not say; it is about ", ""},
        [QUESTION_LISTENER] = {"where is ", "? It is called by ", ""},
        [QUESTION_ADDRESS] = {"which address has ", " that others see? Nothing that fits stands with ", ""},
        [QUESTION_FAMILY] = {"how does ", " reach ", "? They have no IP version in common"},
        [QUESTION_PORTS] = {"which ports are meant? ", ", at ", ""},
    };
    text_printf(out, "%s%s%s", words[question->kind].before_subject, question->subject,
                words[question->kind].before_names);
    question_add_names(out, question);
    text_printf(out, "%s (", words[question->kind].end);
    question_add_rules(out, question);
    text_add(out, ")");
}

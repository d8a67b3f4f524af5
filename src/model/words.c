/* The short tables of words, and the index of all tables. */
#include "tables.h"

#include "portconform/expectation.h"
#include "portconform/finding.h"
#include "portconform/observation.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Each is closed by NULL, so that it serves as a list of hints too. */
static const char *const severity_words[] = {"OK", "UNKNOWN", "WARNING", "CRITICAL", NULL};
static const char *const blame_words[] = {"none", "server", "network", "both", "local", "config", NULL};
static const char *const class_words[] = {"none", "security", "availability", "configuration", "monitoring", NULL};
static const char *const presence_words[] = {"required", "any",     "first-free", "one-of",
                                             "optional", "dynamic", "reserved",   NULL};
static const char *const scope_words[] = {"network", "peers", "host", NULL};
static const char *const basis_words[] = {"stated", "inferred", NULL};
static const char *const direction_words[] = {"in", "out", "both", "internal", "unstated", NULL};
static const char *const family_words[] = {"any", "both", "ipv4", "ipv6", NULL};
static const char *const kind_words[] = {"own", "vip", "nat", "proxy", NULL};
static const char *const demand_words[] = {"must-pass", "must-not-pass", "bystander", NULL};
static const char *const outcome_words[] = {"not-done", "open", "refused", "stopped", "silent", "local", NULL};
static const char *const path_words[] = {"not-probed", "proven", "unproven", NULL};
static const char *const transition_words[] = {"RAISED",         "CHANGED",      "CLEARED",        "HOST_UNREACHABLE",
                                               "HOST_REACHABLE", "WAIVER_BEGUN", "WAIVER_EXPIRED", NULL};

static const char *word_at(const char *const *words, size_t count, unsigned index)
{
    return words[index < count ? index : 0];
}
#define WORD(words, index) word_at((words), COUNT_OF(words) - 1, (unsigned)(index))

const char *severity_name(enum severity severity)
{
    return WORD(severity_words, severity);
}

int severity_exit_status(enum severity severity)
{
    switch (severity) {
    case SEVERITY_OK:
        return 0;
    case SEVERITY_WARNING:
        return 1;
    case SEVERITY_CRITICAL:
        return 2;
    case SEVERITY_UNKNOWN:
        return 3;
    }
    return 3;
}

const char *blame_name(enum blame blame)
{
    return WORD(blame_words, blame);
}

const char *class_name(enum finding_class class)
{
    return WORD(class_words, class);
}

const char *presence_name(enum presence presence)
{
    return WORD(presence_words, presence);
}

bool presence_absence_conforms(enum presence presence)
{
    return presence == PRESENCE_OPTIONAL || presence == PRESENCE_DYNAMIC || presence == PRESENCE_RESERVED;
}

const char *scope_name(enum scope scope)
{
    return WORD(scope_words, scope);
}

const char *basis_name(enum scope_basis basis)
{
    return WORD(basis_words, basis);
}

const char *direction_name(enum direction direction)
{
    return WORD(direction_words, direction);
}

const char *family_name(enum family family)
{
    return WORD(family_words, family);
}

const char *address_kind_name(enum address_kind kind)
{
    return WORD(kind_words, kind);
}

const char *flow_demand_name(enum flow_demand demand)
{
    return WORD(demand_words, demand);
}

const char *probe_outcome_name(enum probe_outcome outcome)
{
    return WORD(outcome_words, outcome);
}

const char *path_proof_name(enum path_proof path)
{
    return WORD(path_words, path);
}

const char *transition_name(enum transition_kind kind)
{
    return WORD(transition_words, kind);
}

#define SHORT_TABLE(kind, words)                                                                                       \
    {                                                                                                                  \
        (kind), (words), COUNT_OF(words) - 1                                                                           \
    }

static const struct word_table tables[] = {
    {"verdict", verdict_words, VERDICT_COUNT},   {"reason", reason_words, REASON_COUNT},
    SHORT_TABLE("severity", severity_words),     SHORT_TABLE("blame", blame_words),
    SHORT_TABLE("class", class_words),           SHORT_TABLE("presence", presence_words),
    SHORT_TABLE("scope", scope_words),           SHORT_TABLE("basis", basis_words),
    SHORT_TABLE("direction", direction_words),   SHORT_TABLE("family", family_words),
    SHORT_TABLE("address-kind", kind_words),     SHORT_TABLE("demand", demand_words),
    SHORT_TABLE("outcome", outcome_words),       SHORT_TABLE("path", path_words),
    SHORT_TABLE("transition", transition_words), {NULL, NULL, 0},
};

const struct word_table *word_tables(void)
{
    return tables;
}

static const struct word_table *words_table(const char *kind)
{
    for (const struct word_table *table = tables; table->kind != NULL; table++) {
        if (strcmp(table->kind, kind) == 0)
            return table;
    }
    return NULL;
}

int word_find(const char *kind, const char *word)
{
    const struct word_table *table = words_table(kind);
    if (table == NULL || word == NULL)
        return -1;
    for (size_t i = 0; i < table->count; i++) {
        if (table->words[i] != NULL && strcmp(table->words[i], word) == 0)
            return (int)i;
    }
    return -1;
}

const char *const *word_list(const char *kind)
{
    static const char *const nothing[] = {NULL};
    const struct word_table *table = words_table(kind);
    if (table == NULL)
        return nothing;
    if (table->words == verdict_words)
        return verdict_word_list;
    if (table->words == reason_words)
        return reason_word_list;
    return table->words;
}

/* An agent made of rows in memory, for readings without a network. */
#pragma once

#include "portconform/arena.h"
#include "reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_row {
    const char *name; /* "1.3.6.1.2.1.1.1.0" */
    enum mib_kind kind;
    uint32_t number;
    const char *text; /* of MIB_OCTETS; of MIB_NAME a name */
};

struct fake_agent {
    const struct fake_row *rows; /* in the order in which they are given */
    size_t count;
    bool version_1;
    size_t most;         /* bindings of one answer; more is "too big". 0: any number */
    size_t silent_after; /* requests; 0: never */
    bool refuses;        /* all but the system group */
    bool finds_by_place; /* the next row is the one behind the row of that name, even if that has the same name */
    size_t asked;
};

static struct mib_name fake_name(const char *text)
{
    struct mib_name name = {.length = 0};
    for (const char *at = text; at && *at;) {
        char *end;
        mib_name_add(&name, (uint32_t)strtoul(at, &end, 10));
        at = *end == '.' ? end + 1 : end;
    }
    return name;
}

static size_t fake_next(const struct fake_agent *agent, const struct mib_name *name)
{
    for (size_t i = 0; i < agent->count; i++) {
        struct mib_name row = fake_name(agent->rows[i].name);
        int order = mib_name_compare(&row, name);
        if (order == 0 && agent->finds_by_place)
            return i + 1;
        if (order > 0)
            return i;
    }
    return agent->count;
}

static void fake_fill(const struct fake_agent *agent, size_t index, const struct mib_name *asked,
                      struct mib_binding *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (index >= agent->count) {
        ret->name = *asked;
        ret->kind = MIB_NOTHING;
        return;
    }
    const struct fake_row *row = &agent->rows[index];
    ret->name = fake_name(row->name);
    ret->kind = row->kind;
    ret->number = row->number;
    if (row->kind == MIB_OCTETS) {
        ret->octets = (const uint8_t *)row->text;
        ret->length = strlen(row->text);
    }
    if (row->kind == MIB_NAME)
        ret->value = fake_name(row->text);
}

static size_t fake_exact(const struct fake_agent *agent, const struct mib_name *name)
{
    for (size_t i = 0; i < agent->count; i++) {
        struct mib_name row = fake_name(agent->rows[i].name);
        if (mib_name_compare(&row, name) == 0)
            return i;
    }
    return agent->count;
}

enum { FAKE_BINDINGS = 256 };

/* False: silence. */
static bool fake_answer(struct fake_agent *agent, const struct reading_ask *ask, struct mib_binding *bindings,
                        struct reading_answer *ret)
{
    size_t wanted = ask->kind == ASK_BULK ? ask->repetitions : ask->count;
    *ret = (struct reading_answer){.error = ANSWER_WELL, .bindings = bindings};
    agent->asked++;
    if (agent->silent_after > 0 && agent->asked > agent->silent_after)
        return false;
    if (agent->refuses && ask->kind != ASK_GET)
        ret->error = ANSWER_REFUSED;
    else if (agent->most > 0 && wanted > agent->most)
        ret->error = ANSWER_TOO_BIG;
    if (ret->error != ANSWER_WELL)
        return true;
    struct mib_name at = ask->names[0];
    for (size_t i = 0; i < wanted && ret->count < FAKE_BINDINGS; i++) {
        const struct mib_name *name = ask->kind == ASK_BULK ? &at : &ask->names[i];
        size_t index = ask->kind == ASK_GET ? fake_exact(agent, name) : fake_next(agent, name);
        if (index >= agent->count && agent->version_1) {
            ret->error = ANSWER_NO_SUCH_NAME;
            ret->error_index = i + 1;
            ret->count = 0;
            return true;
        }
        fake_fill(agent, index, name, &bindings[ret->count]);
        at = bindings[ret->count++].name;
    }
    return true;
}

/* Reads the agent to the end and makes the table. NULL: it never ended, or out of memory. */
static struct listener_table *fake_read(struct fake_agent *agent, const struct reading_options *options,
                                        struct reading *reading)
{
    static struct mib_binding bindings[FAKE_BINDINGS];
    enum { ENDLESS = 10000 };
    struct arena *arena = arena_new();
    struct listener_table *table = ARENA_NEW(arena, struct listener_table);
    struct reading_ask ask;
    unsigned missed = 0;
    table->arena = arena;
    reading_begin(reading, options, arena);
    for (int i = 0; i < ENDLESS && reading_next(reading, &ask); i++) {
        struct reading_answer answer;
        if (!fake_answer(agent, &ask, bindings, &answer)) {
            reading_missed(reading, "the agent fell silent", ++missed > 1);
            continue;
        }
        missed = 0;
        if (reading_take(reading, &answer) < 0)
            break;
    }
    bool over = reading->step == READING_OVER;
    if (over && reading_finish(reading, table, "SNMPv2c at 192.0.2.1:161") == 0) {
        reading_done(reading);
        return table;
    }
    reading_done(reading);
    arena_free(arena);
    return NULL;
}

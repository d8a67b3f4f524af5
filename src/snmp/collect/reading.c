/* The reading of one agent, step by step: its tables. */
#include "reading.h"

#include "edges.h"
#include "naming.h"
#include "portconform/vector.h"
#include <errno.h>
#include <string.h>

/* 25 rows of IPv6 fit into one Ethernet frame; what asks for more has to be put together from fragments, which many a
 * firewall drops. */
enum { REPETITIONS = 25, REPETITIONS_FEW = 5 };
enum {
    BINDINGS_MAX = 20000, /* of one table: an old one tells every connection as well */
    LISTENERS_MAX = 8192,
    REQUESTS_MAX = 4000,
    DETOURS_MAX = 3,
};

void reading_begin(struct reading *reading, const struct reading_options *options, struct arena *arena)
{
    *reading = (struct reading){.options = *options, .arena = arena, .step = READING_SYSTEM};
    reading->repetitions = REPETITIONS;
}

void reading_done(struct reading *reading)
{
    VECTOR_DONE(&reading->listeners);
    VECTOR_DONE(&reading->pids);
}

/* --- from table to table ----------------------------------------------------------------------------------------- */

static const struct mib_table *current(const struct reading *reading)
{
    return &collect_tables[reading->table];
}

static void begin_table(struct reading *reading)
{
    reading->begun = false;
    reading->detours = 0;
    reading->table_bindings = reading->table_listeners = 0;
    reading->step = READING_TABLE;
    if (current(reading)->name)
        reading->last = *current(reading)->column;
    else
        edges_begin(reading);
}

/* One table that tells listeners is enough of a transport; what follows tells the same once more, or less of it. */
static void end_table(struct reading *reading, const char *cut)
{
    enum transport transport = current(reading)->transport;
    unsigned bit = 1U << reading->table;
    if (reading->table_listeners > 0)
        reading->tables_used |= bit;
    if (cut && (reading->begun || reading->table_listeners > 0)) {
        reading->tables_cut |= bit;
        if (!reading->cut_reason)
            reading->cut_reason = cut;
    }
    reading->table++;
    while (reading->table_listeners > 0 && current(reading)->name && current(reading)->transport == transport)
        reading->table++;
    begin_table(reading);
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

static void ask_system(struct reading *reading)
{
    reading->names[0] = mib_sys_descr;
    reading->names[1] = mib_sys_object_id;
    reading->name_count = 2;
}

/* Behind the last row; or, where an agent gives that one again and again, behind more and more that begins with it:
 * what comes directly after, all that begins with it, all that begins with the next number. */
static void ask_table(struct reading *reading)
{
    struct mib_name *name = &reading->names[0];
    *name = reading->last;
    reading->name_count = 1;
    if (reading->detours == 1)
        (void)mib_name_add(name, 0);
    else if (reading->detours == 2)
        (void)mib_name_add(name, UINT32_MAX);
    else if (reading->detours > 2 && name->ids[name->length - 1] < UINT32_MAX)
        name->ids[name->length - 1]++;
}

bool reading_next(struct reading *reading, struct reading_ask *ret)
{
    if (reading->step == READING_TABLE && reading->requests >= REQUESTS_MAX)
        end_table(reading, "more requests than any table needs");
    if (reading->step == READING_SYSTEM)
        ask_system(reading);
    else if (reading->step == READING_TABLE)
        ask_table(reading);
    else if (reading->step == READING_EDGES)
        edges_ask(reading);
    else if (reading->step == READING_NAMES)
        naming_ask(reading);
    if (reading->step == READING_OVER)
        return false;
    bool walks = reading->step == READING_TABLE;
    bool bulk = walks && reading->options.bulk && reading->repetitions > 1;
    *ret = (struct reading_ask){
        .kind = !walks ? ASK_GET
                : bulk ? ASK_BULK
                       : ASK_NEXT,
        .repetitions = bulk ? reading->repetitions : 0,
        .names = reading->names,
        .count = reading->name_count,
    };
    reading->requests++;
    return true;
}

/* --- taking ------------------------------------------------------------------------------------------------------ */

static void take_kind(struct reading *reading, const struct mib_binding *binding)
{
    reading->microsoft = binding->kind == MIB_NAME && mib_name_below(&binding->value, &mib_microsoft);
    reading->net_snmp = binding->kind == MIB_NAME && mib_name_below(&binding->value, &mib_net_snmp);
}

static int take_system(struct reading *reading, const struct reading_answer *answer)
{
    for (size_t i = 0; answer->error == ANSWER_WELL && i < answer->count; i++) {
        const struct mib_binding *binding = &answer->bindings[i];
        if (mib_name_compare(&binding->name, &mib_sys_object_id) == 0)
            take_kind(reading, binding);
        if (mib_name_compare(&binding->name, &mib_sys_descr) != 0 || binding->kind != MIB_OCTETS)
            continue;
        reading->agent = arena_strndup(reading->arena, (const char *)binding->octets, binding->length);
        if (!reading->agent)
            return -ENOMEM;
    }
    reading->table = 0;
    begin_table(reading);
    return 0;
}

static int note_pid(struct reading *reading, int32_t pid)
{
    if (pid == 0) {
        reading->unnamed++;
        return 0;
    }
    for (size_t i = reading->pids.count; i > 0; i--) /* rows of one process often follow each other */
        if (reading->pids.items[i - 1] == pid)
            return 0;
    if (reading->pids.count >= NAMING_MAX)
        return 0;
    int32_t *slot = VECTOR_PUSH(&reading->pids);
    if (!slot)
        return -ENOMEM;
    *slot = pid;
    return 0;
}

static bool is_same(const struct listener *a, const struct listener *b)
{
    return a->transport == b->transport && a->port == b->port && address_equal(&a->address, &b->address) &&
           a->owner.pid == b->owner.pid;
}

/* 0, or -ENOMEM. Sockets that share address and port (SO_REUSEPORT) are rows of their own in one table, and one row or
 * the same row several times in another: one listener each program. */
static int keep_listener(struct reading *reading, const struct listener *listener)
{
    reading->table_listeners++;
    if (listener->transport == TRANSPORT_UDP && listener->port == reading->options.port)
        reading->own_socket_seen = true;
    size_t count = reading->listeners.count;
    if (count > 0 && is_same(&reading->listeners.items[count - 1], listener))
        return 0;
    struct listener *slot = VECTOR_PUSH(&reading->listeners);
    if (!slot)
        return -ENOMEM;
    *slot = *listener;
    return note_pid(reading, listener->owner.pid);
}

static int take_row(struct reading *reading, const struct mib_binding *binding)
{
    struct listener listener;
    bool odd = false;
    int r = mib_table_read(current(reading), binding, &listener, &odd);
    reading->odd += odd;
    reading->malformed += r < 0;
    return r > 0 ? keep_listener(reading, &listener) : 0;
}

/* What becomes of a table after one binding of an answer. */
enum advance { GOES_ON, STANDS, IS_OVER };

static enum advance judge_binding(struct reading *reading, const struct mib_binding *binding)
{
    int order = mib_name_compare(&binding->name, &reading->last);
    /* the end of all objects bears the name that was asked for; with another name it is a row with an odd value */
    if (!mib_name_below(&binding->name, current(reading)->column) || (binding->kind <= MIB_NO_OBJECT && order <= 0))
        return IS_OVER;
    if (order > 0)
        return GOES_ON;
    reading->duplicates += order == 0;
    reading->backwards += order < 0;
    return STANDS;
}

static int take_bindings(struct reading *reading, const struct reading_answer *answer, bool *ret_went, bool *ret_over)
{
    for (size_t i = 0; i < answer->count && !*ret_over; i++) {
        const struct mib_binding *binding = &answer->bindings[i];
        enum advance advance = judge_binding(reading, binding);
        *ret_over = advance == IS_OVER;
        if (advance != GOES_ON)
            continue;
        *ret_went = reading->begun = true;
        reading->last = binding->name;
        reading->table_bindings++;
        reading->bindings++;
        int r = take_row(reading, binding);
        if (r < 0)
            return r;
    }
    return 0;
}

static void refuse_table(struct reading *reading)
{
    reading->refused = true;
    end_table(reading, "the agent refuses to tell more");
}

static void take_table_error(struct reading *reading, enum answer_error error)
{
    if (error == ANSWER_NO_SUCH_NAME)
        end_table(reading, NULL); /* version 1 says so at the end of what there is */
    else if (error == ANSWER_REFUSED)
        refuse_table(reading);
    else if (reading->repetitions > 1)
        reading->repetitions = error == ANSWER_TOO_BIG ? reading->repetitions / 2 : 1;
    else
        end_table(reading, "the agent failed in the middle of a table");
}

static int take_table(struct reading *reading, const struct reading_answer *answer)
{
    bool went = false, over = false;
    if (answer->error != ANSWER_WELL) {
        take_table_error(reading, answer->error);
        return 0;
    }
    int r = take_bindings(reading, answer, &went, &over);
    if (r < 0)
        return r;
    if (over)
        end_table(reading, NULL);
    else if (reading->table_bindings >= BINDINGS_MAX || reading->listeners.count >= LISTENERS_MAX)
        end_table(reading, "the table has no end");
    else if (went)
        reading->detours = 0;
    else if (++reading->detours > DETOURS_MAX)
        end_table(reading, "the agent gives the same row again and again");
    return 0;
}

int reading_take(struct reading *reading, const struct reading_answer *answer)
{
    reading->answered = true;
    switch (reading->step) {
    case READING_SYSTEM:
        return take_system(reading, answer);
    case READING_TABLE:
        return take_table(reading, answer);
    case READING_EDGES:
        edges_take(reading, answer);
        return 0;
    case READING_NAMES:
        return naming_take(reading, answer);
    case READING_OVER:
        return 0;
    }
    return 0;
}

/* Answers that do not fit into one frame may be lost on their way every time. */
void reading_missed(struct reading *reading, const char *why, bool last)
{
    if (!last && reading->step == READING_TABLE && reading->options.bulk && reading->repetitions > REPETITIONS_FEW) {
        reading->repetitions = REPETITIONS_FEW;
        return;
    }
    if (!reading->cut_reason)
        reading->cut_reason = why;
    for (unsigned table = reading->table; reading->step <= READING_TABLE && collect_tables[table].name; table++)
        reading->tables_cut |= 1U << table;
    reading->step = READING_OVER;
}

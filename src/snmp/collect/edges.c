/* Rows of each address family that are asked for by name. */
#include "edges.h"

#include "naming.h"

static const sa_family_t families[2] = {AF_INET, AF_INET6};

/* Version 1 has one word for all that is not there. */
void edges_begin(struct reading *reading)
{
    reading->step = READING_EDGES;
    edges_ask(reading);
    if (reading->name_count == 0 || !reading->options.bulk)
        naming_begin(reading);
}

void edges_ask(struct reading *reading)
{
    reading->name_count = 0;
    for (unsigned i = 0; collect_tables[i].name; i++)
        for (size_t f = 0; (reading->tables_used & 1U << i) && f < 2; f++)
            if (mib_table_sample(&collect_tables[i], families[f], &reading->names[reading->name_count]))
                reading->name_count++;
}

static void take_one(struct reading *reading, const struct mib_table *table, const struct mib_binding *binding)
{
    for (size_t f = 0; f < 2; f++) {
        struct mib_name asked;
        if (mib_table_sample(table, families[f], &asked) && mib_name_compare(&binding->name, &asked) == 0)
            reading->edges[table->transport == TRANSPORT_UDP][f] =
                binding->kind == MIB_NO_OBJECT ? EDGE_HIDDEN : EDGE_VISIBLE;
    }
}

/* An agent that answers something else has told nothing. */
void edges_take(struct reading *reading, const struct reading_answer *answer)
{
    for (size_t at = 0; answer->error == ANSWER_WELL && at < answer->count; at++)
        for (unsigned i = 0; collect_tables[i].name; i++)
            take_one(reading, &collect_tables[i], &answer->bindings[at]);
    naming_begin(reading);
}

enum edge edges_of(const struct reading *reading, enum transport transport, sa_family_t family)
{
    return reading->edges[transport == TRANSPORT_UDP][family == AF_INET6];
}

/* The module of prometheus-snmp-exporter: the general figures, verdicts, hosts, problems and targets. What conforms,
 * and who listens, would be a series a row: that is for a table, not for a time series. */
#include "module.h"

#include <errno.h>
#include <string.h>

struct writer {
    struct text *out;
    uint32_t pen;
    const char *margin;
};

/* What names the rows of a table, and which of its columns say it for people. */
struct naming {
    enum mib_table_id table;
    const char *indexes[2];
    const char *name; /* its column */
};
static const struct naming namings[] = {
    {TABLE_VERDICT, {"pcVerdictCode", NULL}, "pcVerdictName"},
    {TABLE_HOST, {"pcHostIndex", NULL}, "pcHostName"},
    {TABLE_PROBLEM, {"pcHostIndex", "pcFindingIndex"}, "pcProblemKey"},
    {TABLE_TARGET, {"pcTargetIndex", NULL}, "pcTargetName"},
};

/* NULL: it is no figure. */
static const char *metric_type(const struct mib_column *column)
{
    static const enum cell_kind gauges[] = {CELL_CODE,    CELL_PRESENCE, CELL_SCOPE,    CELL_FLAG,    CELL_PORT,
                                            CELL_SIZE,    CELL_UINT,     CELL_U32,      CELL_PID,     CELL_MILLIS,
                                            CELL_GAUGE64, CELL_AGE_MONO, CELL_AGE_WALL, CELL_LOOK_AGE};
    if (column->kind == CELL_COUNTER64)
        return "counter";
    for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
        if (column->kind == gauges[i])
            return "gauge";
    }
    return NULL;
}

static void add_label(void *context, long number, const char *label, size_t length)
{
    struct writer *writer = context;
    text_printf(writer->out, "%s      %ld: %.*s\n", writer->margin, number, (int)length, label);
}

static void add_enumeration(struct writer *writer, const struct mib_column *column)
{
    size_t before = writer->out->length;
    text_printf(writer->out, "%s    enum_values:\n", writer->margin);
    if (column->kind == CELL_FLAG)
        text_printf(writer->out, "%s      1: 'true'\n%s      2: 'false'\n", writer->margin, writer->margin);
    else if (!mib_each_label(column->name, add_label, writer) && !writer->out->failed)
        writer->out->data[writer->out->length = before] = '\0';
}

static void add_metric(struct writer *writer, const struct mib_column *column, unsigned branch, unsigned id,
                       const char *type)
{
    const char *margin = writer->margin;
    text_printf(writer->out, "%s  - name: %s\n%s    oid: ", margin, column->name, margin);
    mib_add_object(writer->out, writer->pen, branch, id);
    text_printf(writer->out, "\n%s    type: %s\n%s    help: \"", margin, type, margin);
    size_t from = writer->out->length;
    mib_add_help(writer->out, column->name);
    for (char *at = writer->out->data == NULL ? NULL : writer->out->data + from; at != NULL && *at != '\0'; at++) {
        if (*at == '"')
            *at = '\'';
    }
    text_add(writer->out, "\"\n");
}

/* The label of a lookup is the column itself; of a row by host, that host's name as well. */
static void add_lookup(struct writer *writer, const char *const *indexes, size_t count, const char *name,
                       unsigned branch, unsigned id)
{
    const char *margin = writer->margin;
    text_printf(writer->out, "%s    - labels:\n", margin);
    for (size_t i = 0; i < count; i++)
        text_printf(writer->out, "%s      - %s\n", margin, indexes[i]);
    text_printf(writer->out, "%s      labelname: %s\n%s      oid: ", margin, name, margin);
    mib_add_object(writer->out, writer->pen, branch, id);
    text_printf(writer->out, "\n%s      type: DisplayString\n", margin);
}

static unsigned column_number(const struct mib_table *table, const char *name)
{
    unsigned i = 0;
    while (strcmp(table->columns[i].name, name) != 0)
        i++;
    return FIRST_COLUMN + i;
}

static void add_names(struct writer *writer, const struct naming *naming)
{
    const struct mib_table *table = &mib_tables[naming->table], *hosts = &mib_tables[TABLE_HOST];
    size_t count = naming->indexes[1] == NULL ? 1 : 2;
    text_printf(writer->out, "%s    indexes:\n", writer->margin);
    for (size_t i = 0; i < count; i++)
        text_printf(writer->out, "%s    - labelname: %s\n%s      type: gauge\n", writer->margin, naming->indexes[i],
                    writer->margin);
    text_printf(writer->out, "%s    lookups:\n", writer->margin);
    if (table->by_host)
        add_lookup(writer, naming->indexes, 1, "pcHostName", hosts->branch, column_number(hosts, "pcHostName"));
    add_lookup(writer, naming->indexes, count, naming->name, table->branch, column_number(table, naming->name));
}

static void add_scalars(struct writer *writer)
{
    static const char *const words[] = {"pcVersion", "pcSite", "pcVantage", "pcBoot", "pcConfigHash", "pcConfigError"};
    for (unsigned i = 0; i < mib_general_table.column_count; i++) {
        const struct mib_column *column = &mib_general_table.columns[i];
        const char *type = metric_type(column);
        for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
            if (strcmp(words[w], column->name) == 0)
                type = "DisplayString";
        }
        if (type == NULL)
            continue;
        add_metric(writer, column, GENERAL_BRANCH, i + 1, type);
        if (strcmp(type, "gauge") == 0)
            add_enumeration(writer, column);
    }
}

static void add_table(struct writer *writer, const struct naming *naming)
{
    const struct mib_table *table = &mib_tables[naming->table];
    for (unsigned i = 0; i < table->column_count; i++) {
        const char *type = metric_type(&table->columns[i]);
        if (type == NULL)
            continue;
        add_metric(writer, &table->columns[i], table->branch, FIRST_COLUMN + i, type);
        add_names(writer, naming);
        if (strcmp(type, "gauge") == 0)
            add_enumeration(writer, &table->columns[i]);
    }
}

static void add_body(struct writer *writer)
{
    static const unsigned branches[] = {GENERAL_BRANCH, 2, 3, 5, 7};
    text_printf(writer->out, "%s  walk:\n", writer->margin);
    for (size_t i = 0; i < sizeof(branches) / sizeof(branches[0]); i++) {
        text_printf(writer->out, "%s  - ", writer->margin);
        mib_add_root(writer->out, writer->pen);
        text_printf(writer->out, ".1.%u\n", branches[i]);
    }
    text_printf(writer->out, "%s  metrics:\n", writer->margin);
    add_scalars(writer);
    for (size_t i = 0; i < sizeof(namings) / sizeof(namings[0]); i++)
        add_table(writer, &namings[i]);
}

static int write_now(struct text *out, uint32_t pen)
{
    struct writer writer = {out, pen, "  "};
    text_add(out, "# A module of prometheus-snmp-exporter 0.23 and later for PORTCONFORM-MIB; put your users in.\n"
                  "auths:\n  portconform:\n    version: 2\n    community: public\nmodules:\n  portconform:\n");
    add_body(&writer);
    return out->failed ? -ENOMEM : 0;
}

static int write_old(struct text *out, uint32_t pen)
{
    struct writer writer = {out, pen, ""};
    text_add(out, "# A module of prometheus-snmp-exporter before 0.23 for PORTCONFORM-MIB; put your users in.\n"
                  "portconform:\n  version: 2\n  auth:\n    community: public\n");
    add_body(&writer);
    return out->failed ? -ENOMEM : 0;
}

const struct mib_exporter mib_export_prometheus = {"snmp-exporter",
                                                   "a module of prometheus-snmp-exporter, 0.23 and later", write_now};
const struct mib_exporter mib_export_prometheus_old = {
    "snmp-exporter-0.21", "the same for versions before 0.23, as Debian 12 has", write_old};

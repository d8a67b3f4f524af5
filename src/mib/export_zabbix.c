/* A template of Zabbix 6.0: the general figures; hosts, problems and targets by discovery, each with what alarms. Its
 * identifiers come from the names alone: a newer export replaces an older one. */
#include "module.h"
#include "portconform/hash.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct writer {
    struct text *out;
    uint32_t pen;
};

/* Of the form of a version 4 UUID, which Zabbix demands, made from `kind` and `name`. */
static void add_uuid(struct text *out, const char *kind, const char *name)
{
    size_t kind_length = strlen(kind), name_length = strlen(name);
    uint64_t high = hash_octets(hash_octets(HASH_BEGIN, kind, kind_length), name, name_length);
    uint64_t low = hash_octets(hash_octets(high, name, name_length), kind, kind_length);
    high = (high & 0xffffffffffff0fffU) | 0x4000U;
    low = (low & 0x3fffffffffffffffU) | 0x8000000000000000U;
    text_printf(out, "uuid: %016" PRIx64 "%016" PRIx64 "\n", high, low);
}

static void add_label(void *context, long number, const char *label, size_t length)
{
    text_printf(((struct writer *)context)->out, "        - value: '%ld'\n          newvalue: %.*s\n", number,
                (int)length, label);
}

static void add_value_map(struct writer *writer, const char *name, const char *object)
{
    text_add(writer->out, "      - ");
    add_uuid(writer->out, "valuemap", name);
    text_printf(writer->out, "        name: %s\n        mappings:\n", name);
    mib_each_label(object, add_label, writer);
}

static bool is_number(enum cell_kind kind)
{
    static const enum cell_kind texts[] = {CELL_NAME, CELL_TEXT,   CELL_ARRAY,  CELL_DATE,
                                           CELL_ADDR, CELL_LOOKED, CELL_DECIMAL};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (kind == texts[i])
            return false;
    }
    return true;
}

/* An item or its prototype. `key` is what stands in brackets behind the key, or "". */
static void add_item(struct writer *writer, const char *margin, const struct mib_column *column, unsigned branch,
                     unsigned id, const char *key)
{
    struct text *out = writer->out;
    bool discovered = key[0] != '\0';
    text_printf(out, "%s- ", margin);
    add_uuid(out, discovered ? "prototype" : "item", column->name);
    text_printf(out, "%s  name: '%s%s%s'\n%s  type: SNMP_AGENT\n%s  snmp_oid: '", margin, discovered ? "{#NAME}: " : "",
                column->name, "", margin, margin);
    mib_add_object(out, writer->pen, branch, id);
    text_printf(out, discovered ? ".{#SNMPINDEX}'\n" : ".0'\n");
    text_printf(out, "%s  key: 'portconform.%s%s'\n%s  delay: 1m\n", margin, column->name, key, margin);
    if (!is_number(column->kind))
        text_printf(out, "%s  value_type: CHAR\n%s  trends: '0'\n", margin, margin);
    text_printf(out, "%s  description: \"", margin);
    size_t from = out->length;
    mib_add_help(out, column->name);
    for (char *at = out->data == NULL ? NULL : out->data + from; at != NULL && *at != '\0'; at++) {
        if (*at == '"')
            *at = '\'';
    }
    text_add(out, "\"\n");
    if (strstr(column->name, "Severity") != NULL)
        text_printf(out, "%s  valuemap:\n%s    name: PcSeverity\n", margin, margin);
    if (strstr(column->name, "State") != NULL && branch == 7)
        text_printf(out, "%s  valuemap:\n%s    name: PcSinkState\n", margin, margin);
}

static void add_trigger(struct writer *writer, const char *margin, const char *name, const char *expression,
                        const char *priority)
{
    text_printf(writer->out, "%s- ", margin);
    add_uuid(writer->out, "trigger", name);
    text_printf(writer->out, "%s  expression: '%s'\n%s  name: '%s'\n%s  priority: %s\n", margin, expression, margin,
                name, margin, priority);
}

static void add_scalars(struct writer *writer)
{
    static const char margin[] = "      ";
    for (unsigned i = 0; i < mib_general_table.column_count; i++) {
        const struct mib_column *column = &mib_general_table.columns[i];
        if (column->kind == CELL_DATE)
            continue;
        add_item(writer, margin, column, GENERAL_BRANCH, i + 1, "");
        if (strcmp(column->name, "pcConfigState") == 0) {
            text_printf(writer->out, "%s  triggers:\n", margin);
            add_trigger(writer, "        ", "Portconform: the newest configuration was rejected",
                        "last(/Portconform by SNMP/portconform.pcConfigState)=2", "WARNING");
        } else if (strcmp(column->name, "pcLastFinishedAge") == 0) {
            text_printf(writer->out, "%s  triggers:\n", margin);
            add_trigger(writer, "        ", "Portconform: its findings are stale",
                        "last(/Portconform by SNMP/portconform.pcLastFinishedAge)>600", "AVERAGE");
        }
    }
}

/* A discovery rule: a row is found by `name_column`; `columns` are its items, closed by NULL. */
struct discovery {
    enum mib_table_id table;
    const char *title, *name_column;
    const char *const *columns;
    const char *trigger, *expression, *priority;
};
static const char *const host_columns[] = {"pcHostSeverity",   "pcHostLookAge",     "pcHostNonconforming",
                                           "pcHostUnexpected", "pcHostUnreachable", NULL};
static const char *const problem_columns[] = {"pcProblemSeverity", "pcProblemVerdict",  "pcProblemReason",
                                              "pcProblemProbe",    "pcProblemListener", NULL};
static const char *const target_columns[] = {"pcTargetState", "pcTargetSent", "pcTargetQueued", "pcTargetDropped",
                                             NULL};
static const struct discovery discoveries[] = {
    {TABLE_HOST, "Hosts", "pcHostName", host_columns, "{#NAME} does not conform",
     "last(/Portconform by SNMP/portconform.pcHostSeverity[{#SNMPINDEX}])>=2", "WARNING"},
    {TABLE_PROBLEM, "Problems", "pcProblemKey", problem_columns, "Critical: {#NAME}",
     "last(/Portconform by SNMP/portconform.pcProblemSeverity[{#SNMPINDEX}])=3", "HIGH"},
    {TABLE_TARGET, "Targets of syslog", "pcTargetName", target_columns, "Events do not get to {#NAME}",
     "last(/Portconform by SNMP/portconform.pcTargetState[{#SNMPINDEX}])=2", "WARNING"},
};

static unsigned column_of(const struct mib_table *table, const char *name)
{
    unsigned i = 0;
    while (strcmp(table->columns[i].name, name) != 0)
        i++;
    return i;
}

static void add_discovery(struct writer *writer, const struct discovery *discovery)
{
    const struct mib_table *table = &mib_tables[discovery->table];
    text_add(writer->out, "      - ");
    add_uuid(writer->out, "discovery", discovery->title);
    text_printf(writer->out, "        name: '%s'\n        type: SNMP_AGENT\n        snmp_oid: 'discovery[{#NAME},",
                discovery->title);
    mib_add_object(writer->out, writer->pen, table->branch, FIRST_COLUMN + column_of(table, discovery->name_column));
    text_printf(writer->out,
                "]'\n        key: 'portconform.%s'\n        delay: 5m\n        lifetime: 1d\n"
                "        item_prototypes:\n",
                table->name);
    for (const char *const *name = discovery->columns; *name != NULL; name++) {
        unsigned column = column_of(table, *name);
        add_item(writer, "        ", &table->columns[column], table->branch, FIRST_COLUMN + column, "[{#SNMPINDEX}]");
        if (name == discovery->columns) {
            text_add(writer->out, "          trigger_prototypes:\n");
            add_trigger(writer, "          ", discovery->trigger, discovery->expression, discovery->priority);
        }
    }
}

static int write_template(struct text *out, uint32_t pen)
{
    struct writer writer = {out, pen};
    text_add(out, "zabbix_export:\n  version: '6.0'\n  groups:\n  - uuid: a571c0d144b14fd4a87a9d9b2aa9fcd6\n"
                  "    name: Templates/Applications\n  templates:\n  - ");
    add_uuid(out, "template", "Portconform by SNMP");
    text_add(out, "    template: 'Portconform by SNMP'\n    name: 'Portconform by SNMP'\n"
                  "    description: 'Whether hosts conform to port guides, by PORTCONFORM-MIB'\n"
                  "    groups:\n    - name: Templates/Applications\n    items:\n");
    add_scalars(&writer);
    text_add(out, "    discovery_rules:\n");
    for (size_t i = 0; i < sizeof(discoveries) / sizeof(discoveries[0]); i++)
        add_discovery(&writer, &discoveries[i]);
    text_add(out, "    valuemaps:\n");
    add_value_map(&writer, "PcSeverity", "pcOverallSeverity");
    add_value_map(&writer, "PcSinkState", "pcTargetState");
    return out->failed ? -ENOMEM : 0;
}

const struct mib_exporter mib_export_zabbix = {"zabbix", "a template of Zabbix 6.0", write_template};

/* The JSON form, as docs/check.schema.json describes it.
 *
 * Findings are built and written one at a time, each on a line of its own: a large site's need not stand in memory
 * twice, and two runs can be compared line by line. */
#include "portconform/tell_json.h"

#include "portconform/json.h"
#include "portconform/text.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static void json_add_value(struct text *out, json_t *value)
{
    (void)json_add(out, value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static json_t *json_address(const struct address *address)
{
    char buffer[ADDRESS_TEXT];
    return address->family == AF_UNSPEC ? json_null() : json_string(address_format(address, buffer, sizeof buffer));
}

static json_t *json_waiver(const struct finding *finding)
{
    if (!finding->waived)
        return json_null();
    const struct json_member members[] = {
        {"until", json_text(finding->waived_until)},
        {"reason", json_text(finding->waived_reason)},
        {"owner", json_text(finding->waived_owner)},
        {"ticket", json_text(finding->waived_ticket)},
    };
    return JSON_MEMBERS(members);
}

static json_t *json_finding(const struct finding *finding, const struct tell_options *options)
{
    bool about_port = finding->transport != TRANSPORT_UNSTATED;
    const struct json_member members[] = {
        {"host", json_text(finding->host)},
        {"address", json_address(&finding->address)},
        {"transport", json_text(about_port ? transport_name(finding->transport) : NULL)},
        {"ports", json_text(finding->ports)},
        {"port", finding->port != 0 ? json_integer(finding->port) : json_null()},
        {"verdict", json_text(verdict_row(finding->verdict)->name)},
        {"was", json_text(finding->was != VERDICT_NONE ? verdict_row(finding->was)->name : NULL)},
        {"severity", json_text(severity_name(tell_finding_severity(finding, options)))},
        {"reason", json_text(reason_row(finding->reason)->name)},
        {"blame", json_text(blame_name(finding->blame))},
        {"class", json_text(class_name(finding->class))},
        {"listener", json_text(finding->listener)},
        {"probe", json_text(finding->probe)},
        {"confidence", json_text(finding->confidence)},
        {"path", json_text(path_proof_name(finding->path))},
        {"guide", json_text(finding->guide)},
        {"ref", json_text(finding->ref)},
        {"rule", json_text(finding->rule)},
        {"key", json_text(finding->key)},
        {"since", json_time(finding->since_ms)},
        {"waived", json_waiver(finding)},
        {"held", json_boolean(finding->held)},
    };
    return JSON_MEMBERS(members);
}

static void json_add_hosts(struct text *out, const struct snapshot *snapshot, const struct tell_options *options)
{
    const char *before = "\n";
    for (size_t b = 0; b < snapshot->block_count; b++) {
        const char *host = snapshot->blocks[b]->host;
        if (host == NULL || (options->filter.host != NULL && strcmp(host, options->filter.host) != 0))
            continue;
        struct tally tally = tell_block_tally(snapshot->blocks[b], options);
        const struct json_member members[] = {
            {"name", json_text(host)},
            {"expectations", json_count(tally.expectations)},
            {"conforming", json_count(tally.verdicts[VERDICT_CONFORMING])},
            {"nonconforming", json_count(tally.nonconforming)},
            {"worst", json_text(severity_name(tally.worst))},
        };
        text_add(out, before);
        json_add_value(out, JSON_MEMBERS(members));
        before = ",\n";
    }
}

static void json_add_findings(struct text *out, const struct snapshot *snapshot, const struct tell_options *options)
{
    const char *before = "\n";
    for (size_t b = 0; b < snapshot->block_count; b++) {
        const struct finding_block *block = snapshot->blocks[b];
        for (size_t i = 0; i < block->count; i++) {
            if (!finding_matches(&block->items[i], &options->filter))
                continue;
            text_add(out, before);
            json_add_value(out, json_finding(&block->items[i], options));
            before = ",\n";
        }
    }
}

static int json_tell(struct text *out, const struct plan *plan, const struct snapshot *snapshot,
                     const struct tell_options *options)
{
    (void)plan;
    bool named = snapshot->vantage != NULL && strcmp(snapshot->vantage, "-") != 0;
    const struct json_member head[] = {
        {"site", json_text(snapshot->site)},
        {"vantage", json_text(named ? snapshot->vantage : NULL)},
        {"finished", json_time(snapshot->finished.wall_ms)},
        {"severity", json_text(severity_name(tell_severity(snapshot, options)))},
        {"config_hash", json_text(snapshot->config_hash)},
    };
    const char *before = "{";
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
        text_printf(out, "%s\"%s\":", before, head[i].name);
        json_add_value(out, head[i].value);
        before = ",\n";
    }
    text_add(out, ",\n\"hosts\":[");
    json_add_hosts(out, snapshot, options);
    text_add(out, "],\n\"findings\":[");
    json_add_findings(out, snapshot, options);
    text_add(out, "]}\n");
    return out->failed ? -ENOMEM : 0;
}

static int json_fail(struct text *out, const char *why)
{
    text_add(out, "{\"severity\":");
    json_add_value(out, json_text(severity_name(SEVERITY_UNKNOWN)));
    text_add(out, ",\n\"error\":");
    json_add_value(out, json_text(why));
    text_add(out, "}\n");
    return out->failed ? -ENOMEM : 0;
}

const struct teller teller_json = {"json", "JSON, as docs/check.schema.json describes it", json_tell, json_fail};

/* Observations out of statements. */
#include "scenario.h"

#include "portconform/listeners.h"
#include "portconform/number.h"
#include "portconform/text.h"
#include "portconform/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBE_TOOK_MS = 10 };

bool seen_is_statement(const char *word)
{
    static const char *const known[] = {"listeners", "listener", "listeners-again", "listener-again",
                                        "probe",     "control",  "alive",           "canary"};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(word, known[i]) == 0)
            return true;
    }
    return false;
}

/* What is gathered of one host before its tables are made. */
struct host_notes {
    struct text recording[2]; /* the first look, the second */
    bool looked[2];
    bool failed;
    const char *source;
    int64_t age_ms;
};

struct building {
    struct scenario *scenario;
    struct host_notes *hosts;
};

static size_t host_index(struct scenario *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->plan->host_count; i++) {
        if (strcmp(scenario->plan->hosts[i].host->name, name) == 0)
            return i;
    }
    scenario_fail(scenario, "no host \"%s\"", name);
    return SIZE_MAX;
}

static size_t address_index(struct scenario *scenario, const struct plan_host *host, const char *text)
{
    struct address address;
    if (address_parse(text, &address) == 0) {
        for (size_t i = 0; i < host->address_count; i++) {
            if (address_equal(&host->addresses[i].address, &address))
                return i;
        }
    }
    scenario_fail(scenario, "no address \"%s\" of %s", text, host->host->name);
    return SIZE_MAX;
}

int64_t duration_ms(const char *text)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    char *end;
    long long number = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (end != text && *end == units[i].unit && end[1] == '\0' && number >= 0 && number < 100000)
            return number * units[i].ms;
    }
    return -1;
}

/* --- listeners --------------------------------------------------------------------------------------------------- */

static void note_listeners(struct building *building, const struct words *words, size_t look)
{
    struct scenario *scenario = building->scenario;
    size_t index = host_index(scenario, word_at(words, 1));
    if (index == SIZE_MAX)
        return;
    struct host_notes *notes = &building->hosts[index];
    notes->looked[look] = true;
    if (words->count == 2)
        return;
    if (word_is(words, 2, "failed"))
        notes->failed = true;
    else if (word_is(words, 2, "from"))
        notes->source = strcmp(word_at(words, 3), "kernel") == 0 ? "kernel" : "snmp";
    else if (word_is(words, 2, "age") && duration_ms(word_at(words, 3)) >= 0)
        notes->age_ms = duration_ms(word_at(words, 3));
    else
        scenario_fail(scenario, "listeners HOST [failed | from SOURCE | age TIME]");
}

static void note_listener(struct building *building, const struct words *words, size_t look)
{
    size_t index = host_index(building->scenario, word_at(words, 1));
    if (index == SIZE_MAX || words->count < 3)
        return;
    struct host_notes *notes = &building->hosts[index];
    notes->looked[look] = true;
    text_printf(&notes->recording[look], "%s\n", words->rest[2]);
}

static struct listener_table *table_make(struct scenario *scenario, const struct host_notes *notes, size_t look)
{
    struct diag_list diags;
    struct listener_table *table = NULL;
    if (!notes->looked[look] || diag_list_init(&diags) < 0)
        return NULL;
    struct moment taken = scenario->now;
    if (look == 0) {
        taken.mono_ms -= notes->age_ms;
        taken.wall_ms -= notes->age_ms;
    }
    if (recording_parse(text_string(&notes->recording[look]), scenario->path, taken, &table, &diags) < 0) {
        for (size_t i = 0; i < diags.count; i++)
            scenario_fail(scenario, "%s", diags.items[i].message);
        diag_list_done(&diags);
        return NULL;
    }
    diag_list_done(&diags);
    table->source = notes->source ? notes->source : "file";
    if (notes->failed && look == 0) {
        table->status = LISTENERS_FAILED;
        table->count = 0;
    }
    return table;
}

/* --- probes ------------------------------------------------------------------------------------------------------ */

struct icmp_meaning {
    uint8_t type, code;
    enum reason reason;
};

static const struct icmp_meaning icmp_meanings[] = {
    {3, 0, REASON_NET_UNREACHABLE},   {3, 1, REASON_HOST_UNREACHABLE}, {3, 2, REASON_PROTOCOL_UNREACHABLE},
    {3, 3, REASON_PORT_UNREACHABLE},  {3, 9, REASON_NET_PROHIBITED},   {3, 10, REASON_HOST_PROHIBITED},
    {3, 13, REASON_ADMIN_PROHIBITED}, {1, 0, REASON_NET_UNREACHABLE},  {1, 1, REASON_ADMIN_PROHIBITED},
    {1, 3, REASON_HOST_UNREACHABLE},  {1, 4, REASON_PORT_UNREACHABLE},
};

static bool result_by_icmp(const struct words *words, size_t at, const struct address *target,
                           struct probe_result *result)
{
    unsigned type, code;
    if (sscanf(word_at(words, at + 1), "%3u/%3u", &type, &code) != 2 || !word_is(words, at + 2, "from") ||
        address_parse(word_at(words, at + 3), &result->icmp.offender) < 0)
        return false;
    result->icmp.seen = true;
    result->icmp.type = (uint8_t)type;
    result->icmp.code = (uint8_t)code;
    result->outcome = PROBE_STOPPED;
    result->reason = REASON_ICMP_OTHER;
    for (size_t i = 0; i < sizeof(icmp_meanings) / sizeof(*icmp_meanings); i++) {
        if (icmp_meanings[i].type == type && icmp_meanings[i].code == code)
            result->reason = icmp_meanings[i].reason;
    }
    result->sign_of_life = address_equal(&result->icmp.offender, target);
    if (result->reason == REASON_PORT_UNREACHABLE && result->sign_of_life)
        result->outcome = PROBE_REFUSED;
    else if (result->reason == REASON_PORT_UNREACHABLE)
        result->reason = REASON_PORT_UNREACHABLE_BY_HOP;
    return true;
}

static bool result_by_name(const struct words *words, size_t at, enum transport transport, struct probe_result *result)
{
    static const struct {
        const char *name;
        enum probe_outcome outcome;
        enum reason reason;
    } names[] = {
        {"open", PROBE_OPEN, REASON_ACCEPTED},        {"proven", PROBE_OPEN, REASON_SERVICE_PROVEN},
        {"wrong", PROBE_OPEN, REASON_WRONG_PROTOCOL}, {"rst", PROBE_REFUSED, REASON_RST},
        {"silent", PROBE_SILENT, REASON_SILENT},      {"neighbour", PROBE_SILENT, REASON_NEIGHBOUR_FAILED},
        {"rationed", PROBE_SILENT, REASON_SILENT},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (!word_is(words, at, names[i].name))
            continue;
        result->outcome = names[i].outcome;
        result->reason = names[i].reason;
        if (transport == TRANSPORT_UDP && result->reason == REASON_ACCEPTED)
            result->reason = REASON_UDP_ANSWER;
        result->rationed = word_is(words, at, "rationed");
        result->wrong_protocol = result->reason == REASON_WRONG_PROTOCOL;
        result->service_proven = result->reason == REASON_SERVICE_PROVEN;
        result->sign_of_life = result->outcome == PROBE_OPEN || result->outcome == PROBE_REFUSED;
        return true;
    }
    int reason = word_find("reason", word_at(words, at + 1));
    if (!word_is(words, at, "local") || reason < 0 || !reason_is_local((enum reason)reason))
        return false;
    result->outcome = PROBE_LOCAL;
    result->reason = (enum reason)reason;
    return true;
}

static bool result_parse(const struct scenario *scenario, const struct words *words, size_t at,
                         enum transport transport, const struct address *target, struct probe_result *ret)
{
    struct probe_result result = {.sent = scenario->now, .ended = scenario->now, .attempts = 1};
    result.sent.mono_ms -= PROBE_TOOK_MS;
    result.sent.wall_ms -= PROBE_TOOK_MS;
    result.path_local = word_is(words, words->count - 1, "by-local-path");
    bool known = word_is(words, at, "icmp") ? result_by_icmp(words, at, target, &result)
                                            : result_by_name(words, at, transport, &result);
    if (known)
        *ret = result;
    return known;
}

static size_t probes_set(struct scenario *scenario, const struct plan_host *host, size_t address,
                         enum transport transport, int64_t port, const struct probe_result *result)
{
    size_t set = 0;
    for (size_t i = 0; i < host->expectation_count; i++) {
        const struct expectation *expectation = &host->expectations[i];
        for (size_t f = 0; !expectation->unset && f < expectation->flow_count; f++) {
            const struct flow *flow = &expectation->flows[f];
            if (expectation->range.transport != transport || flow->address != address || flow->id == SIZE_MAX ||
                (port != 0 && flow->port != port))
                continue;
            scenario->observations.probes[flow->id] = *result;
            set++;
        }
    }
    return set;
}

static bool transport_parse(const char *text, enum transport *ret)
{
    if (strcmp(text, "tcp") != 0 && strcmp(text, "udp") != 0)
        return false;
    *ret = strcmp(text, "tcp") == 0 ? TRANSPORT_TCP : TRANSPORT_UDP;
    return true;
}

static void note_probe(struct building *building, const struct words *words)
{
    struct scenario *scenario = building->scenario;
    size_t index = host_index(scenario, word_at(words, 1));
    if (index == SIZE_MAX)
        return;
    const struct plan_host *host = &scenario->plan->hosts[index];
    size_t address = address_index(scenario, host, word_at(words, 2));
    if (address == SIZE_MAX)
        return;
    enum transport transport;
    int64_t port = 0;
    struct probe_result result;
    bool any = word_is(words, 4, "any");
    if (!transport_parse(word_at(words, 3), &transport) ||
        (!any && number_parse(word_at(words, 4), 1, UINT16_MAX, &port) < 0) ||
        !result_parse(scenario, words, 5, transport, &host->addresses[address].address, &result))
        scenario_fail(scenario, "probe HOST ADDRESS tcp|udp PORT OUTCOME");
    else if (probes_set(scenario, host, address, transport, port, &result) == 0)
        scenario_fail(scenario, "%s is not probed there: the plan has no such flow", word_at(words, 4));
}

static void note_address(struct building *building, const struct words *words)
{
    struct scenario *scenario = building->scenario;
    size_t index = host_index(scenario, word_at(words, 1));
    if (index == SIZE_MAX)
        return;
    size_t address = address_index(scenario, &scenario->plan->hosts[index], word_at(words, 2));
    if (address == SIZE_MAX)
        return;
    struct address_seen *seen = &scenario->observations.hosts[index].addresses[address];
    seen->looked = true;
    seen->alive = true;
    if (word_is(words, 0, "alive"))
        return;
    seen->closed_control = seen->closed_control || word_is(words, 3, "tcp");
    seen->udp_control = seen->udp_control || word_is(words, 3, "udp");
}

static void note_statement(struct building *building, const struct words *words)
{
    if (word_is(words, 0, "listeners"))
        note_listeners(building, words, 0);
    else if (word_is(words, 0, "listeners-again"))
        note_listeners(building, words, 1);
    else if (word_is(words, 0, "listener"))
        note_listener(building, words, 0);
    else if (word_is(words, 0, "listener-again"))
        note_listener(building, words, 1);
    else if (word_is(words, 0, "probe"))
        note_probe(building, words);
    else if (word_is(words, 0, "canary"))
        building->scenario->observations.egress_broken = word_is(words, 1, "silent");
    else
        note_address(building, words);
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

void seen_drop(struct scenario *scenario)
{
    for (size_t i = 0; scenario->tables && i < 2 * scenario->observations.host_count; i++)
        listener_table_free(scenario->tables[i]);
    scenario->tables = NULL;
    arena_free(scenario->arena);
    scenario->arena = NULL;
    scenario->observations = (struct observations){0};
}

static bool seen_room(struct scenario *scenario)
{
    const struct plan *plan = scenario->plan;
    struct observations *seen = &scenario->observations;
    scenario->arena = arena_new();
    if (!scenario->arena)
        return false;
    scenario->tables = ARENA_ARRAY(scenario->arena, struct listener_table *, 2 * plan->host_count);
    seen->probes = ARENA_ARRAY(scenario->arena, struct probe_result, plan->flow_count);
    seen->hosts = ARENA_ARRAY(scenario->arena, struct host_seen, plan->host_count);
    if (!scenario->tables || !seen->probes || !seen->hosts)
        return false;
    seen->probe_count = plan->flow_count;
    seen->host_count = plan->host_count;
    for (size_t i = 0; i < plan->host_count; i++) {
        seen->hosts[i].addresses = ARENA_ARRAY(scenario->arena, struct address_seen, plan->hosts[i].address_count);
        if (!seen->hosts[i].addresses)
            return false;
    }
    return true;
}

bool seen_build(struct scenario *scenario)
{
    seen_drop(scenario);
    if (!seen_room(scenario))
        return false;
    struct building building = {.scenario = scenario};
    building.hosts = ARENA_ARRAY(scenario->arena, struct host_notes, scenario->plan->host_count);
    if (!building.hosts)
        return false;
    const size_t at = scenario->at;
    for (size_t i = 0; i < scenario->seen.count; i++) {
        struct words words = {0};
        char *line = arena_strdup(scenario->arena, scenario->seen.items[i].text);
        if (!line)
            return false;
        scenario->at = scenario->seen.items[i].line;
        words_split(&words, line);
        note_statement(&building, &words);
    }
    scenario->at = at;
    for (size_t i = 0; i < scenario->plan->host_count; i++) {
        for (size_t look = 0; look < 2; look++) {
            scenario->tables[2 * i + look] = table_make(scenario, &building.hosts[i], look);
            text_done(&building.hosts[i].recording[look]);
        }
        scenario->observations.hosts[i].listeners = scenario->tables[2 * i];
        scenario->observations.hosts[i].listeners_again = scenario->tables[2 * i + 1];
    }
    return true;
}

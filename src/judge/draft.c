/* Findings filled whole: everything that is told about a verdict is put together here. The strings of a draft live in
 * the host's scratch arena, the plan or a static table; settling copies them into the block. */
#include "judging.h"

const char *draft_text(struct arena *arena, struct text *text)
{
    const char *copy = text->failed ? NULL : arena_strdup(arena, text_string(text));
    text_done(text);
    return copy;
}

/* Blame and class: what the judge said, else the reason's, else the verdict's own row. */
void draft_finish(struct finding *finding, enum blame blame)
{
    const struct verdict_row *verdict = verdict_row(finding->verdict);
    const struct reason_row *reason = reason_row(finding->reason);
    finding->blame = blame != BLAME_NONE ? blame : reason->blame != BLAME_NONE ? reason->blame : verdict->blame;
    finding->class = reason->class != CLASS_NONE ? reason->class : verdict->class;
}

/* What nothing speaks against has no offending port. */
static bool cell_offends(const struct cell *cell)
{
    if (cell->verdict == VERDICT_UNPROVEN)
        return cell->severity != SEVERITY_OK;
    return cell->verdict != VERDICT_CONFORMING && cell->verdict != VERDICT_UNSEEN;
}

static enum path_proof cell_path(const struct cell *cell)
{
    if (!cell->probe || evidence_own_trouble(cell->probe))
        return PATH_NOT_PROBED;
    return cell->probe->outcome == PROBE_OPEN && !cell->probe->path_local ? PATH_PROVEN : PATH_UNPROVEN;
}

/* "the product's is exe:jdn*, unit:jp1*.service" */
static bool detail_owner(struct host_case *host, struct finding *finding, const struct owner_patterns *patterns)
{
    static const char *const attributes[] = {[OWNER_EXE] = "exe", [OWNER_UNIT] = "unit", [OWNER_UID] = "uid"};
    struct text text = {0};
    for (size_t i = 0; i < patterns->count; i++)
        text_printf(&text, "%s%s:%s", i == 0 ? "the product's is " : ", ", attributes[patterns->items[i].attribute],
                    patterns->items[i].pattern);
    finding->detail = draft_text(host->scratch, &text);
    return finding->detail != NULL;
}

static const char *cell_detail(const struct cell *cell)
{
    if (cell->contradiction)
        return reason_row(REASON_CONTRADICTION)->text;
    if (cell->mute_canary)
        return "the site's canary is silent too: from here silence proves nothing";
    if (cell->verdict == VERDICT_FILTERED && cell->responder_heard && cell->blame == BLAME_BOTH)
        return cell->expectation->range.transport == TRANSPORT_UDP
                   ? "the responder answers at other ports of the address; unless it says that another program has "
                     "this one"
                   : "the responder answers at other ports of the address, and not at this one";
    if (cell->verdict == VERDICT_FILTERED && cell->blame == BLAME_BOTH)
        return "a closed port of the host answers, and this one does not";
    /* what the listeners tell by themselves needs no probe */
    bool probe_is_missed = cell->verdict == VERDICT_UNPROVEN || cell->verdict == VERDICT_UNSEEN;
    return probe_is_missed ? cell->untried : NULL;
}

/* The later of what was seen. */
int64_t draft_observed_ms(const struct host_case *host, const struct cell *cell)
{
    int64_t observed_ms = cell->probe ? cell->probe->ended.wall_ms : 0;
    if (cell->table && cell->table->taken.wall_ms > observed_ms)
        observed_ms = cell->table->taken.wall_ms;
    return observed_ms > 0 ? observed_ms : host->input->now.wall_ms;
}

/* Who is meant, and why anybody expects it. False: out of memory. */
static bool draft_subject(struct host_case *host, struct finding *finding, const struct expectation *expectation)
{
    const struct rule *rule = expectation->rule;
    char ports[PORT_RANGE_TEXT];
    finding->ports = arena_strdup(host->scratch, port_range_format(&expectation->range, ports, sizeof(ports)));
    if (!finding->ports)
        return false;
    finding->host = host->host->host->name;
    finding->role = expectation->role ? expectation->role->name : "-";
    finding->component = expectation->role ? expectation->role->component->name : NULL;
    finding->transport = expectation->range.transport;
    finding->port = expectation->range.low;
    finding->guide = rule->guide ? rule->guide->id : NULL;
    finding->ref = rule->ref;
    finding->rule = rule->id;
    finding->about = rule->about;
    finding->presence = presence_name(rule->presence);
    finding->scope = scope_name(rule->scope);
    finding->origin = rule->origin;
    if (rule->from_count == 0)
        return true;
    struct text peers = {0};
    rule_format_peers(&peers, rule);
    finding->peers = draft_text(host->scratch, &peers);
    return finding->peers != NULL;
}

/* Of a large range the probes are a sample, and whoever reads what they showed is to know. */
static void text_add_sample(struct text *text, const struct expectation *expectation)
{
    unsigned count = port_range_count(&expectation->range);
    if (expectation->ports_sampled > 0 && expectation->ports_sampled < count)
        text_printf(text, "; %zu of %u ports tried", expectation->ports_sampled, count);
}

static bool draft_evidence(struct host_case *host, struct finding *finding, const struct cell *cell)
{
    if (cell->address != SIZE_MAX)
        finding->address = host->host->addresses[cell->address].address;
    if (cell->listener) {
        struct text text = {0};
        listener_format(&text, cell->listener);
        finding->listener = draft_text(host->scratch, &text);
        if (!finding->listener)
            return false;
    }
    if (cell->probe) {
        struct text text = {0};
        probe_result_format_short(&text, finding->transport, cell->probe);
        text_add_sample(&text, cell->expectation);
        finding->probe = draft_text(host->scratch, &text);
        if (!finding->probe)
            return false;
        if (cell->verdict == VERDICT_FILTERED && cell->probe->icmp.seen)
            finding->hop = cell->probe->icmp.offender;
        if (cell->probe->history.looks > 0) {
            probe_confidence_format(&text, &cell->probe->history);
            finding->confidence = draft_text(host->scratch, &text);
            if (!finding->confidence)
                return false;
        }
    }
    return true;
}

struct finding *draft_expectation(struct host_case *host, const struct cell *cell, const char *key, const char *detail)
{
    struct finding *finding = ARENA_NEW(host->scratch, struct finding);
    if (!finding || !draft_subject(host, finding, cell->expectation) || !draft_evidence(host, finding, cell))
        return NULL;
    finding->key = key;
    if (cell_offends(cell))
        finding->port = cell->port;
    finding->verdict = cell->verdict;
    finding->reason = cell->reason;
    finding->severity = cell->severity;
    finding->detail = detail ? detail : cell_detail(cell);
    if (!detail && cell->reason == REASON_FOREIGN_PROGRAM && !detail_owner(host, finding, &cell->expectation->owner))
        return NULL;
    finding->path = cell_path(cell);
    finding->observed_ms = draft_observed_ms(host, cell);
    draft_finish(finding, cell->blame);
    return finding;
}

/* No verdict was ever reached: nothing is said about the port, and it counts for nothing. */
struct finding *draft_held(struct host_case *host, const struct expectation *expectation, const char *key)
{
    struct finding *finding = ARENA_NEW(host->scratch, struct finding);
    if (!finding || !draft_subject(host, finding, expectation))
        return NULL;
    finding->key = key;
    finding->verdict = VERDICT_NOT_JUDGED;
    finding->reason = REASON_HOST_DOWN;
    finding->severity = SEVERITY_OK;
    finding->held = true;
    finding->observed_ms = host->input->now.wall_ms;
    draft_finish(finding, verdict_row(VERDICT_UNREACHABLE)->blame);
    return finding;
}

struct finding *draft_of_host(struct host_case *host, const char *subject, enum verdict verdict, enum reason reason)
{
    struct finding *finding = ARENA_NEW(host->scratch, struct finding);
    if (!finding)
        return NULL;
    finding->key = arena_printf(host->scratch, "%s|-|%s", host->host->host->name, subject);
    finding->host = host->host->host->name;
    finding->verdict = verdict;
    finding->reason = reason;
    finding->severity = verdict_row(verdict)->severity;
    finding->observed_ms = host->input->now.wall_ms;
    finding->origin = host->host->host->origin;
    draft_finish(finding, BLAME_NONE);
    return finding->key ? finding : NULL;
}

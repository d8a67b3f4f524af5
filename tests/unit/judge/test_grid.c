/* The grid of the design, cell by cell, and the property test: every combination of evidence, presence, scope, basis,
 * demand and service has exactly one answer, and that answer keeps the promises of the design. */
#include "world.h"

#include "portconform/service.h"

/* --- the table as the design prints it --------------------------------------------------------------------------- */

static void test_grid_as_designed(void **state)
{
    (void)state;
    static const enum verdict designed[5][6] = {
        {VERDICT_CONFORMING, VERDICT_RESET, VERDICT_FILTERED, VERDICT_FILTERED, VERDICT_INDETERMINATE,
         VERDICT_UNPROVEN},
        {VERDICT_CONFORMING, VERDICT_RESET, VERDICT_FILTERED, VERDICT_SATURATED, VERDICT_SATURATED, VERDICT_SATURATED},
        {VERDICT_ELSEWHERE, VERDICT_MISBOUND, VERDICT_MISBOUND, VERDICT_MISBOUND, VERDICT_MISBOUND, VERDICT_MISBOUND},
        {VERDICT_ELSEWHERE, VERDICT_MISSING, VERDICT_MISSING, VERDICT_MISSING, VERDICT_MISSING, VERDICT_MISSING},
        {VERDICT_CONFORMING, VERDICT_CLOSED, VERDICT_FILTERED, VERDICT_INDETERMINATE, VERDICT_INDETERMINATE,
         VERDICT_UNSEEN},
    };
    for (int listener = 0; listener < 5; listener++) {
        for (int probe = 0; probe < 6; probe++) {
            for (int control = 0; control < 2; control++) {
                struct grid_cell cell =
                    judge_grid((enum listener_evidence)listener, (enum probe_evidence)probe, control);
                bool told = listener == EVIDENCE_UNKNOWN && probe == EVIDENCE_SILENT_UP && control;
                assert_int_equal(cell.verdict, told ? VERDICT_FILTERED : designed[listener][probe]);
            }
        }
    }
    assert_int_equal(judge_grid(EVIDENCE_UNKNOWN, EVIDENCE_SILENT_UP, false).reason, REASON_SILENT_HOST);
}

/* --- every combination ------------------------------------------------------------------------------------------- */

enum saw {
    SAW_NOT_LOOKED,
    SAW_FAILED,
    SAW_INCOMPLETE, /* UDP was not read */
    SAW_NONE,
    SAW_EXACT,
    SAW_WILDCARD,
    SAW_OURS,
    SAW_FOREIGN,
    SAW_FULL,
    SAW_LOOPBACK,
    SAW_OTHER_ADDRESS,
    SAW_OTHER_FAMILY,
    SAW_PERHAPS_DUAL,
    SAW_COUNT
};

enum tried {
    TRIED_NOT,
    TRIED_OPEN,
    TRIED_WRONG,
    TRIED_OPEN_LOCAL_PATH,
    TRIED_REFUSED,
    TRIED_HOP,
    TRIED_PROHIBITED_BY_ITSELF,
    TRIED_HOST_UNREACHABLE,
    TRIED_NEIGHBOUR_FAILED,
    TRIED_SILENT,
    TRIED_OWN_TROUBLE,
    TRIED_COUNT
};

struct combination {
    enum saw saw;
    enum tried tried;
    enum presence presence;
    enum scope scope;
    enum scope_basis basis;
    enum flow_demand demand;
    unsigned service; /* index into services */
    bool alive, control, mute, vip;
};

static const struct {
    enum transport transport;
    const char *name;
} services[] = {{TRANSPORT_TCP, NULL}, {TRANSPORT_UDP, NULL}, {TRANSPORT_UDP, "dns"}, {TRANSPORT_UDP, "syslog"}};
enum { SERVICE_COUNT = sizeof(services) / sizeof(*services) };

static const char *listener_address(enum saw saw)
{
    static const char *const addresses[SAW_COUNT] = {
        [SAW_EXACT] = "10.0.1.10",        [SAW_WILDCARD] = "0.0.0.0",
        [SAW_OURS] = "0.0.0.0",           [SAW_FOREIGN] = "10.0.1.10",
        [SAW_FULL] = "10.0.1.10",         [SAW_LOOPBACK] = "127.0.0.1",
        [SAW_OTHER_ADDRESS] = "10.9.9.9", [SAW_OTHER_FAMILY] = "2001:db8::10",
        [SAW_PERHAPS_DUAL] = "::",
    };
    return addresses[saw];
}

static void world_saw(struct world *w, enum saw saw, enum transport transport)
{
    if (saw == SAW_NOT_LOOKED)
        return;
    world_table(w);
    w->table.udp_complete = saw != SAW_INCOMPLETE;
    if (saw == SAW_FAILED)
        w->table.status = LISTENERS_FAILED;
    if (!listener_address(saw))
        return;
    struct listener *listener = world_listener(w, transport, listener_address(saw), 4000);
    if (saw == SAW_OURS)
        listener->owner.exe = "/opt/product/bin/served";
    if (saw == SAW_FOREIGN)
        listener->owner.exe = "/usr/bin/nc";
    listener->queue_known = transport == TRANSPORT_TCP;
    listener->queue_limit = 128;
    listener->queue_length = saw == SAW_FULL ? 129 : 0;
}

static void world_tried(struct world *w, enum tried tried)
{
    static const struct {
        enum probe_outcome outcome;
        enum reason reason;
    } ends[TRIED_COUNT] = {
        [TRIED_NOT] = {PROBE_NOT_DONE, REASON_NONE},
        [TRIED_OPEN] = {PROBE_OPEN, REASON_ACCEPTED},
        [TRIED_WRONG] = {PROBE_OPEN, REASON_WRONG_PROTOCOL},
        [TRIED_OPEN_LOCAL_PATH] = {PROBE_OPEN, REASON_ACCEPTED},
        [TRIED_REFUSED] = {PROBE_REFUSED, REASON_RST},
        [TRIED_HOP] = {PROBE_STOPPED, REASON_ADMIN_PROHIBITED},
        [TRIED_PROHIBITED_BY_ITSELF] = {PROBE_STOPPED, REASON_HOST_PROHIBITED},
        [TRIED_HOST_UNREACHABLE] = {PROBE_STOPPED, REASON_HOST_UNREACHABLE},
        [TRIED_NEIGHBOUR_FAILED] = {PROBE_SILENT, REASON_NEIGHBOUR_FAILED},
        [TRIED_SILENT] = {PROBE_SILENT, REASON_SILENT},
        [TRIED_OWN_TROUBLE] = {PROBE_LOCAL, REASON_NO_DESCRIPTORS},
    };
    struct probe_result *result = world_probe(w, 0, ends[tried].outcome, ends[tried].reason);
    result->wrong_protocol = tried == TRIED_WRONG;
    result->path_local = tried == TRIED_OPEN_LOCAL_PATH;
    if (tried == TRIED_HOP || tried == TRIED_PROHIBITED_BY_ITSELF) {
        const char *offender = tried == TRIED_HOP ? "10.0.0.1" : "10.0.1.10";
        result->icmp = (struct icmp_evidence){true, 3, 13, world_address(offender)};
    }
}

static void world_combine(struct world *w, const struct combination *c)
{
    static const struct owner_pattern patterns[] = {{OWNER_EXE, "serve*"}};
    world_init(w);
    struct expectation *expectation = world_expect(w, services[c->service].transport, 4000, 4000);
    struct rule *rule = &w->rules[0];
    rule->service = services[c->service].name ? service_find(services[c->service].name) : NULL;
    rule->presence = c->presence;
    rule->scope = c->scope;
    rule->scope_basis = c->basis;
    expectation->owner = (struct owner_patterns){patterns, 1};
    expectation->group_key = c->presence == PRESENCE_ONE_OF ? "mgr01|manager|one-of:way" : NULL;
    world_demand(w, c->demand, c->scope);
    world_saw(w, c->saw, services[c->service].transport);
    world_tried(w, c->tried);
    w->address_seen[0].alive = c->alive;
    w->address_seen[0].closed_control = w->address_seen[0].udp_control = c->control;
    w->seen.egress_broken = c->mute;
    w->addresses[0].kind = c->vip ? ADDRESS_VIP : ADDRESS_OWN;
}

static bool is_open(enum tried tried)
{
    return tried == TRIED_OPEN || tried == TRIED_WRONG || tried == TRIED_OPEN_LOCAL_PATH;
}

static bool is_silence(enum tried tried)
{
    return tried == TRIED_SILENT || tried == TRIED_NEIGHBOUR_FAILED;
}

static bool is_bound_beyond(enum saw saw)
{
    return listener_address(saw) && saw != SAW_LOOPBACK;
}

static bool must_be_down(const struct combination *c)
{
    bool fits = is_silence(c->tried) || c->tried == TRIED_HOST_UNREACHABLE;
    return fits && !c->alive && !c->mute;
}

#define PROMISE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_msg("%s: saw %d tried %d presence %s scope %s %s demand %s service %u alive %d control %d mute %d "   \
                     "vip %d: %s",                                                                                     \
                     #condition, c->saw, c->tried, presence_name(c->presence), scope_name(c->scope),                   \
                     basis_name(c->basis), flow_demand_name(c->demand), c->service, c->alive, c->control, c->mute,     \
                     c->vip, verdict_row(f->verdict)->name);                                                           \
    } while (0)

static void check_own_trouble(const struct combination *c, const struct finding *f)
{
    if (c->tried == TRIED_OWN_TROUBLE) {
        PROMISE(f->verdict == VERDICT_NOT_JUDGED);
        PROMISE(f->blame == BLAME_LOCAL && f->severity == SEVERITY_UNKNOWN && f->reason == REASON_NO_DESCRIPTORS);
    }
    /* what our failed source or our deaf vantage hides is never OK */
    if (c->saw == SAW_FAILED && c->tried == TRIED_NOT)
        PROMISE(f->verdict == VERDICT_NOT_JUDGED && f->severity == SEVERITY_UNKNOWN);
    if (f->verdict == VERDICT_NOT_JUDGED)
        PROMISE(f->severity == SEVERITY_UNKNOWN && f->blame == BLAME_LOCAL);
    if (c->mute && is_silence(c->tried) && !c->alive)
        PROMISE(f->verdict != VERDICT_FILTERED && f->verdict != VERDICT_UNREACHABLE);
}

static void check_security(const struct combination *c, const struct finding *f)
{
    bool shut = c->scope == SCOPE_HOST || c->demand == FLOW_MUST_NOT_PASS;
    bool passes = shut && is_open(c->tried) && c->tried != TRIED_OPEN_LOCAL_PATH;
    bool bound = c->scope == SCOPE_HOST && is_bound_beyond(c->saw);
    if (c->tried == TRIED_OWN_TROUBLE)
        return;
    if (bound)
        PROMISE(f->verdict == (c->basis == BASIS_STATED ? VERDICT_EXPOSED : VERDICT_WIDE));
    else if (passes)
        PROMISE(f->verdict == (c->scope == SCOPE_NETWORK ? VERDICT_FORBIDDEN : VERDICT_EXPOSED));
    else
        PROMISE(f->verdict != VERDICT_EXPOSED && f->verdict != VERDICT_WIDE && f->verdict != VERDICT_FORBIDDEN);
    bool foreign = c->saw == SAW_FOREIGN && c->presence != PRESENCE_DYNAMIC; /* which demands nobody's program */
    if (f->verdict == VERDICT_IMPOSTOR)
        PROMISE(c->tried == TRIED_WRONG || foreign);
    else if (!bound && !passes)
        PROMISE(!foreign);
}

static void check_conforming(const struct combination *c, const struct finding *f)
{
    bool shut = c->scope == SCOPE_HOST || c->demand == FLOW_MUST_NOT_PASS;
    if (f->verdict != VERDICT_CONFORMING)
        return;
    PROMISE(f->severity == SEVERITY_OK && f->blame == BLAME_NONE);
    if (f->reason == REASON_SHUT_AS_DEMANDED)
        PROMISE(presence_absence_conforms(c->presence) &&
                (!is_open(c->tried) || (shut && c->tried == TRIED_OPEN_LOCAL_PATH)));
    else if (shut)
        PROMISE(listener_address(c->saw) != NULL);
    else if (c->tried == TRIED_NOT) /* no flow is demanded of these: the right listener is all there is to see */
        PROMISE(listener_address(c->saw) != NULL &&
                (c->presence == PRESENCE_DYNAMIC || c->presence == PRESENCE_RESERVED));
    else
        PROMISE(is_open(c->tried));
}

static void check_faults(const struct combination *c, const struct finding *f)
{
    if (f->verdict == VERDICT_MISSING)
        PROMISE((c->saw == SAW_NONE || (c->saw == SAW_INCOMPLETE && services[c->service].transport == TRANSPORT_TCP)) &&
                !presence_absence_conforms(c->presence));
    if (f->verdict == VERDICT_ELSEWHERE || f->verdict == VERDICT_MISBOUND || f->verdict == VERDICT_MISSING)
        PROMISE(!c->vip);
    if (f->verdict == VERDICT_UNSEEN)
        PROMISE(c->tried == TRIED_NOT && f->severity == SEVERITY_OK);
    if (f->verdict == VERDICT_CLOSED)
        PROMISE(c->tried == TRIED_REFUSED &&
                f->severity == (c->demand == FLOW_BYSTANDER ? SEVERITY_WARNING : SEVERITY_CRITICAL) &&
                f->blame == BLAME_BOTH);
    if (f->verdict == VERDICT_FILTERED && c->tried == TRIED_PROHIBITED_BY_ITSELF)
        PROMISE(f->blame == BLAME_SERVER);
    if (c->demand == FLOW_BYSTANDER)
        PROMISE(f->verdict != VERDICT_FILTERED && f->verdict != VERDICT_RESET && f->verdict != VERDICT_INDETERMINATE);
    if (f->verdict == VERDICT_SATURATED)
        PROMISE(c->saw == SAW_FULL);
    if (f->verdict == VERDICT_UNPROVEN && c->tried == TRIED_NOT && c->presence == PRESENCE_RESERVED)
        PROMISE(c->saw != SAW_EXACT);
}

/* The path is proven by what came through it from outside, and by nothing else. */
static void check_path(const struct combination *c, const struct finding *f)
{
    if (c->tried == TRIED_NOT || c->tried == TRIED_OWN_TROUBLE)
        PROMISE(f->path == PATH_NOT_PROBED);
    else
        PROMISE(f->path == (c->tried == TRIED_OPEN || c->tried == TRIED_WRONG ? PATH_PROVEN : PATH_UNPROVEN));
}

static void check_combination(const struct combination *c)
{
    struct world w;
    world_combine(&w, c);
    const struct finding_block *block = world_judge(&w);
    const struct finding *f = NULL, *down = NULL, *unread = NULL;
    for (size_t i = 0; i < block->count; i++) {
        const struct finding *at = &block->items[i];
        if (at->role)
            f = at;
        else if (at->verdict == VERDICT_UNREACHABLE)
            down = at;
        else
            unread = at;
    }
    assert_non_null(f);
    PROMISE(block->count == 1u + (down != NULL) + (unread != NULL));
    PROMISE((down != NULL) == must_be_down(c));
    PROMISE((unread != NULL) == (c->saw == SAW_FAILED));
    PROMISE(f->held == (down != NULL));
    PROMISE(f->verdict != VERDICT_NONE && f->verdict < VERDICT_COUNT);
    PROMISE(f->ports && f->port == 4000 && f->since_ms == 0 && f->was == VERDICT_NONE);
    if (f->held) {
        PROMISE(f->verdict == VERDICT_NOT_JUDGED && f->severity == SEVERITY_OK);
    } else {
        check_own_trouble(c, f);
        check_security(c, f);
        check_conforming(c, f);
        check_faults(c, f);
        check_path(c, f);
    }
    world_done(&w);
}

static const struct {
    enum scope scope;
    enum scope_basis basis;
} scopes[] = {{SCOPE_NETWORK, BASIS_STATED},
              {SCOPE_PEERS, BASIS_STATED},
              {SCOPE_HOST, BASIS_STATED},
              {SCOPE_HOST, BASIS_INFERRED}};

/* One number for all that can vary, so that no combination is forgotten. */
static struct combination combination_of(size_t number)
{
    struct combination c = {0};
    size_t rest = number;
#define DIGIT(base)                                                                                                    \
    (rest % (base));                                                                                                   \
    rest /= (base)
    c.saw = (enum saw)DIGIT(SAW_COUNT);
    c.tried = (enum tried)DIGIT(TRIED_COUNT);
    c.presence = (enum presence)DIGIT(PRESENCE_RESERVED + 1);
    size_t scope = DIGIT(4);
    c.demand = (enum flow_demand)DIGIT(3);
    c.service = (unsigned)DIGIT(SERVICE_COUNT);
    c.alive = DIGIT(2);
    c.control = DIGIT(2);
    c.mute = DIGIT(2);
    c.vip = DIGIT(2);
#undef DIGIT
    c.scope = scopes[scope].scope;
    c.basis = scopes[scope].basis;
    return c;
}

/* Controls, canary and other signs of life are about silence: where the target spoke, one value of each suffices. */
static bool is_repetition(const struct combination *c)
{
    return !is_silence(c->tried) && (c->control || c->mute || (c->alive && c->tried != TRIED_HOST_UNREACHABLE));
}

static void test_every_combination_has_one_answer(void **state)
{
    (void)state;
    const size_t count = (size_t)SAW_COUNT * TRIED_COUNT * (PRESENCE_RESERVED + 1) * 4 * 3 * SERVICE_COUNT * 16;
    for (size_t number = 0; number < count; number++) {
        struct combination c = combination_of(number);
        if (!is_repetition(&c))
            check_combination(&c);
    }
}

/* --- the grid through judge(), for the plainest rule -------------------------------------------------------------- */

static void test_plain_rule_follows_the_grid(void **state)
{
    (void)state;
    static const struct {
        enum saw saw;
        enum tried tried;
        bool alive, control;
        enum verdict verdict;
        enum blame blame;
        enum reason reason;
    } rows[] = {
        {SAW_EXACT, TRIED_OPEN, true, false, VERDICT_CONFORMING, BLAME_NONE, REASON_ACCEPTED},
        {SAW_EXACT, TRIED_REFUSED, true, false, VERDICT_RESET, BLAME_NETWORK, REASON_RST},
        {SAW_EXACT, TRIED_HOP, true, false, VERDICT_FILTERED, BLAME_NETWORK, REASON_ADMIN_PROHIBITED},
        {SAW_EXACT, TRIED_HOP, false, false, VERDICT_FILTERED, BLAME_NETWORK, REASON_ADMIN_PROHIBITED},
        {SAW_EXACT, TRIED_SILENT, true, false, VERDICT_FILTERED, BLAME_NETWORK, REASON_SILENT},
        {SAW_EXACT, TRIED_NOT, false, false, VERDICT_UNPROVEN, BLAME_NONE, REASON_NOT_PROBED},
        {SAW_FULL, TRIED_SILENT, true, false, VERDICT_SATURATED, BLAME_SERVER, REASON_QUEUE_FULL},
        {SAW_FULL, TRIED_OPEN, true, false, VERDICT_CONFORMING, BLAME_NONE, REASON_ACCEPTED},
        {SAW_FULL, TRIED_NOT, true, false, VERDICT_SATURATED, BLAME_SERVER, REASON_QUEUE_FULL},
        {SAW_LOOPBACK, TRIED_REFUSED, true, false, VERDICT_MISBOUND, BLAME_SERVER, REASON_LOOPBACK_ONLY},
        {SAW_LOOPBACK, TRIED_OPEN, true, false, VERDICT_ELSEWHERE, BLAME_BOTH, REASON_LOOPBACK_ONLY},
        {SAW_OTHER_ADDRESS, TRIED_SILENT, true, false, VERDICT_MISBOUND, BLAME_SERVER, REASON_OTHER_ADDRESS},
        {SAW_OTHER_FAMILY, TRIED_NOT, true, false, VERDICT_MISBOUND, BLAME_SERVER, REASON_OTHER_FAMILY},
        {SAW_NONE, TRIED_OPEN, true, false, VERDICT_ELSEWHERE, BLAME_BOTH, REASON_NOBODY_LISTENS},
        {SAW_NONE, TRIED_REFUSED, true, false, VERDICT_MISSING, BLAME_SERVER, REASON_NOBODY_LISTENS},
        {SAW_NONE, TRIED_HOP, true, false, VERDICT_MISSING, BLAME_SERVER, REASON_NOBODY_LISTENS},
        {SAW_NOT_LOOKED, TRIED_OPEN, true, false, VERDICT_CONFORMING, BLAME_NONE, REASON_ACCEPTED},
        {SAW_NOT_LOOKED, TRIED_REFUSED, true, false, VERDICT_CLOSED, BLAME_BOTH, REASON_RST},
        {SAW_NOT_LOOKED, TRIED_HOP, true, false, VERDICT_FILTERED, BLAME_NETWORK, REASON_ADMIN_PROHIBITED},
        {SAW_NOT_LOOKED, TRIED_SILENT, true, true, VERDICT_FILTERED, BLAME_BOTH, REASON_SILENT},
        {SAW_NOT_LOOKED, TRIED_SILENT, true, false, VERDICT_INDETERMINATE, BLAME_BOTH, REASON_SILENT_HOST},
        {SAW_NOT_LOOKED, TRIED_NOT, true, false, VERDICT_UNSEEN, BLAME_NONE, REASON_NOBODY_LOOKED},
        {SAW_PERHAPS_DUAL, TRIED_SILENT, true, false, VERDICT_INDETERMINATE, BLAME_BOTH, REASON_SILENT_HOST},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct combination c = {
            .saw = rows[i].saw, .tried = rows[i].tried, .alive = rows[i].alive, .control = rows[i].control};
        struct world w;
        world_combine(&w, &c);
        const struct finding_block *block = world_judge(&w);
        assert_int_equal(block->count, 1);
        assert_int_equal(block->items[0].verdict, rows[i].verdict);
        assert_int_equal(block->items[0].blame, rows[i].blame);
        assert_int_equal(block->items[0].reason, rows[i].reason);
        world_done(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grid_as_designed),
        cmocka_unit_test(test_plain_rule_follows_the_grid),
        cmocka_unit_test(test_every_combination_has_one_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* nftables: a table with one chain, for the firewall between the segments or for one host's own input.
 *
 * The file replaces its table in one transaction. A DNS name becomes a named set that something else fills (dnsmasq
 * can, by the line in the comment): a name inside a rule would be looked up once, when the rules are loaded, and a name
 * that has no answer then would keep the whole firewall from loading. */
#include "writing.h"

#include <errno.h>
#include <string.h>

enum {
    COMMENT_MAX = 120, /* nft takes 128 octets */
    NAME_MAX_OCTETS = 250,
    PORTS_A_LINE = 12
};

struct nft {
    struct text *out;
    struct arena *arena;
    const struct matrix *matrix;
    const struct export_options *options;
    struct diag_list *diags;
    const char *table, *chain;
};

/* --- sets of names ----------------------------------------------------------------------------------------------- */

static bool nft_can_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return *name != '\0' && strspn(name, letters) == strlen(name) && strlen(name) <= NAME_MAX_OCTETS;
}

static void nft_add_set(struct nft *nft, const char *name, unsigned families)
{
    text_printf(nft->out, "\n    # %s: filled by dnsmasq with nftset=/%s/", name, name);
    if ((families & OPENING_IPV4) != 0)
        text_printf(nft->out, "4#inet#%s#n4_%s", nft->table, name);
    if ((families & OPENING_IPV6) != 0)
        text_printf(nft->out, "%s6#inet#%s#n6_%s", (families & OPENING_IPV4) != 0 ? "," : "", nft->table, name);
    text_add(nft->out, "\n");
    if ((families & OPENING_IPV4) != 0)
        text_printf(nft->out, "    set n4_%s {\n        type ipv4_addr\n    }\n", name);
    if ((families & OPENING_IPV6) != 0)
        text_printf(nft->out, "    set n6_%s {\n        type ipv6_addr\n    }\n", name);
}

struct nft_name {
    const char *name;
    unsigned families;
    const struct rule *rule;
};
struct nft_names {
    struct nft_name *items;
    size_t count;
};

static void nft_take_name(struct nft_names *names, const char *name, const struct opening *opening)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i].name, name) == 0) {
            names->items[i].families |= opening->families;
            return;
        }
    }
    names->items[names->count++] = (struct nft_name){name, opening->families, opening->rules[0]};
}

static size_t nft_count_names(const struct opening_end *end)
{
    size_t count = 0;
    for (size_t i = 0; i < end->address_count; i++)
        count += end->addresses[i].name != NULL;
    return count;
}

static void nft_take_names(struct nft_names *names, const struct opening *opening, const struct opening_end *end)
{
    for (size_t i = 0; i < end->address_count; i++)
        if (end->addresses[i].name != NULL && nft_can_name(end->addresses[i].name))
            nft_take_name(names, end->addresses[i].name, opening);
}

/* In a host's own chain the host's names are not asked for. */
static bool nft_needs_destination(const struct nft *nft)
{
    return nft->matrix->host == NULL;
}

static int nft_add_sets(struct nft *nft)
{
    const struct matrix *matrix = nft->matrix;
    size_t most = 0;
    for (size_t i = 0; i < matrix->opening_count; i++)
        most += nft_count_names(matrix->openings[i].source) + nft_count_names(matrix->openings[i].destination);
    struct nft_names names = {.items = ARENA_ARRAY(nft->arena, struct nft_name, most)};
    if (names.items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < matrix->opening_count; i++) {
        nft_take_names(&names, &matrix->openings[i], matrix->openings[i].source);
        if (nft_needs_destination(nft))
            nft_take_names(&names, &matrix->openings[i], matrix->openings[i].destination);
    }
    for (size_t i = 0; i < names.count; i++) {
        nft_add_set(nft, names.items[i].name, names.items[i].families);
        diag_add(nft->diags, DIAG_NOTE, names.items[i].rule->origin, NULL,
                 "the name \"%s\" is a set that is empty until something fills it; see its comment",
                 names.items[i].name);
    }
    return 0;
}

/* --- one rule ---------------------------------------------------------------------------------------------------- */

static void nft_add_side(struct text *out, const struct leg *leg, const struct side *side, const char *field)
{
    const char *family = leg->family == AF_INET ? "ip" : "ip6";
    if (side->kind == SIDE_ANY)
        return;
    text_printf(out, "%s %s ", family, field);
    if (side->kind == SIDE_NAME) {
        text_printf(out, "@n%c_%s ", leg->family == AF_INET ? '4' : '6', side->name);
        return;
    }
    text_add(out, side->count > 1 ? "{ " : "");
    for (size_t i = 0; i < side->count; i++) {
        text_add(out, i > 0 ? ", " : "");
        end_format_address(out, side->items[i]);
    }
    text_add(out, side->count > 1 ? " } " : " ");
}

static void nft_add_ports(struct text *out, const struct port_range *range)
{
    text_printf(out, "%s dport ", transport_name(range->transport));
    if (range->low == range->high) {
        text_printf(out, "%u ", range->low);
        return;
    }
    if (range->step == 1) {
        text_printf(out, "%u-%u ", range->low, range->high);
        return;
    }
    text_add(out, "{ ");
    unsigned count = 0;
    for (unsigned port = range->low; port <= range->high; port += range->step, count++)
        text_printf(out, "%s%u", count == 0 ? "" : count % PORTS_A_LINE == 0 ? ",\n            " : ", ", port);
    text_add(out, " } ");
}

static void nft_add_leg(struct text *out, const struct leg *leg)
{
    text_add(out, "        ");
    if (leg->family != AF_UNSPEC && leg->source.kind == SIDE_ANY && leg->destination.kind == SIDE_ANY)
        text_add(out, leg->family == AF_INET ? "meta nfproto ipv4 " : "meta nfproto ipv6 ");
    nft_add_side(out, leg, &leg->source, "saddr");
    nft_add_side(out, leg, &leg->destination, "daddr");
    nft_add_ports(out, &leg->opening->range);
    struct text rows = {0};
    rules_format(&rows, leg->opening->rules, leg->opening->rule_count);
    text_add(out, "counter accept comment \"");
    words_add(out, text_string(&rows), COMMENT_MAX);
    text_add(out, "\"\n");
    out->failed |= rows.failed;
    text_done(&rows);
}

/* A name that no set can bear is told, and the rule left out. */
static bool nft_can_say(struct nft *nft, const struct leg *leg)
{
    const struct side *sides[] = {&leg->source, &leg->destination};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        if (sides[i]->kind != SIDE_NAME || nft_can_name(sides[i]->name))
            continue;
        struct text way = {0};
        words_way(&way, leg->opening);
        diag_add(nft->diags, DIAG_WARNING, leg->opening->rules[0]->origin, NULL,
                 "left out, since nftables cannot name a set after \"%s\": %s", sides[i]->name, text_string(&way));
        nft->out->failed |= way.failed;
        text_done(&way);
        return false;
    }
    return true;
}

static void nft_add_comment(struct text *out, const struct opening *opening)
{
    struct text words = {0};
    words_opening(&words, opening);
    text_add(out, "        # ");
    words_add(out, text_string(&words), 0);
    text_add(out, "\n");
    out->failed |= words.failed;
    text_done(&words);
}

static int nft_add_opening(struct nft *nft, const struct opening *opening, const struct opening *covered)
{
    bool host = nft->matrix->host != NULL;
    nft_add_comment(nft->out, opening);
    if (words_no_rule(nft->out, opening, covered, host, "        #"))
        return 0;
    struct leg_list legs;
    int error = legs_make(nft->arena, opening, host, &legs);
    for (size_t i = 0; error == 0 && i < legs.count; i++)
        if (nft_can_say(nft, &legs.items[i]))
            nft_add_leg(nft->out, &legs.items[i]);
    return error;
}

/* --- the chain --------------------------------------------------------------------------------------------------- */

static void nft_add_head(struct nft *nft)
{
    struct text *out = nft->out;
    const struct matrix *matrix = nft->matrix;
    text_add(out, "#!/usr/sbin/nft -f\n# ");
    if (matrix->host != NULL) {
        text_add(out, "What host ");
        words_add(out, matrix->host->name, 0);
        text_add(out, " has to let in");
    } else {
        text_add(out, "What a firewall between the segments has to let through");
    }
    text_add(out, ", by the port guides of site ");
    words_add(out, matrix->plan->site->name, 0);
    text_add(out,
             ".\n# Made by portconform export nftables. Loading it replaces the table of this name and nothing else.\n"
             "# Each rule is one opening (one for each IP version): taking it out closes that and nothing more.\n");
    if (!nft->options->count_rest)
        text_printf(out,
                    "# What no rule lets %s is dropped, %s. To try first, export with\n"
                    "# --rest count: then everything passes, and what would be dropped is counted.\n",
                    matrix->host != NULL ? "in" : "through",
                    matrix->host != NULL ? "your own login too unless the site expects it"
                                         : "whatever the site does not know of too");
    text_add(out, "\n");
    text_printf(out, "table inet %s\ndelete table inet %s\ntable inet %s {", nft->table, nft->table, nft->table);
}

static void nft_add_chain_head(struct nft *nft)
{
    struct text *out = nft->out;
    bool host = nft->matrix->host != NULL;
    text_printf(out, "\n    chain %s {\n        type filter hook %s priority filter; policy %s;\n\n", nft->chain,
                nft->chain, nft->options->count_rest ? "accept" : "drop");
    if (host)
        text_add(out, "        iifname \"lo\" accept\n");
    text_add(out, "        ct state established,related accept\n"
                  "        # path MTU discovery and other errors that the senders need to see\n"
                  "        icmp type { destination-unreachable, time-exceeded, parameter-problem } accept\n"
                  "        icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } "
                  "accept\n");
    if (host)
        text_add(out, "        # without these an IPv6 host has no neighbours\n"
                      "        icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit "
                      "255 accept\n"
                      "        icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, "
                      "mld2-listener-report } accept\n");
}

static void nft_add_group(struct nft *nft, size_t index)
{
    const struct opening *openings = nft->matrix->openings;
    const struct opening_end *end = openings[index].destination;
    if (index > 0 && openings[index - 1].destination->kind == end->kind &&
        strcmp(openings[index - 1].destination->name, end->name) == 0)
        return;
    text_printf(nft->out, "\n        # --- to %s ", end_kind_name(end->kind));
    words_add(nft->out, end->name, 0);
    text_add(nft->out, "\n");
}

static int nft_add_openings(struct nft *nft)
{
    const struct opening *const *covered = legs_covered(nft->arena, nft->matrix);
    int error = covered != NULL ? 0 : -ENOMEM;
    for (size_t i = 0; error == 0 && i < nft->matrix->opening_count; i++) {
        nft_add_group(nft, i);
        error = nft_add_opening(nft, &nft->matrix->openings[i], covered[i]);
    }
    return error;
}

static int nft_write(struct text *out, const struct matrix *matrix, const struct export_options *options,
                     struct diag_list *diags)
{
    bool host = matrix->host != NULL;
    struct nft nft = {.out = out,
                      .arena = arena_new(),
                      .matrix = matrix,
                      .options = options,
                      .diags = diags,
                      .table = host ? "portconform_host" : "portconform",
                      .chain = host ? "input" : "forward"};
    if (nft.arena == NULL)
        return -ENOMEM;
    nft_add_head(&nft);
    int error = nft_add_sets(&nft);
    nft_add_chain_head(&nft);
    if (error == 0)
        error = nft_add_openings(&nft);
    text_printf(out, "\n        # everything else: %s\n        counter comment \"everything else\"\n    }\n}\n",
                options->count_rest ? "counted, and let through by the chain's policy"
                                    : "counted, and dropped by the chain's policy");
    words_questions(out, matrix, "#");
    arena_free(nft.arena);
    return error != 0 || out->failed ? -ENOMEM : 0;
}

const struct exporter export_nftables = {
    .name = "nftables",
    .summary = "a table for nft -f: between the segments, or with -H that host's own input",
    .write = nft_write,
};

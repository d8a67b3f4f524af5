/* Cisco IOS: a named extended access list for IPv4, and one for IPv6 where the site has it.
 *
 * An access list keeps no state. Replies pass by `established` for TCP, and by a mirrored line for each UDP opening;
 * the list is meant for every interface between the segments, inbound. Lines name addresses pair by pair, without
 * object groups, so that any release takes them. */
#include "writing.h"

#include <errno.h>
#include <string.h>

enum {
    REMARK_MAX = 96, /* IOS takes 100 */
    NUMBERS_MAX = 64 /* so many numbers of a stepped range become a line each */
};

struct cisco {
    struct text *out;
    struct arena *arena;
    const struct matrix *matrix;
    struct diag_list *diags;
    const struct opening *const *covered;
    int family; /* of the list that is being written */
};

static void cisco_remark(struct text *out, const char *before, const char *words)
{
    struct text line = {0};
    text_printf(&line, "%s%s", before, words);
    text_add(out, " remark ");
    words_add(out, text_string(&line), REMARK_MAX);
    text_add(out, "\n");
    out->failed |= line.failed;
    text_done(&line);
}

static void cisco_remark_way(struct text *out, const char *before, const struct opening *opening)
{
    struct text way = {0};
    words_way(&way, opening);
    cisco_remark(out, before, text_string(&way));
    out->failed |= way.failed;
    text_done(&way);
}

/* --- one line ---------------------------------------------------------------------------------------------------- */

/* The bits that may differ are the ones of a wildcard mask. */
static void cisco_add_prefix4(struct text *out, const struct prefix *prefix)
{
    char address[ADDRESS_TEXT];
    uint32_t wildcard = prefix->length == 0 ? UINT32_MAX : (uint32_t)((UINT64_C(1) << (32 - prefix->length)) - 1);
    text_printf(out, "%s %u.%u.%u.%u", address_format(&prefix->address, address, sizeof address), wildcard >> 24,
                wildcard >> 16 & 0xff, wildcard >> 8 & 0xff, wildcard & 0xff);
}

static void cisco_add_address(struct text *out, const struct end_address *address)
{
    bool single = address->prefix.length == (address->prefix.address.family == AF_INET ? 32 : 128);
    if (single)
        text_add(out, "host ");
    if (single || address->prefix.address.family == AF_INET6)
        end_format_address(out, address);
    else
        cisco_add_prefix4(out, &address->prefix);
}

static void cisco_add_side(struct text *out, const struct side *side, size_t index)
{
    if (side->kind == SIDE_ANY)
        text_add(out, " any");
    else {
        text_add(out, " ");
        cisco_add_address(out, side->items[index]);
    }
}

static void cisco_add_ports(struct text *out, const struct port_range *range)
{
    if (range->low == range->high)
        text_printf(out, " eq %u", range->low);
    else
        text_printf(out, " range %u %u", range->low, range->high);
}

static void cisco_add_line(struct cisco *cisco, const struct leg *leg, const struct port_range *range, size_t pair)
{
    struct text *out = cisco->out;
    size_t destinations = leg->destination.kind == SIDE_ANY ? 1 : leg->destination.count;
    size_t source = pair / destinations, destination = pair % destinations;
    text_printf(out, " permit %s", transport_name(range->transport));
    cisco_add_side(out, &leg->source, source);
    cisco_add_side(out, &leg->destination, destination);
    cisco_add_ports(out, range);
    text_add(out, "\n");
    if (range->transport != TRANSPORT_UDP)
        return;
    text_add(out, " permit udp");
    cisco_add_side(out, &leg->destination, destination);
    cisco_add_ports(out, range);
    cisco_add_side(out, &leg->source, source);
    text_add(out, "\n");
}

static void cisco_add_leg(struct cisco *cisco, const struct leg *leg)
{
    const struct port_range *range = &leg->opening->range;
    size_t sources = leg->source.kind == SIDE_ANY ? 1 : leg->source.count;
    size_t pairs = sources * (leg->destination.kind == SIDE_ANY ? 1 : leg->destination.count);
    for (size_t pair = 0; pair < pairs; pair++) {
        if (range->step == 1) {
            cisco_add_line(cisco, leg, range, pair);
            continue;
        }
        for (unsigned port = range->low; port <= range->high; port += range->step) {
            struct port_range one = {range->transport, (uint16_t)port, (uint16_t)port, 1};
            cisco_add_line(cisco, leg, &one, pair);
        }
    }
}

/* --- what a list cannot say -------------------------------------------------------------------------------------- */

static void cisco_leave_out(struct cisco *cisco, const struct opening *opening, const char *hint, const char *why)
{
    /* an opening in both IP versions is told with the first list */
    int first = (opening->families & OPENING_IPV4) != 0 ? AF_INET : AF_INET6;
    cisco_remark(cisco->out, "left out, since ", why);
    if (cisco->family != first)
        return;
    struct text way = {0};
    words_way(&way, opening);
    diag_add(cisco->diags, DIAG_WARNING, opening->rules[0]->origin, hint, "left out, since %s: %s", why,
             text_string(&way));
    cisco->out->failed |= way.failed;
    text_done(&way);
}

static int cisco_leave_out_name(struct cisco *cisco, const struct opening *opening, const char *name)
{
    const char *why = arena_printf(cisco->arena, "an access list takes no DNS name (%s)", name);
    if (why == NULL)
        return -ENOMEM;
    cisco_leave_out(cisco, opening, "give its addresses or prefixes", why);
    return 0;
}

/* A router matches one number or all between two. */
static bool cisco_has_too_many(const struct port_range *range)
{
    return range->step != 1 && port_range_count(range) > NUMBERS_MAX;
}

static int cisco_add_opening(struct cisco *cisco, const struct opening *opening, const struct opening *covered)
{
    struct leg_list legs;
    const char *told = NULL;
    int error = legs_make(cisco->arena, opening, false, &legs);
    bool begun = false;
    for (size_t i = 0; error == 0 && i < legs.count; i++) {
        const struct leg *leg = &legs.items[i];
        const struct side *named = leg->source.kind == SIDE_NAME ? &leg->source : &leg->destination;
        if (leg->family != AF_UNSPEC && leg->family != cisco->family)
            continue;
        if (!begun)
            cisco_remark_way(cisco->out, "", opening);
        begun = true;
        if (covered != NULL) {
            cisco_remark_way(cisco->out, "let through by the lines for ", covered);
            break;
        }
        if (named->kind == SIDE_NAME) {
            if (told == NULL || strcmp(told, named->name) != 0)
                error = cisco_leave_out_name(cisco, opening, named->name);
            told = named->name;
        } else if (cisco_has_too_many(&opening->range)) {
            cisco_leave_out(cisco, opening, "a line with `range` opens the numbers between as well",
                            "it means every second number or fewer, too many for a line each");
            break;
        } else {
            cisco_add_leg(cisco, leg);
        }
    }
    return error;
}

/* --- a list ------------------------------------------------------------------------------------------------------ */

static bool cisco_has_ipv6(const struct matrix *matrix)
{
    for (size_t i = 0; i < matrix->opening_count; i++)
        if ((matrix->openings[i].families & OPENING_IPV6) != 0)
            return true;
    return false;
}

static void cisco_add_head(struct cisco *cisco)
{
    struct text *out = cisco->out;
    bool v4 = cisco->family == AF_INET;
    const struct matrix *matrix = cisco->matrix;
    text_add(out, v4 ? "ip access-list extended PORTCONFORM-" : "ipv6 access-list PORTCONFORM-V6-");
    words_identifier(out, matrix->plan->site->name);
    if (matrix->host != NULL) {
        text_add(out, "-");
        words_identifier(out, matrix->host->name);
    }
    text_add(out, "\n remark replies, and what path MTU discovery needs\n");
    text_printf(out,
                " permit tcp any any established\n"
                " permit icmp any any packet-too-big\n"
                " permit icmp any any %s\n"
                " permit icmp any any time-exceeded\n"
                " permit icmp any any parameter-problem\n",
                v4 ? "unreachable" : "destination-unreachable");
    if (!v4)
        text_add(out, " remark neighbours find each other\n"
                      " permit icmp any any nd-na\n"
                      " permit icmp any any nd-ns\n");
}

static int cisco_add_list(struct cisco *cisco, const struct export_options *options)
{
    const struct matrix *matrix = cisco->matrix;
    int error = 0;
    cisco_add_head(cisco);
    for (size_t i = 0; error == 0 && i < matrix->opening_count; i++)
        error = cisco_add_opening(cisco, &matrix->openings[i], cisco->covered[i]);
    text_printf(cisco->out, " remark everything else\n %s %s any any log\n", options->count_rest ? "permit" : "deny",
                cisco->family == AF_INET ? "ip" : "ipv6");
    return error;
}

/* A question mark asks a router's command line for help, even in a remark. */
static void cisco_ask_nothing(struct text *out, size_t begin)
{
    for (size_t i = begin; i < out->length; i++)
        if (out->data[i] == '?')
            out->data[i] = '.';
}

static int cisco_write(struct text *out, const struct matrix *matrix, const struct export_options *options,
                       struct diag_list *diags)
{
    struct cisco cisco = {.out = out, .arena = arena_new(), .matrix = matrix, .diags = diags, .family = AF_INET};
    size_t begin = out->length;
    if (cisco.arena == NULL)
        return -ENOMEM;
    text_add(out, "! What ");
    if (matrix->host != NULL) {
        text_add(out, "reaches host ");
        words_add(out, matrix->host->name, 0);
    } else {
        text_add(out, "passes between the segments");
    }
    text_add(out, ", by the port guides of site ");
    words_add(out, matrix->plan->site->name, 0);
    text_add(out, ".\n! Made by portconform export cisco-acl, for IOS. To be applied inbound on each interface:\n"
                  "! lists keep no state, so that the replies of UDP services have lines of their own.\n");
    cisco.covered = legs_covered(cisco.arena, matrix);
    int error = cisco.covered != NULL ? cisco_add_list(&cisco, options) : -ENOMEM;
    if (error == 0 && cisco_has_ipv6(matrix)) {
        text_add(out, "!\n");
        cisco.family = AF_INET6;
        error = cisco_add_list(&cisco, options);
    }
    words_questions(out, matrix, "!");
    cisco_ask_nothing(out, begin);
    arena_free(cisco.arena);
    return error != 0 || out->failed ? -ENOMEM : 0;
}

const struct exporter export_cisco_acl = {
    .name = "cisco-acl",
    .summary = "named extended access lists for IOS, with remarks",
    .write = cisco_write,
};

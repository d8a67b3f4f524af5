/* Who should do what: a table from verdict, blame and reason to a sentence, and the team it goes to.
 *
 * The first row that matches is taken, so the special ones stand before the general. In the sentences, %p is the port
 * ("tcp 31000"), %h the host, %f who may call, %w what should listen there, %o "on 10.0.0.1 " where a hop gave its
 * address. */
#include "phrases.h"

enum { ANY = -1 };

struct advice {
    enum verdict verdict;
    int blame;  /* enum blame, or ANY */
    int reason; /* enum reason, or ANY */
    const char *what;
};

static const struct advice advices[] = {
    {VERDICT_MISSING, ANY, ANY, "start %w on %h, or waive the rule if it is not needed"},
    {VERDICT_FILTERED, BLAME_NETWORK, ANY, "%opermit %p from %f"},
    {VERDICT_FILTERED, BLAME_SERVER, ANY, "permit %p from %f in the packet filter of %h"},
    {VERDICT_FILTERED, ANY, ANY, "find what drops %p: the packet filter of %h first, then the hops before it"},
    {VERDICT_RESET, ANY, ANY,
     "find what resets %p while %w listens: a firewall on the way, or the packet filter of %h"},
    {VERDICT_CLOSED, ANY, REASON_NO_RESPONDER,
     "start `portconform respond` on %h; if it runs there, a firewall refuses %p in its name"},
    {VERDICT_CLOSED, ANY, REASON_NOT_THE_RESPONDER,
     "see whether the responder on %h says that it left %p shut; if not, a firewall refuses it in its name"},
    {VERDICT_CLOSED, BLAME_SERVER, ANY, "start %w on %h"},
    {VERDICT_CLOSED, ANY, ANY, "see whether %w runs on %h; if it does, a firewall refuses %p in its name"},
    {VERDICT_MISBOUND, ANY, REASON_LOOPBACK_ONLY,
     "bind %w to an address that its callers (%f) reach, not to loopback alone"},
    {VERDICT_MISBOUND, ANY, REASON_OTHER_FAMILY, "bind %w to the other address family too"},
    {VERDICT_MISBOUND, ANY, ANY, "bind %w to the address of %h that its callers use (%f)"},
    {VERDICT_ELSEWHERE, ANY, REASON_NOT_THE_RESPONDER,
     "find what leads %p of %h astray: a translation of addresses or ports on the way"},
    {VERDICT_ELSEWHERE, ANY, ANY,
     "find who answers %p in place of %h: a redirect, a proxy, or a second machine with its address"},
    {VERDICT_SATURATED, ANY, ANY, "find why %w accepts no more connections: overloaded or hung; then restart it"},
    {VERDICT_INDETERMINATE, ANY, REASON_CONTRADICTION, "look again; the program may just have started or stopped"},
    {VERDICT_INDETERMINATE, ANY, REASON_NO_RESPONDER,
     "see whether `portconform respond` runs on %h, with this key; if it does, find what drops %p"},
    {VERDICT_INDETERMINATE, ANY, ANY, "give %h a listener source, or look from a place nearer to it"},
    {VERDICT_UNPROVEN, ANY, REASON_NOT_A_CALLER, "look from one of the callers: %f"},
    {VERDICT_UNPROVEN, ANY, REASON_NO_RESPONDER,
     "see whether `portconform respond` runs on %h, with this key; if it does, find who accepts %p in its name"},
    {VERDICT_UNPROVEN, ANY, REASON_NOT_THE_RESPONDER,
     "find who accepts %p: a program of %h that has the port already, or a proxy on the way"},
    {VERDICT_UNPROVEN, ANY, ANY, NULL},
    {VERDICT_UNSEEN, ANY, ANY, "give %h a listener source, or probe %p from somewhere"},
    {VERDICT_EXPOSED, BLAME_NETWORK, ANY, "close %p of %h to everybody else"},
    {VERDICT_EXPOSED, ANY, REASON_BOUND_WIDE, "bind %w to loopback, or close %p to the network on %h"},
    {VERDICT_EXPOSED, ANY, ANY, "close %p of %h to everybody else"},
    {VERDICT_WIDE, ANY, ANY, "bind %w to loopback if the product allows it, or close %p on %h"},
    {VERDICT_FORBIDDEN, ANY, ANY, "close %p to all but %f"},
    {VERDICT_IMPOSTOR, ANY, REASON_FOREIGN_PROGRAM, "stop the program that holds %p on %h, and start %w"},
    {VERDICT_IMPOSTOR, ANY, REASON_TLS_FAILED, "see to the TLS settings and the certificate of %w"},
    {VERDICT_IMPOSTOR, ANY, REASON_TLS_EXPECTED, "turn TLS on in %w, or free %p for it"},
    {VERDICT_IMPOSTOR, ANY, REASON_TLS_UNEXPECTED, "turn TLS off in %w, or say in the rule that the service has it"},
    {VERDICT_IMPOSTOR, ANY, REASON_CERTIFICATE_UNTRUSTED,
     "give %w a certificate of your authority, or the site the authority that signed it"},
    {VERDICT_IMPOSTOR, ANY, REASON_CERTIFICATE_NAME, "give %w a certificate for the name that %h is called by"},
    {VERDICT_IMPOSTOR, ANY, REASON_CERTIFICATE_EXPIRED, "renew the certificate of %w"},
    {VERDICT_IMPOSTOR, ANY, ANY, "find what answers on %p of %h, and start %w"},
    {VERDICT_UNEXPECTED, ANY, ANY, "stop it, or explain it by an `expect` or `ignore` entry of %h"},
    {VERDICT_UNREACHABLE, ANY, ANY, "see whether %h is up, then whether the way to it is"},
    {VERDICT_NOT_JUDGED, ANY, REASON_HOST_DOWN, "see whether %h is up, then whether the way to it is"},
    {VERDICT_NOT_JUDGED, ANY, REASON_PARAMETER_UNSET,
     "give the parameter a value in the site's, host's or role's settings"},
    {VERDICT_NOT_JUDGED, ANY, REASON_FAMILY_ABSENT, "give %h an address of that family, or change the rule's `family`"},
    {VERDICT_NOT_JUDGED, ANY, REASON_NO_ADDRESS, "give %h an address with the rule's segment, or see to its DNS name"},
    {VERDICT_NOT_JUDGED, ANY, REASON_NO_DESCRIPTORS, "raise the limit of open files of the check"},
    {VERDICT_NOT_JUDGED, ANY, REASON_NO_MEMORY, "give the check more memory"},
    {VERDICT_NOT_JUDGED, ANY, REASON_NO_ROUTE, "give the machine that checks a route to %h"},
    {VERDICT_NOT_JUDGED, ANY, REASON_ROUTE_PROHIBITED, "remove the prohibiting route to %h on the machine that checks"},
    {VERDICT_NOT_JUDGED, ANY, REASON_ROUTE_BLACKHOLE, "remove the black hole route to %h on the machine that checks"},
    {VERDICT_NOT_JUDGED, ANY, REASON_NO_SOURCE_ADDRESS, "correct the vantage's `source`"},
    {VERDICT_NOT_JUDGED, ANY, REASON_NO_PERMISSION,
     "let the machine that checks send probes: its own packet filter or policy forbids it"},
    {VERDICT_NOT_JUDGED, ANY, REASON_DEADLINE, "give the check more time (-t)"},
    {VERDICT_NOT_JUDGED, ANY, REASON_LISTENERS_UNREADABLE, "see why the listener source of %h fails"},
    {VERDICT_NOT_JUDGED, ANY, ANY, "see to the machine that checks"},
    {VERDICT_WAIVER_EXPIRED, ANY, ANY, "mend what the waiver excused, or give it a new last day"},
};

static const struct advice *advice_find(const struct finding *finding)
{
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
        const struct advice *row = &advices[i];
        if (row->verdict == finding->verdict && (row->blame == ANY || row->blame == (int)finding->blame) &&
            (row->reason == ANY || row->reason == (int)finding->reason))
            return row->what != NULL ? row : NULL;
    }
    return NULL;
}

/* Who acts, and under which name of the site's `teams`. */
struct advice_team {
    const char *before; /* what is written before the contact */
    const char *team;
};
static const struct advice_team advice_teams[] = {
    [BLAME_NONE] = {NULL, NULL},
    [BLAME_SERVER] = {"server team", "server"},
    [BLAME_NETWORK] = {"network team", "network"},
    [BLAME_BOTH] = {"server and network team", NULL},
    [BLAME_LOCAL] = {"monitoring team", "monitoring"},
    [BLAME_CONFIG] = {"whoever keeps the configuration", "configuration"},
};

static void advice_add_contact(struct text *out, const struct site *site, const char *team, const char *before)
{
    const char *contact = site != NULL && team != NULL ? site_team(site, team) : NULL;
    if (contact != NULL)
        text_printf(out, "%s%s", before, contact);
}

static void advice_add_team(struct text *out, const struct site *site, enum blame blame)
{
    const struct advice_team *row = &advice_teams[blame];
    if (row->before == NULL)
        return;
    text_add(out, row->before);
    size_t before = out->length;
    if (blame == BLAME_BOTH) {
        advice_add_contact(out, site, "server", " (");
        advice_add_contact(out, site, "network", out->length > before ? ", " : " (");
    } else {
        advice_add_contact(out, site, row->team, " (");
    }
    text_add(out, out->length > before ? "): " : ": ");
}

static void advice_add_listener(struct text *out, const struct finding *finding)
{
    if (finding->component != NULL)
        text_printf(out, "the %s program", finding->component);
    else
        text_add(out, "the program");
}

void advice_add(struct text *out, const struct site *site, const struct finding *finding)
{
    const struct advice *row = advice_find(finding);
    if (row == NULL)
        return;
    char address[ADDRESS_TEXT];
    advice_add_team(out, site, finding->blame);
    for (const char *at = row->what; *at != '\0'; at++) {
        if (*at != '%') {
            text_add_n(out, at, 1);
            continue;
        }
        switch (*++at) {
        case 'p':
            if (finding->transport == TRANSPORT_UNSTATED)
                text_add(out, "the port");
            else
                phrase_place(out, finding, ' ');
            break;
        case 'h':
            text_add(out, finding->host != NULL ? finding->host : "the host");
            break;
        case 'f':
            phrase_peers(out, finding->peers != NULL ? finding->peers : "anybody");
            break;
        case 'w':
            advice_add_listener(out, finding);
            break;
        case 'o':
            if (finding->hop.family != AF_UNSPEC)
                text_printf(out, "on %s ", address_format(&finding->hop, address, sizeof address));
            break;
        default:
            text_add_n(out, at, 1);
            break;
        }
    }
}

void tell_advice(struct text *out, const struct site *site, const struct finding *finding)
{
    advice_add(out, site, finding);
}

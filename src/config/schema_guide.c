/* The schema of guide files. */
#include "sections.h"

#include <stdint.h>

const char *const parameter_kind_words[] = {"int", "bool", "enum", "port", NULL};
const char *const probe_policy_words[] = {"auto", "none", NULL};
static const char *const assume_words[] = {"tcp", "udp", NULL};

static const struct cfg_item guide_file_items[] = {
    ROW("guide", CFG_GROUP, AT(guide_file_fields, guide), "What guide this is; in exactly one file of a folder",
        .section = &section_guide),
    ROW("parameters", CFG_GROUPS, AT(guide_file_fields, parameters), "Settings of the product that rules depend on",
        .section = &section_parameters),
    ROW("components", CFG_GROUPS, AT(guide_file_fields, components), "The parts of the product that run somewhere",
        .section = &section_components),
    ROW("rules", CFG_GROUPS, AT(guide_file_fields, rules), "The rows of the guide's tables", .section = &section_rules),
};
const struct cfg_section section_guide_file = {
    .name = "a guide file",
    .doc = "conf/guides/ID.conf, or a folder ID of *.conf files",
    .items = guide_file_items,
    .count = COUNT(guide_file_items),
    .size = sizeof(struct guide_file_fields),
};

static const struct cfg_item guide_items[] = {
    ROW("id", CFG_NAME, AT(guide_fields, id), "The guide's name: that of its file or folder", .flags = CFG_REQUIRED),
    ROW("title", CFG_TEXT, AT(guide_fields, title), "What people call it", .flags = CFG_REQUIRED),
    ROW("title_ja", CFG_TEXT, AT(guide_fields, title_ja), "The title in Japanese"),
    ROW("vendor", CFG_TEXT, AT(guide_fields, vendor), "Who published it", .initial = "-"),
    ROW("source", CFG_TEXT, AT(guide_fields, source), "Where in the vendor's documents it stands", .initial = "-"),
    ROW("product_version", CFG_TEXT, AT(guide_fields, product_version), "The version it speaks of", .initial = "-"),
    ROW("published", CFG_TEXT, AT(guide_fields, published), "When it was published", .initial = "-"),
    ROW("revision", CFG_INT, AT(guide_fields, revision), "The running number of this encoding of it", .min = 0,
        .max = 1000000, .initial = "1"),
};
const struct cfg_section section_guide = {
    .name = "guide",
    .doc = "What guide this is",
    .items = guide_items,
    .count = COUNT(guide_items),
    .size = sizeof(struct guide_fields),
};

static const struct cfg_item parameter_items[] = {
    ROW("name", CFG_TEXT, AT(parameter_fields, name), "Small letters, digits and '_', a letter first",
        .flags = CFG_REQUIRED),
    ROW("type", CFG_WORD, AT(parameter_fields, type), "What it may hold", .flags = CFG_REQUIRED,
        .words = parameter_kind_words),
    ROW("min", CFG_INT, AT(parameter_fields, min), "The least value of an int (0 unless given) or port (1)",
        .min = INT32_MIN, .max = INT32_MAX),
    ROW("max", CFG_INT, AT(parameter_fields, max),
        "The greatest value of an int (2147483647 unless given) or port (65535)", .min = INT32_MIN, .max = INT32_MAX),
    ROW("values", CFG_STRINGS, AT(parameter_fields, values), "The values of an enum"),
    ROW("default", CFG_SCALAR, AT(parameter_fields, initial),
        "Its value where nobody sets it; without one its rules are not judged until it is set"),
    ROW("about", CFG_TEXT, AT(parameter_fields, about), "What it means"),
    ROW("about_ja", CFG_TEXT, AT(parameter_fields, about_ja), "The same in Japanese"),
};
const struct cfg_section section_parameters = {
    .name = "parameters",
    .doc = "Settings of the product that rules depend on; every guide has `phase` (operation, installation, upgrade)",
    .items = parameter_items,
    .count = COUNT(parameter_items),
    .size = sizeof(struct parameter_fields),
};

static const struct cfg_item component_items[] = {
    ROW("name", CFG_NAME, AT(component_fields, name), "The name that rules use", .flags = CFG_REQUIRED),
    ROW("external", CFG_BOOL, AT(component_fields, external), "It runs outside the site", .initial = "false"),
    ROW("owner", CFG_STRINGS, AT(component_fields, owner),
        "Which programs are the product's: \"exe:PATTERN\", \"unit:PATTERN\", \"uid:PATTERN\""),
    ROW("about", CFG_TEXT, AT(component_fields, about), "What it is"),
    ROW("about_ja", CFG_TEXT, AT(component_fields, about_ja), "The same in Japanese"),
};
const struct cfg_section section_components = {
    .name = "components",
    .doc = "The parts of the product that run somewhere",
    .items = component_items,
    .count = COUNT(component_items),
    .size = sizeof(struct component_fields),
};

static const struct cfg_item rule_items[] = {
    ROW("ref", CFG_TEXT, AT(rule_fields, ref), "Table and row of the guide: \"manager-single/1\""),
    ROW("part", CFG_NAME, AT(rule_fields, part), "Tells rules of one ref apart: \"a\"", .flags = CFG_GUIDE_ONLY),
    ROW("listens", CFG_NAME, AT(rule_fields, listens), "The component that listens",
        .flags = CFG_GUIDE_ONLY | CFG_REQUIRED),
    ROW("from", CFG_STRINGS_OR_GROUPS, AT(rule_fields, from), "The components that may call; without it anybody may",
        .flags = CFG_GUIDE_ONLY, .section = &section_from),
    ROW("ports", CFG_PORTS, AT(rule_fields, ports), "Which ports: \"tcp 80, 443\", \"udp 5517..5555/2\"",
        .flags = CFG_REQUIRED),
    ROW("presence", CFG_TEXT, AT(rule_fields, presence),
        "required, any, first-free, one-of:GROUP, optional, dynamic or reserved", .initial = "required"),
    ROW("scope", CFG_WORD, AT(rule_fields, scope), "Who must be able to reach it", .initial = "network",
        .kind = "scope"),
    ROW("scope_basis", CFG_WORD, AT(rule_fields, scope_basis), "Does the guide say so, or did we conclude it",
        .initial = "stated", .kind = "basis"),
    ROW("direction", CFG_WORD, AT(rule_fields, direction), "What the guide says of it", .initial = "in",
        .kind = "direction"),
    ROW("family", CFG_WORD, AT(rule_fields, family), "The address families it needs", .initial = "any",
        .kind = "family"),
    ROW("segment", CFG_NAME, AT(rule_fields, segment), "The network it belongs to; without it any of the host's"),
    ROW("service", CFG_TEXT, AT(rule_fields, service), "The application protocol, out of the table of services"),
    ROW("when", CFG_CONDITION, AT(rule_fields, when), "A condition over parameters; without it always",
        .flags = CFG_GUIDE_ONLY),
    ROW("owner", CFG_STRINGS, AT(rule_fields, owner), "Which programs are right, instead of the component's"),
    ROW("multicast", CFG_BOOL, AT(rule_fields, multicast), "A multicast port: never probed", .initial = "false"),
    ROW("outside_os", CFG_BOOL, AT(rule_fields, outside_os), "Firmware answers: the kernel knows no listener",
        .initial = "false"),
    ROW("fragile", CFG_BOOL, AT(rule_fields, fragile), "Do not probe where listener evidence exists",
        .initial = "false"),
    ROW("probe", CFG_WORD, AT(rule_fields, probe), "Whether to probe it", .initial = "auto",
        .words = probe_policy_words),
    ROW("interval_s", CFG_INT, AT(rule_fields, interval_s),
        "Seconds from one look of the daemon to the next; without it the host's", .min = 5, .max = 86400,
        .flags = CFG_OWN_ONLY),
    ROW("assume", CFG_WORD, AT(rule_fields, assume), "The transport to look at where the guide states none",
        .flags = CFG_GUIDE_ONLY, .words = assume_words),
    ROW("changeable", CFG_TEXT, AT(rule_fields, changeable),
        "Where the port can be changed, or \"no\"; without it the guide does not say", .flags = CFG_GUIDE_ONLY),
    ROW("about", CFG_TEXT, AT(rule_fields, about), "What it is for"),
    ROW("about_ja", CFG_TEXT, AT(rule_fields, about_ja), "The same in Japanese"),
    ROW("printed", CFG_TEXT, AT(rule_fields, printed), "What the guide prints, where the rule deviates from it",
        .flags = CFG_GUIDE_ONLY),
    ROW("erratum", CFG_TEXT, AT(rule_fields, erratum), "Why the rule deviates from what is printed",
        .flags = CFG_GUIDE_ONLY),
    ROW("erratum_ja", CFG_TEXT, AT(rule_fields, erratum_ja), "The same in Japanese", .flags = CFG_GUIDE_ONLY),
};
const struct cfg_section section_rules = {
    .name = "rules",
    .doc = "The rows of the guide's tables",
    .items = rule_items,
    .count = COUNT(rule_items),
    .size = sizeof(struct rule_fields),
    .without = CFG_OWN_ONLY,
    .without_hint = "how often to look is for a site to say: on a host, a role or a rule of its own",
};
const struct cfg_section section_expect = {
    .name = "expect",
    .doc = "The user's own rules, in the language of the guides'",
    .items = rule_items,
    .count = COUNT(rule_items),
    .size = sizeof(struct rule_fields),
    .without = CFG_GUIDE_ONLY,
    .without_hint = "it belongs to the rules of a guide; a site's own rule is about one host",
};

static const struct cfg_item peer_items[] = {
    ROW("component", CFG_NAME, AT(peer_fields, component), "The component that calls", .flags = CFG_REQUIRED),
    ROW("when", CFG_CONDITION, AT(peer_fields, when), "Over the listener's parameters and the caller's (peer.NAME)"),
};
const struct cfg_section section_from = {
    .name = "from",
    .doc = "A caller with a condition",
    .items = peer_items,
    .count = COUNT(peer_items),
    .size = sizeof(struct peer_fields),
};

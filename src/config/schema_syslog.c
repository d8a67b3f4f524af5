/* The schema of a site's syslog targets. */
#include "sections.h"

#include "portconform/syslog_target.h"

static const char *const tls_versions[] = {[SYSLOG_TLS_1_2] = "1.2", [SYSLOG_TLS_1_3] = "1.3", NULL};

static const struct cfg_item syslog_items[] = {
    ROW("name", CFG_NAME, AT(syslog_fields, name), "The name that status and log use, and its queue is kept under",
        .flags = CFG_REQUIRED),
    ROW("target", CFG_TEXT, AT(syslog_fields, target),
        "\"local\", \"local:/path\", \"udp:10.0.9.5\", \"tcp:siem.example.jp:514\" or \"tls:[2001:db8::5]:6514\"; "
        "without a port 514, with TLS 6514",
        .flags = CFG_REQUIRED),
    ROW("format", CFG_WORD, AT(syslog_fields, format),
        "What a message says: structured data and a sentence, JSON with the names of ECS (with cee behind \"@cee:\"), "
        "CEF, or the sentence alone; without it rfc5424, to a local socket text",
        .words = syslog_format_words),
    ROW("header", CFG_WORD, AT(syslog_fields, header),
        "What stands in front of it; without it rfc5424, of CEF, text and a local socket rfc3164",
        .words = syslog_header_words),
    ROW("framing", CFG_WORD, AT(syslog_fields, framing),
        "How messages follow each other over TCP and TLS: with octet counting, or each ended by a line feed",
        .initial = "octets", .words = syslog_framing_words),
    ROW("most_octets", CFG_INT, AT(syslog_fields, most_octets),
        "Octets of a message; longer texts are shortened; without it 8192 over TCP and TLS, else 2048",
        .min = SYSLOG_LEAST_OCTETS, .max = SYSLOG_MOST_OCTETS),
    ROW("facility", CFG_WORD, AT(syslog_fields, facility), "The facility of all messages", .initial = "daemon",
        .words = syslog_facility_words),
    ROW("levels", CFG_GROUP, AT(syslog_fields, levels), "The level of a message by the severity of its finding",
        .section = &section_syslog_levels),
    ROW("kinds", CFG_STRINGS, AT(syslog_fields, kinds), "The kinds of events it gets: [\"RAISED\", \"CLEARED\"]; all"),
    ROW("classes", CFG_STRINGS, AT(syslog_fields, classes),
        "The classes of findings it gets: [\"security\"]; all; events that are about no finding pass"),
    ROW("verdicts", CFG_STRINGS, AT(syslog_fields, verdicts),
        "The verdicts it gets, reached or left: [\"exposed\", \"forbidden\"]; all; events that are about no finding "
        "pass"),
    ROW("least", CFG_WORD, AT(syslog_fields, least), "The least severity it gets, reached or left", .initial = "ok",
        .words = severity_lower_words),
    ROW("tls", CFG_GROUP, AT(syslog_fields, tls), "Who is trusted, and who we are", .section = &section_syslog_tls),
};
const struct cfg_section section_syslog = {
    .name = "syslog",
    .doc = "A receiver of events",
    .items = syslog_items,
    .count = COUNT(syslog_items),
    .size = sizeof(struct syslog_fields),
};

static const struct cfg_item syslog_level_items[] = {
    ROW("critical", CFG_WORD, AT(syslog_level_fields, critical), "Of CRITICAL", .initial = "crit",
        .words = syslog_level_words),
    ROW("warning", CFG_WORD, AT(syslog_level_fields, warning), "Of WARNING", .initial = "warning",
        .words = syslog_level_words),
    ROW("unknown", CFG_WORD, AT(syslog_level_fields, unknown), "Of UNKNOWN", .initial = "notice",
        .words = syslog_level_words),
    ROW("ok", CFG_WORD, AT(syslog_level_fields, ok), "Of OK, and of what is cleared", .initial = "info",
        .words = syslog_level_words),
};
const struct cfg_section section_syslog_levels = {
    .name = "levels",
    .doc = "The level of a message by the severity of its finding",
    .items = syslog_level_items,
    .count = COUNT(syslog_level_items),
    .size = sizeof(struct syslog_level_fields),
};

static const struct cfg_item syslog_tls_items[] = {
    ROW("ca", CFG_TEXT, AT(syslog_tls_fields, ca),
        "The file of the certificates (PEM) that the receiver's must come from; without it the system's"),
    ROW("certificate", CFG_TEXT, AT(syslog_tls_fields, certificate),
        "The file of our own certificate and its chain (PEM), for receivers that ask for one"),
    ROW("key", CFG_TEXT, AT(syslog_tls_fields, key),
        "The file of its private key (PEM), without a passphrase; refused when others than owner and group may read "
        "it"),
    ROW("name", CFG_TEXT, AT(syslog_tls_fields, name),
        "The name or address that the receiver's certificate must bear; without it the target's"),
    ROW("least", CFG_WORD, AT(syslog_tls_fields, least), "The oldest version of TLS that is spoken", .initial = "1.2",
        .words = tls_versions),
};
const struct cfg_section section_syslog_tls = {
    .name = "tls",
    .doc = "Who is trusted, and who we are, over TLS",
    .items = syslog_tls_items,
    .count = COUNT(syslog_tls_items),
    .size = sizeof(struct syslog_tls_fields),
};

/* One syslog target of a site. */
#include "loader.h"

#include "portconform/address.h"
#include "portconform/secret_file.h"
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

/* The header that goes with a format where none is asked for. */
static enum syslog_header usual_header(const struct syslog_target *target)
{
    static const enum syslog_header usual[] = {
        [SYSLOG_FORMAT_RFC5424] = SYSLOG_HEADER_RFC5424, [SYSLOG_FORMAT_JSON] = SYSLOG_HEADER_RFC5424,
        [SYSLOG_FORMAT_CEE] = SYSLOG_HEADER_RFC5424,     [SYSLOG_FORMAT_CEF] = SYSLOG_HEADER_RFC3164,
        [SYSLOG_FORMAT_TEXT] = SYSLOG_HEADER_RFC3164,
    };
    bool must = target->format == SYSLOG_FORMAT_RFC5424; /* structured data has its place there alone */
    return target->place.transport == SYSLOG_LOCAL && !must ? SYSLOG_HEADER_RFC3164 : usual[target->format];
}

static void read_form(struct loader *loader, const struct syslog_fields *fields, struct syslog_target *target)
{
    bool is_stream = target->place.transport == SYSLOG_TCP || target->place.transport == SYSLOG_TLS;
    if (fields->format.node)
        target->format = (enum syslog_format)fields->format.number;
    target->header = fields->header.node ? (enum syslog_header)fields->header.number : usual_header(target);
    if (target->format == SYSLOG_FORMAT_RFC5424 && target->header != SYSLOG_HEADER_RFC5424)
        ERROR(loader, node_inside(fields->header.node), "format = \"json\", \"cef\" or \"text\"",
              "structured data needs the header of RFC 5424");
    target->framing = (enum syslog_framing)fields->framing.number;
    if (fields->framing.node && !is_stream)
        ERROR(loader, fields->framing.node->name_origin, NULL, "'framing' is for TCP and TLS: \"%s\" has datagrams",
              target->target);
    else if (fields->framing.node && target->place.transport == SYSLOG_TLS && target->framing == SYSLOG_FRAMING_LINES)
        WARNING(loader, node_inside(fields->framing.node), NULL, "RFC 5425 demands octet counting over TLS");
    if (fields->most_octets.node)
        target->most_octets = (unsigned)fields->most_octets.number;
    target->facility = (int)fields->facility.number << 3;
}

static void read_levels(struct loader *loader, const struct field *group, struct syslog_target *target)
{
    struct syslog_level_fields fields;
    schema_read(&section_syslog_levels, group->node, &fields, loader->diags);
    target->levels[SEVERITY_CRITICAL] = (int)fields.critical.number;
    target->levels[SEVERITY_WARNING] = (int)fields.warning.number;
    target->levels[SEVERITY_UNKNOWN] = (int)fields.unknown.number;
    target->levels[SEVERITY_OK] = (int)fields.ok.number;
}

/* The bits of the words of a list; `code` gives the number of a word, or less than 0. */
static uint64_t read_bits(struct loader *loader, const struct field *list, const char *what, const char *const *known,
                          int (*code)(const char *))
{
    uint64_t bits = 0;
    char hint[HINT_TEXT];
    for (const struct node *word = list->node ? list->node->first : NULL; word; word = word->next) {
        int number = code(word->text);
        if (number >= 0)
            bits |= UINT64_C(1) << number;
        else
            ERROR(loader, node_inside(word), hint_nearest(word->text, known, hint, sizeof(hint)), "\"%s\" is no %s",
                  word->text, what);
    }
    return bits;
}

static int kind_code(const char *word)
{
    enum event_kind kind;
    return event_kind_from_name(word, &kind) ? (int)kind : -1;
}

static int class_code(const char *word)
{
    return word_find("class", word);
}

static int verdict_code(const char *word)
{
    enum verdict verdict;
    return verdict_from_name(word, &verdict) ? (int)verdict : -1;
}

static void read_choice(struct loader *loader, const struct syslog_fields *fields, struct event_choice *ret)
{
    const char *kinds[EVENT_KINDS] = {NULL};
    for (size_t i = 1; i < EVENT_KINDS; i++)
        kinds[i - 1] = event_kind_name((enum event_kind)i);
    ret->kinds = (uint32_t)read_bits(loader, &fields->kinds, "kind of event", kinds, kind_code);
    ret->classes = (uint32_t)read_bits(loader, &fields->classes, "class of findings", word_list("class"), class_code);
    ret->verdicts = read_bits(loader, &fields->verdicts, "verdict", word_list("verdict"), verdict_code);
    ret->least = (enum severity)fields->least.number;
}

static const char *read_path(struct loader *loader, const struct field *path)
{
    if (!path->node || path->text[0] == '/')
        return path->text;
    return loader_printf(loader, "%s/%s", loader->folder, path->text);
}

/* Whoever has the key can speak in our name. The sender judges the file again when it opens it; here it is told where
 * the file is named, and before the daemon relies on it. One that cannot be seen from here is the sender's alone. */
static void judge_key(struct loader *loader, const struct node *node, const char *path)
{
    struct stat status;
    if (path == NULL || stat(path, &status) < 0)
        return;
    const unsigned flaws = secret_file_flaws(&status);
    if (!(flaws & SECRET_FILE_IRREGULAR) && flaws & (SECRET_FILE_OPEN | SECRET_FILE_GROUP_EXECUTES))
        ERROR(loader, node_inside(node), "chmod 600 FILE; where a group may read it: chmod 640 FILE",
              "others may read or change the file of the private key (mode %04o)", (unsigned)status.st_mode & 07777U);
}

static void read_tls(struct loader *loader, const struct field *group, struct syslog_target *target)
{
    struct syslog_tls_fields fields;
    struct address address;
    if (!group->node)
        return;
    if (target->place.transport != SYSLOG_TLS)
        ERROR(loader, group->node->name_origin, "target = \"tls:...\"",
              "'tls' of a target that is reached without TLS");
    schema_read(&section_syslog_tls, group->node, &fields, loader->diags);
    target->tls.ca = read_path(loader, &fields.ca);
    target->tls.certificate = read_path(loader, &fields.certificate);
    target->tls.key = read_path(loader, &fields.key);
    target->tls.name = fields.name.text;
    target->tls.least = fields.least.number == SYSLOG_TLS_1_3 ? SYSLOG_TLS_1_3 : SYSLOG_TLS_1_2;
    if (fields.key.node)
        judge_key(loader, fields.key.node, target->tls.key);
    else if (fields.certificate.node)
        judge_key(loader, fields.certificate.node, target->tls.certificate); /* which then holds both */
    if (fields.key.node && !fields.certificate.node)
        ERROR(loader, fields.key.node->name_origin, "certificate = \"/etc/portconform/mon1.pem\"",
              "a private key without its certificate");
    if (fields.name.node && address_parse(fields.name.text, &address) < 0 && !is_dns_name(fields.name.text))
        ERROR(loader, node_inside(fields.name.node), NULL, "\"%s\" is neither a DNS name nor an address",
              fields.name.text);
}

bool read_syslog_target(struct loader *loader, const struct node *group, struct syslog_target *ret)
{
    struct syslog_fields fields;
    schema_read(&section_syslog, group, &fields, loader->diags);
    if (!fields.target.node)
        return false;
    if (!syslog_target_init(ret, fields.name.text, fields.target.text)) {
        ERROR(
            loader, node_inside(fields.target.node),
            "\"local\", \"local:/path\", \"udp:10.0.9.5\", \"tcp:siem.example.jp:514\" or \"tls:siem.example.jp:6514\"",
            "\"%s\" is no target for events", fields.target.text);
        return false;
    }
    ret->origin = group->origin;
    read_form(loader, &fields, ret);
    read_levels(loader, &fields.levels, ret);
    read_choice(loader, &fields, &ret->choice);
    read_tls(loader, &fields.tls, ret);
    return true;
}

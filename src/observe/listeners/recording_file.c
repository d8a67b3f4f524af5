/* Whole recordings, and the listener source that reads them from files. */
#include "portconform/diag.h"
#include "portconform/error.h"
#include "portconform/file.h"
#include "portconform/text.h"
#include "portconform/vector.h"
#include "table.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r";
enum { RECORDING_MAX = 16 << 20 }; /* octets */

struct recording {
    struct listener_table *table;
    struct listener_vector listeners;
};

/* --- lines that are no listeners -------------------------------------------------------------------------------- */

static int read_ephemeral(struct listener_table *table, const char *value)
{
    return ephemeral_parse(value, ".", &table->ephemeral_low, &table->ephemeral_high) ? 0 : PC_ESYNTAX;
}

static int read_taken(struct listener_table *table, const char *value)
{
    int64_t wall_ms;
    if (clock_parse_rfc3339(value, &wall_ms) < 0)
        return PC_ESYNTAX;
    if (wall_ms < table->taken.wall_ms) /* one from the future is as young as can be */
        table->taken.mono_ms -= table->taken.wall_ms - wall_ms;
    table->taken.wall_ms = wall_ms;
    return 0;
}

static int read_unread(struct listener_table *table, const char *value)
{
    if (strcmp(value, "udp") != 0)
        return PC_ESYNTAX;
    table->udp_complete = false;
    return 0;
}

static const struct recording_directive {
    const char *word;
    int (*read)(struct listener_table *table, const char *value);
    const char *error;
} directives[] = {
    {"ephemeral", read_ephemeral, "the ephemeral range is written 32768..60999"},
    {"taken", read_taken, "a date is written 2026-11-20T14:02:31+09:00"},
    {"unread", read_unread, "what can be unread is udp"},
};

static const struct recording_directive *directive_find(const char *line)
{
    const size_t length = strcspn(line, blanks);
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
        if (strlen(directives[i].word) == length && memcmp(line, directives[i].word, length) == 0)
            return &directives[i];
    return NULL;
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

static int parse_line(struct recording *recording, const char *line, const char **ret_error)
{
    const struct recording_directive *directive = directive_find(line);
    if (directive) {
        const char *value = line + strlen(directive->word);
        *ret_error = directive->error;
        return directive->read(recording->table, value + strspn(value, blanks));
    }
    struct listener listener;
    const int status = recording_parse_line(line, recording->table->arena, &listener, ret_error);
    if (status < 0)
        return status;
    struct listener *slot = VECTOR_PUSH(&recording->listeners);
    if (!slot)
        return -ENOMEM;
    *slot = listener;
    return 0;
}

/* The line that begins at `*at`, without blanks around it; NULL when out of memory. */
static char *take_line(const char **at)
{
    const char *begin = *at + strspn(*at, blanks);
    const char *end = *at + strcspn(*at, "\n");
    *at = *end ? end + 1 : end;
    while (end > begin && strchr(blanks, end[-1]))
        end--;
    return end > begin ? strndup(begin, (size_t)(end - begin)) : strdup("");
}

static int parse_lines(struct recording *recording, const char *content, const char *file, struct diag_list *diags)
{
    int result = 0;
    struct origin origin = {.file = file};
    for (const char *at = content; *at;) {
        char *line = take_line(&at);
        if (!line)
            return -ENOMEM;
        const char *error = NULL;
        origin.line++;
        const int status = line[0] && line[0] != '#' ? parse_line(recording, line, &error) : 0;
        free(line);
        if (status == -ENOMEM)
            return status;
        if (status < 0) {
            diag_add(diags, DIAG_ERROR, origin, NULL, "%s", error);
            result = PC_ESYNTAX;
        }
    }
    return result;
}

static int parse_into(struct listener_table *table, const char *content, const char *file, struct diag_list *diags)
{
    struct recording recording = {.table = table};
    table->udp_complete = true;
    int status = parse_lines(&recording, content, file, diags);
    if (status == 0)
        status = table_take(table, &recording.listeners);
    VECTOR_DONE(&recording.listeners);
    return status;
}

int recording_parse(const char *content, const char *file, struct moment now, struct listener_table **ret,
                    struct diag_list *diags)
{
    struct listener_table *table = listener_table_new("file", now);
    if (!table)
        return -ENOMEM;
    const int status = parse_into(table, content, file, diags);
    if (status < 0) {
        listener_table_free(table);
        return status;
    }
    *ret = table;
    return 0;
}

void recording_format(struct text *out, const struct listener_table *table)
{
    char buffer[CLOCK_TEXT];
    text_printf(out, "taken %s\n", clock_format_rfc3339(table->taken.wall_ms, buffer, sizeof(buffer)));
    if (table->ephemeral_low)
        text_printf(out, "ephemeral %u..%u\n", table->ephemeral_low, table->ephemeral_high);
    if (!table->udp_complete)
        text_add(out, "unread udp\n");
    for (size_t i = 0; i < table->count; i++) {
        recording_format_line(out, &table->items[i]);
        text_add(out, "\n");
    }
}

/* --- the source ------------------------------------------------------------------------------------------------- */

/* Reads and parses; on failure *ret_note says more than the code can, where there is more to say. */
static int load(const char *path, struct listener_table *table, const char **ret_note)
{
    char *content = NULL;
    size_t length = 0;
    struct diag_list diags;
    int status = diag_list_init(&diags);
    if (status < 0)
        return status;
    status = path ? file_read(path, RECORDING_MAX, &content, &length) : -EINVAL;
    if (status == 0 && length == 0) {
        status = PC_ESYNTAX;
        *ret_note = "the recording is empty, as if it was cut off; where nobody listens, it has a line \"taken DATE\"";
    } else if (status == 0 && strlen(content) != length) {
        status = PC_ESYNTAX;
        *ret_note = "the recording holds a NUL octet";
    } else if (status == 0) {
        status = parse_into(table, content, path, &diags);
    }
    if (diags.count)
        *ret_note = arena_printf(table->arena, "line %u: %s", diags.items[0].origin.line, diags.items[0].message);
    free(content);
    diag_list_done(&diags);
    return status;
}

static int file_collect(const struct listener_request *request, struct listener_table **ret)
{
    struct listener_table *table = listener_table_new("file", request->now);
    if (!table)
        return -ENOMEM;
    const char *note = NULL;
    const int status = load(request->file, table, &note);
    if (status == -ENOMEM) {
        listener_table_free(table);
        return status;
    }
    if (status < 0)
        listener_table_fail(table, status, note);
    *ret = table;
    return 0;
}

const struct listener_source file_source = {
    .name = "file",
    .summary = "a recording: one listener a line, as text",
    .collect = file_collect,
};

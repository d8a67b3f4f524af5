/* A proposal as a file of hosts.d that a person reads, prunes and takes over. */
#include "portconform/adopt.h"
#include "portconform/text.h"

#include <errno.h>
#include <string.h>

static const char *write_word(const char *word)
{
    return word != NULL ? word : "-";
}

/* --- ranking ----------------------------------------------------------------------------------------------------- */

static void write_value(struct text *out, const struct value *value)
{
    char buffer[128];
    const char *quote = value->type == VALUE_TEXT ? "\"" : "";
    text_printf(out, "%s%s%s", quote,
                value->type == VALUE_TEXT ? value->text : value_format(value, buffer, sizeof(buffer)), quote);
}

static void write_settings(struct text *out, const struct adopt_role *role)
{
    for (size_t i = 0; i < role->setting_count; i++) {
        const struct adopt_setting *setting = &role->settings[i];
        text_printf(out, "%s%s = ", i > 0 ? ", " : "", setting->parameter->name);
        write_value(out, &setting->value);
        if (setting->as_well != NULL)
            text_printf(out, " (%s would do as well)", setting->as_well);
    }
}

/* A range counts as one thing that is looked for. */
static size_t write_count(const struct adopt_role *role, bool found)
{
    size_t count = 0;
    for (size_t i = 0; i < role->item_count; i++) {
        enum adopt_state state = role->items[i].state;
        bool demanded = !presence_absence_conforms(role->items[i].rule->presence);
        count += demanded && (found ? state == ADOPT_FOUND || state == ADOPT_PARTLY : state != ADOPT_ABSENT);
    }
    return count;
}

static void write_item(struct text *out, const struct adopt_item *item)
{
    char range[PORT_RANGE_TEXT];
    text_printf(out, "%s %s", transport_name(item->range.transport),
                port_range_format(&item->range, range, sizeof(range)));
    if (item->hits > 0 && item->hits < port_range_count(&item->range))
        text_printf(out, " (%u of them)", item->hits);
    else if (item->state == ADOPT_PARTLY)
        text_add(out, " (in another place than the guide has it)");
}

static bool write_is_repeated(const struct adopt_role *role, size_t index)
{
    const struct port_range *range = &role->items[index].range;
    for (size_t i = 0; i < index; i++) {
        const struct port_range *other = &role->items[i].range;
        if (other->transport == range->transport && other->low == range->low && other->high == range->high)
            return true;
    }
    return false;
}

static void write_items(struct text *out, const struct adopt_role *role, bool found, const char *before)
{
    enum { SHOWN = 12 };
    size_t count = 0;
    for (size_t i = 0; i < role->item_count; i++) {
        const struct adopt_item *item = &role->items[i];
        bool is_found = item->state == ADOPT_FOUND || item->state == ADOPT_PARTLY;
        if ((found ? !is_found : item->state != ADOPT_MISSING) || write_is_repeated(role, i))
            continue;
        if (count < SHOWN) {
            text_add(out, count == 0 ? before : ", ");
            write_item(out, item);
        }
        count++;
    }
    if (count > SHOWN)
        text_printf(out, " and %zu more", count - SHOWN);
}

static void write_undecided(struct text *out, const struct adopt_role *role)
{
    for (size_t i = 0; i < role->undecided_count; i++)
        text_printf(out, "%s%s", i > 0 ? ", " : "", role->undecided[i]);
}

static void write_rank(struct text *out, const struct adopt_role *role, size_t rank, const char *prefix)
{
    text_printf(out, "%s%2zu  %s of %s: %zu of %zu demanded", prefix, rank, role->component->name, role->guide->id,
                write_count(role, true), write_count(role, false));
    if (role->setting_count > 0) {
        text_add(out, ", with ");
        write_settings(out, role);
    }
    text_printf(out, "\n%s    found", prefix);
    write_items(out, role, true, " ");
    text_add(out, "\n");
    struct text missing = {0};
    write_items(&missing, role, false, "");
    if (missing.length > 0)
        text_printf(out, "%s    missing %s\n", prefix, text_string(&missing));
    out->failed = out->failed || missing.failed;
    text_done(&missing);
}

void adopt_write_ranking(struct text *out, const struct adoption *adoption, size_t top, const char *prefix)
{
    if (adoption->ranking_count == 0)
        text_printf(out, "%sNo component of these guides fits what listens here.\n", prefix);
    else
        text_printf(out, "%sWhat fits best, each component by itself:\n", prefix);
    for (size_t i = 0; i < adoption->ranking_count && i < top; i++)
        write_rank(out, &adoption->ranking[i], i + 1, prefix);
    if (adoption->ranking_count > top)
        text_printf(out, "%sand %zu that fit less\n", prefix, adoption->ranking_count - top);
}

/* --- the file ---------------------------------------------------------------------------------------------------- */

/* As a string of the file: one line, quotation marks and backslashes escaped. */
static void write_quoted(struct text *out, const char *string)
{
    struct text plain = {0};
    text_escape_string(&plain, string, ESCAPE_TEXT);
    text_add(out, "\"");
    for (const char *c = text_string(&plain); *c != '\0'; c++)
        text_printf(out, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
    text_add(out, "\"");
    out->failed = out->failed || plain.failed;
    text_done(&plain);
}

static void write_header(struct text *out, const struct adoption *adoption, const struct adopt_file *file)
{
    struct text source = {0};
    text_escape_string(&source, file->source, ESCAPE_TEXT);
    text_printf(out, "# Proposed by portconform adopt on %s, from ", file->date);
    text_add_count(out, adoption->listeners->count, "listener");
    text_printf(out, " as told by %s.\n", text_string(&source));
    text_add(out,
             "# Nothing here is approved: it says what fits, not what ought to run. Read it, take out what does not "
             "belong,\n# and put it into the site's hosts.d.\n#\n");
    out->failed = out->failed || source.failed;
    text_done(&source);
    adopt_write_ranking(out, adoption, file->top, "# ");
}

static void write_guides(struct text *out, const struct adoption *adoption)
{
    if (adoption->role_count == 0)
        return;
    text_add(out, "#\n# site.conf needs: guides = [");
    size_t told = 0;
    for (size_t i = 0; i < adoption->role_count; i++) {
        bool known = false;
        for (size_t k = 0; k < i; k++)
            known = known || adoption->roles[k].guide == adoption->roles[i].guide;
        if (!known)
            text_printf(out, "%s\"%s\"", told++ > 0 ? ", " : "", adoption->roles[i].guide->id);
    }
    text_add(out, "];\n");
}

static void write_addresses(struct text *out, const struct adopt_file *file)
{
    if (file->address_count == 0) {
        text_printf(out, "  # no address is known: its name stands for it\n  addresses = [\"%s\"];\n", file->host);
        return;
    }
    text_add(out, "  addresses = [");
    for (size_t i = 0; i < file->address_count; i++) {
        char buffer[ADDRESS_TEXT];
        text_printf(out, "%s\"%s\"", i > 0 ? ", " : "", address_format(&file->addresses[i], buffer, sizeof(buffer)));
    }
    text_add(out, "];\n");
}

static void write_role(struct text *out, const struct adopt_role *role, bool last)
{
    text_add(out, "    #");
    write_items(out, role, true, " ");
    text_add(out, "\n");
    for (size_t i = 0; i < role->setting_count; i++)
        if (role->settings[i].as_well != NULL)
            text_printf(out, "    # %s: for this role by itself %s would do as well\n",
                        role->settings[i].parameter->name, role->settings[i].as_well);
    if (role->undecided_count > 0) {
        text_add(out, "    # nothing here decides: ");
        write_undecided(out, role);
        text_add(out, "; rules that depend on it are not judged\n");
    }
    text_printf(out, "    { guide = \"%s\"; component = \"%s\";", role->guide->id, role->component->name);
    if (role->name != NULL)
        text_printf(out, " name = \"%s\";", role->name);
    for (size_t i = 0; i < role->setting_count; i++) {
        text_printf(out, " %s = ", role->settings[i].parameter->name);
        write_value(out, &role->settings[i].value);
        text_add(out, ";");
    }
    text_printf(out, " }%s\n", last ? "" : ",");
}

static void write_roles(struct text *out, const struct adoption *adoption)
{
    if (adoption->role_count == 0) {
        text_add(out, "  # No component of the guides fits well enough to be proposed.\n");
        return;
    }
    text_add(out, "  roles = (\n");
    for (size_t i = 0; i < adoption->role_count; i++)
        write_role(out, &adoption->roles[i], i + 1 == adoption->role_count);
    text_add(out, "  );\n");
}

/* One entry for a port, whatever its addresses and families; `first` is the first listener of it. */
static bool write_same_port(const struct listener *a, const struct listener *b)
{
    return a->transport == b->transport && a->port == b->port;
}

static void write_entry(struct text *out, const struct adoption *adoption, size_t first, size_t end)
{
    const struct listener_table *table = adoption->listeners;
    struct text about = {0};
    bool loopback = true;
    for (size_t i = first; i < end; i++) {
        const struct listener *listener = &table->items[adoption->unexplained[i]];
        char address[ADDRESS_TEXT + 8];
        if (i == first)
            owner_format(&about, &listener->owner);
        loopback = loopback && address_is_loopback(&listener->address);
        text_printf(&about, "%s%s", i == first ? " on " : ", ",
                    address_format_port(&listener->address, listener->port, address, sizeof(address)));
    }
    const struct listener *listener = &table->items[adoption->unexplained[first]];
    text_printf(out, "  #   { ports = \"%s %u\"; ", transport_name(listener->transport), listener->port);
    text_add(out, loopback ? "scope = \"host\"; about = " : "about = ");
    write_quoted(out, text_string(&about));
    text_printf(out, "; }%s\n", end == adoption->unexplained_count ? "" : ",");
    out->failed = out->failed || about.failed;
    text_done(&about);
}

static void write_unexplained(struct text *out, const struct adoption *adoption)
{
    const struct listener_table *table = adoption->listeners;
    if (adoption->passing > 0) {
        text_add(out, "  # ");
        text_add_count(out, adoption->passing, "UDP socket");
        text_add(out, " of the ephemeral range not listed: most likely of clients.\n");
    }
    if (adoption->unexplained_count == 0) {
        text_add(out, table->count == 0 ? "  # Nothing listens here.\n" : "  # The roles explain every listener.\n");
        return;
    }
    text_add(out, "  # What no role explains. Take out the marks before what belongs here; with exclusive = true the "
                  "rest is then\n  # a finding.\n  # expect = (\n");
    for (size_t i = 0; i < adoption->unexplained_count;) {
        size_t end = i + 1;
        while (end < adoption->unexplained_count &&
               write_same_port(&table->items[adoption->unexplained[i]], &table->items[adoption->unexplained[end]]))
            end++;
        write_entry(out, adoption, i, end);
        i = end;
    }
    text_add(out, "  # );\n");
}

static void write_source(struct text *out, const struct adopt_file *file)
{
    if (file->recording != NULL) {
        text_add(out, "  listeners = \"file\"; file = ");
        write_quoted(out, file->recording);
        text_add(out, ";\n");
    } else if (file->netns != NULL) {
        text_add(out, "  listeners = \"kernel\"; netns = ");
        write_quoted(out, file->netns);
        text_add(out, ";\n");
    }
}

int adopt_write(struct text *out, const struct adoption *adoption, const struct adopt_file *file)
{
    write_header(out, adoption, file);
    write_guides(out, adoption);
    text_printf(out, "\nhost: {\n  name = \"%s\";\n", write_word(file->host));
    write_addresses(out, file);
    write_source(out, file);
    write_roles(out, adoption);
    write_unexplained(out, adoption);
    text_add(out, "};\n");
    return out->failed ? -ENOMEM : 0;
}

/* hosts.d: which files are read, and the host in each. */
#include "loader.h"

#include "portconform/error.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Do callers depend on each other's parameters? Then every host matters to every other. */
static bool has_peer_conditions(const struct loader *loader)
{
    for (size_t i = 0; i < loader->guide_count; i++)
        for (size_t j = 0; j < loader->guides[i].rule_count; j++) {
            const struct rule *rule = &loader->guides[i].rules[j];
            for (size_t k = 0; k < rule->from_count; k++)
                if (rule->from[k].when)
                    return true;
        }
    return false;
}

static bool is_wanted(const struct loader *loader, const struct site *site, const char *name)
{
    if (strcmp(name, loader->options->host) == 0)
        return true;
    /* a vantage that is a host acts as its own roles too, and so does a host that looks for itself */
    const char *machine = loader->options->machine_name;
    return site_vantage(site, name) != NULL || (machine && site_names_agree(name, machine));
}

/* Keeps of `names` those that must be read. */
static size_t select_names(struct loader *loader, const struct site *site, const char **names, size_t count)
{
    bool known = false;
    for (size_t i = 0; loader->options->host && i < count; i++)
        known = known || strcmp(names[i], loader->options->host) == 0;
    if (!known || has_peer_conditions(loader))
        return count;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (is_wanted(loader, site, names[i]))
            names[kept++] = names[i];
    return kept;
}

static struct host_parts *find_template(struct loader *loader, const struct site_parts *parts,
                                        const struct field *field)
{
    if (!field->node)
        return NULL;
    const char **names = loader_scratch(loader, parts->template_count + 1, sizeof(*names));
    size_t count = 0;
    if (!names)
        return NULL;
    for (size_t i = 0; i < parts->template_count; i++) {
        const char *name = host_parts_name(parts->templates[i]);
        if (!name)
            continue;
        if (strcmp(name, field->text) == 0)
            return parts->templates[i];
        names[count++] = name;
    }
    char hint[HINT_TEXT];
    ERROR(loader, node_inside(field->node), hint_nearest(field->text, names, hint, sizeof(hint)),
          "site.conf has no template '%s'", field->text);
    return NULL;
}

/* False when the file holds no host that can be used. */
static bool load_host_file(struct loader *loader, const struct site_parts *parts, const char *name, struct host *ret)
{
    struct node *root;
    struct host_file_fields file;
    const char *path = loader_printf(loader, "%s/hosts.d/%s.conf", loader->folder, name);
    int result = path ? document_read(&loader->reader, path, &root) : -ENOMEM;
    if (result == -ENOMEM)
        loader->failure = result;
    if (result < 0)
        return false;
    schema_read(&section_host_file, root, &file, loader->diags);
    if (!file.host.node)
        return false;
    struct host_parts *own = host_parts_read(loader, file.host.node, &section_host);
    if (!own || !host_parts_name(own))
        return false;
    if (strcmp(host_parts_name(own), name) != 0)
        ERROR(loader, node_inside(node_member(file.host.node, "name")),
              loader_printf(loader, "name = \"%s\", or rename the file", name),
              "the host is named \"%s\", but its file %s.conf", host_parts_name(own), name);
    host_fold(loader, &parts->defaults, find_template(loader, parts, host_parts_template(own)), own, ret);
    return true;
}

void load_hosts(struct loader *loader, struct site_parts *parts)
{
    const char *const *found;
    size_t count;
    const char *folder = loader_printf(loader, "%s/hosts.d", loader->folder);
    int result = folder ? search_list(loader, folder, &found, &count) : -ENOMEM;
    if (result == -ENOENT) {
        WARNING(loader, ((struct origin){folder, 0, 0}), "each host has its own file: hosts.d/NAME.conf",
                "the site has no hosts");
        return;
    }
    if (result == -ENOMEM)
        loader->failure = result;
    else if (result < 0)
        ERROR(loader, ((struct origin){folder, 0, 0}), NULL, "cannot be read: %s", pc_strerror(result));
    if (result < 0)
        return;
    const char **names = loader_scratch(loader, count, sizeof(*names));
    if (!names)
        return;
    if (count)
        memcpy(names, found, count * sizeof(*names));
    else
        WARNING(loader, ((struct origin){folder, 0, 0}), "each host has its own file: hosts.d/NAME.conf",
                "the site has no hosts");
    count = select_names(loader, parts->site, names, count);
    struct host *hosts = LOADER_ARRAY(loader, struct host, count);
    size_t used = 0;
    for (size_t i = 0; hosts && i < count && !loader->failure; i++)
        if (load_host_file(loader, parts, names[i], &hosts[used]))
            used++;
    parts->site->hosts = hosts;
    parts->site->host_count = used;
    check_hosts(loader, parts->site);
}

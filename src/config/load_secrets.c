/* The secrets that settings name: each file is read once, and what is not in it is told where it was wanted. */
#include "loader.h"

#include <errno.h>
#include <string.h>

static const struct secrets_file *open_secrets(struct loader *loader, const struct field *field)
{
    const char *path =
        field->text[0] == '/' ? field->text : loader_printf(loader, "%s/%s", loader->folder, field->text);
    if (!path)
        return NULL;
    for (const struct secrets_file *file = loader->secrets_files; file; file = file->next)
        if (strcmp(file->path, path) == 0)
            return file;
    struct secrets_file *file = loader_scratch(loader, 1, sizeof(*file));
    if (!loader->secrets)
        loader->secrets = secrets_new();
    if (!file || !loader->secrets ||
        secrets_file_read(path, node_inside(field->node), loader->arena, loader->secrets, loader->diags, file) < 0) {
        loader->failure = -ENOMEM;
        return NULL;
    }
    file->next = loader->secrets_files;
    loader->secrets_files = file;
    return file;
}

bool secrets_take(struct loader *loader, const struct secret_source *source, enum secret_kind kind, const char **ret)
{
    if (!source->file->node) {
        ERROR(loader, source->place,
              loader_printf(loader, "secrets = \"%s\": a file with mode 600 or 640", source->example),
              "the file that holds the secrets is not named");
        return false;
    }
    const struct secrets_file *file = open_secrets(loader, source->file);
    if (!file || file->broken || file->unreadable)
        return false;
    const struct secret_entry *found = secrets_file_find(file, source->name, kind);
    if (found)
        *ret = found->secret;
    else
        ERROR(loader, source->entry->node ? node_inside(source->entry->node) : node_inside(source->file->node),
              loader_printf(loader, "a line: %s %s SECRET", source->name, secret_kind_name(kind)),
              "%s holds no %s secret of \"%s\"", file->path, secret_kind_name(kind), source->name);
    return true;
}

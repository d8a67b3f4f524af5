/* The schema as text for the manual. */
#include "portconform/load.h"

#include "schema.h"

enum { DESCRIPTION = 320 };

void config_describe(void (*line)(void *context, const char *section, const char *name, const char *type,
                                  const char *range, const char *initial, const char *doc),
                     void *context)
{
    char type[DESCRIPTION], range[DESCRIPTION];
    for (const struct cfg_section *const *section = schema_sections(); *section; section++) {
        line(context, (*section)->name, "", "", "", "", (*section)->doc);
        for (size_t i = 0; i < (*section)->count; i++) {
            const struct cfg_item *item = &(*section)->items[i];
            if (item->flags & (*section)->without)
                continue;
            const char *initial = item->initial ? item->initial : item->flags & CFG_REQUIRED ? "required" : "";
            line(context, (*section)->name, item->name, schema_type_text(item, type, sizeof(type)),
                 schema_range_text(item, range, sizeof(range)), initial, item->doc);
        }
    }
}

/* The table of exporters. */
#include "writing.h"

#include <string.h>

const struct exporter *const exporters[] = {
    &export_nftables, &export_windows, &export_cisco_acl, &export_csv, &export_html, NULL,
};

const struct exporter *exporter_find(const char *name)
{
    for (size_t i = 0; exporters[i] != NULL; i++)
        if (strcmp(exporters[i]->name, name) == 0)
            return exporters[i];
    return NULL;
}

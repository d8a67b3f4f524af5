/* A configuration as a whole. */
#include "portconform/config.h"

#include <string.h>

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    secrets_free(config->secrets);
    arena_free(config->arena);
}

const struct guide *config_guide(const struct config *config, const char *id)
{
    for (size_t i = 0; i < config->guide_count; i++) {
        if (strcmp(config->guides[i].id, id) == 0)
            return &config->guides[i];
    }
    return NULL;
}

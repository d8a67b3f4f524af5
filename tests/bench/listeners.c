/* What listens here, a line each, as `ss -ltn` tells it.
 *
 *     listeners [-o] [LOOKS]      -o: with owners; with LOOKS, looks again and tells on stderr how long each one took
 */
#include "portconform/listeners.h"
#include "portconform/arena.h"
#include "portconform/error.h"
#include "portconform/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    bool owners = argc > 1 && strcmp(argv[1], "-o") == 0;
    const char *count = argc > 1 + owners ? argv[1 + owners] : NULL;
    const struct listener_source *source = listener_source_find("kernel");
    struct listener_table *table = NULL;
    struct owner_cache *known = count ? owner_cache_new() : NULL;
    int looks = count ? atoi(count) : 1;
    for (int i = 0; i < looks; i++) {
        const struct listener_request request = {.owners = owners, .known = known, .now = moment_now()};
        int64_t began_us = clock_mono_us();
        listener_table_free(table);
        if (source->collect(&request, &table) < 0)
            return 1;
        if (count)
            (void)fprintf(stderr, "%lld\n", (long long)(clock_mono_us() - began_us));
    }
    struct text out = {0};
    for (size_t i = 0; i < table->count; i++) {
        if (table->items[i].transport != TRANSPORT_TCP)
            continue;
        listener_format(&out, &table->items[i]);
        text_add(&out, "\n");
    }
    fputs(text_string(&out), stdout);
    text_done(&out);
    listener_table_free(table);
    owner_cache_free(known);
    return 0;
}

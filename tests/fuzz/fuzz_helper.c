/* Both readers between the program and its helpers: what one asks, and what the other answers. */
#include "fuzz.h"
#include "helper.h"

static void ask(const char *octets, size_t length)
{
    struct helper_request request;
    struct helper_place place;
    if (helper_parse_request(octets, length, &request) < 0)
        return;
    FUZZ_ASSERT(!request.path == (request.head.kind == HELPER_ASKS_OWNERS));
    if (request.path && helper_place_parse(request.path, &place) == 0)
        FUZZ_ASSERT(place.pid > 0 || !strchr(place.name, '/'));
    for (uint32_t i = 0; request.questions && i < request.head.count; i++) {
        struct helper_question question;
        memcpy(&question, request.questions + i * sizeof(question), sizeof(question));
    }
}

static void answer(const char *octets, size_t length)
{
    struct sockdiag_row items[4] = {
        {.listener.inode = 1}, {.listener.inode = 2}, {.listener.inode = 0}, {.listener.inode = 4711}};
    struct sockdiag_rows rows = {.items = items, .count = sizeof(items) / sizeof(items[0])};
    struct arena *arena = arena_new();
    if (arena)
        (void)helper_take_owners(octets, length, &rows, arena);
    for (size_t i = 0; arena && i < rows.count; i++)
        FUZZ_ASSERT(items[i].listener.owner.pid >= 0);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ask((const char *)data, size);
    answer((const char *)data, size);
    return 0;
}

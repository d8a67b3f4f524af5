/* Configuration files: any octets give a tree or exactly one error of syntax, our reader and libconfig agree on what is
 * allowed, and what is made of the tree (a host, own rules, a guide's parameters) tells its mistakes and goes on. */
#include "fuzz.h"
#include "loader.h"

static void read_host(struct loader *loader, const struct node *group)
{
    static const struct host_defaults defaults = {.damping = {2, 2}};
    struct host host;
    struct host_parts *parts = host_parts_read(loader, group, &section_host);
    FUZZ_ASSERT(parts != NULL);
    if (!host_parts_name(parts))
        return;
    host_fold(loader, &defaults, NULL, parts, &host);
    FUZZ_ASSERT(host.damping.raise >= 1 && host.damping.clear >= 1);
    for (size_t i = 0; i < host.expect_count; i++)
        FUZZ_ASSERT(host.expect[i].id != NULL && host.expect[i].ports.count > 0);
}

static void read_tree(struct loader *loader, const struct node *root)
{
    for (const struct cfg_section *const *section = schema_sections(); *section; section++) {
        void *fields = arena_alloc(loader->scratch, (*section)->size);
        FUZZ_ASSERT(fields != NULL);
        size_t errors = loader->diags->errors;
        FUZZ_ASSERT(schema_read(*section, root, fields, loader->diags) == (loader->diags->errors == errors));
    }
    const struct node *host = node_member(root, "host");
    if (host && host->kind == NODE_GROUP)
        read_host(loader, host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct load_options options = {.path = "."};
    struct diag_list diags;
    struct node *root;
    if (diag_list_init(&diags) < 0)
        return 0;
    struct loader loader = {
        .options = &options, .diags = &diags, .folder = ".", .arena = arena_new(), .scratch = arena_new()};
    FUZZ_ASSERT(loader.arena && loader.scratch);
    loader.reader = (struct document_reader){.scratch = loader.scratch, .arena = loader.arena, .diags = &diags};
    int result = document_parse(&loader.reader, (const char *)data, size, "x.conf", &root);
    FUZZ_ASSERT(diags.errors == (result < 0));
    /* what our own check lets pass, libconfig reads, and reads alike */
    if (result < 0 && diags.count)
        FUZZ_ASSERT(strncmp(diags.items[0].message, "libconfig", 9) != 0);
    if (result == 0)
        read_tree(&loader, root);
    FUZZ_ASSERT(loader.failure == 0);
    arena_free(loader.scratch);
    arena_free(loader.arena);
    diag_list_done(&diags);
    return 0;
}

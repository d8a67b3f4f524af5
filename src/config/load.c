/* From options to a configuration: the order of the steps, and the one place that owns memory on the way. */
#include "portconform/load.h"

#include "loader.h"
#include "portconform/error.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int loader_init(struct loader *loader, const struct load_options *options, struct diag_list *diags)
{
    *loader = (struct loader){.options = options, .diags = diags};
    loader->arena = arena_new();
    loader->scratch = arena_new();
    if (!loader->arena || !loader->scratch)
        return -ENOMEM;
    loader->reader = (struct document_reader){
        .scratch = loader->scratch,
        .arena = loader->arena,
        .diags = diags,
        .read = options->read,
        .read_context = options->read_context,
    };
    fingerprint_init(&loader->reader.fingerprint);
    return 0;
}

/* Frees what the configuration did not take. */
static void loader_done(struct loader *loader)
{
    if (loader->options->file_count)
        *loader->options->file_count = loader->reader.file_count;
    secrets_free(loader->secrets);
    arena_free(loader->scratch);
    arena_free(loader->arena);
}

/* NULL: out of memory. Takes the arena. */
static struct config *make_config(struct loader *loader, const struct site *site)
{
    char hash[FINGERPRINT_TEXT];
    struct config *config = LOADER_ARRAY(loader, struct config, 1);
    const char *kept_hash =
        loader_printf(loader, "%s", fingerprint_format(&loader->reader.fingerprint, hash, sizeof(hash)));
    if (!config || !kept_hash)
        return NULL;
    *config = (struct config){
        .arena = loader->arena,
        .site = site,
        .guides = loader->guides,
        .guide_count = loader->guide_count,
        .hash = kept_hash,
        .file_count = loader->reader.file_count,
        .secrets = loader->secrets,
    };
    loader->arena = NULL;
    loader->secrets = NULL;
    return config;
}

/* The configuration, or why there is none. */
static int loader_finish(struct loader *loader, const struct site *site, size_t errors_before, struct config **ret)
{
    bool well = !loader->failure && loader->diags->errors == errors_before;
    struct config *config = well ? make_config(loader, site) : NULL;
    if (loader->failure) {
        ERROR(loader, ((struct origin){0}), NULL, "%s", pc_strerror(loader->failure));
        return loader->failure;
    }
    if (!config)
        return PC_ESEMANTIC;
    *ret = config;
    return 0;
}

/* The folder of site.conf, and its path: `path` may be either. */
static int find_site_file(struct loader *loader, const char **ret_path)
{
    struct stat status;
    const char *path = loader->options->path;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        size_t length = strlen(path);
        while (length > 1 && path[length - 1] == '/')
            length--;
        loader->folder = loader_printf(loader, "%.*s", (int)length, path);
        *ret_path = loader->folder ? loader_printf(loader, "%s/site.conf", loader->folder) : NULL;
        return *ret_path ? 0 : -ENOMEM;
    }
    const char *slash = strrchr(path, '/');
    loader->folder =
        slash == path ? "/" : loader_printf(loader, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    *ret_path = path;
    return loader->folder ? 0 : -ENOMEM;
}

int config_load(const struct load_options *options, struct config **ret, struct diag_list *diags)
{
    struct loader loader;
    struct diag_list unheard = {0};
    struct site_parts parts = {0};
    struct node *root = NULL;
    const char *path = NULL;
    struct diag_list *heard = diags ? diags : &unheard;
    size_t errors = heard->errors;
    int result = loader_init(&loader, options, heard);
    if (result == 0)
        result = find_site_file(&loader, &path);
    if (result == 0)
        result = search_prepare(&loader);
    if (result == 0)
        result = document_read(&loader.reader, path, &root);
    if (result < 0) {
        if (heard->errors == errors)
            diag_add(heard, DIAG_ERROR, (struct origin){0}, NULL, "%s", pc_strerror(result));
        goto out;
    }
    if (load_site(&loader, root, &parts))
        load_hosts(&loader, &parts);
    result = loader_finish(&loader, parts.site, errors, ret);
out:
    loader_done(&loader);
    return result;
}

/* What was asked for, or everything there is. */
static int guide_requests(struct loader *loader, const char *const *ids, struct guide_request **ret, size_t *ret_count)
{
    size_t count = 0;
    int result = 0;
    while (ids && ids[count])
        count++;
    if (count == 0)
        result = search_all(loader, &ids, &count);
    struct guide_request *requests = result < 0 ? NULL : loader_scratch(loader, count, sizeof(*requests));
    size_t used = 0;
    if (!requests)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t earlier = 0; earlier < used; earlier++)
            known = known || strcmp(requests[earlier].id, ids[i]) == 0;
        const char *id = known ? NULL : arena_strdup(loader->arena, ids[i]);
        if (!known && !id)
            return -ENOMEM;
        if (!known && !schema_is_name(id))
            ERROR(loader, ((struct origin){0}), NULL, "a guide cannot be named \"%s\"", id);
        else if (!known)
            requests[used++] = (struct guide_request){.id = id};
    }
    *ret = requests;
    *ret_count = used;
    return 0;
}

int config_load_guides(const struct load_options *options, const char *const *ids, struct config **ret,
                       struct diag_list *diags)
{
    struct loader loader;
    struct diag_list unheard = {0};
    struct guide_request *requests = NULL;
    size_t count = 0;
    struct diag_list *heard = diags ? diags : &unheard;
    size_t errors = heard->errors;
    int result = loader_init(&loader, options, heard);
    if (result == 0 && options->path) {
        const char *path;
        result = find_site_file(&loader, &path);
    }
    if (result == 0)
        result = search_prepare(&loader);
    if (result == 0)
        result = guide_requests(&loader, ids, &requests, &count);
    if (result < 0) {
        diag_add(heard, DIAG_ERROR, (struct origin){0}, NULL, "%s", pc_strerror(result));
        goto out;
    }
    load_guides(&loader, requests, count);
    result = loader_finish(&loader, NULL, errors, ret);
out:
    loader_done(&loader);
    return result;
}

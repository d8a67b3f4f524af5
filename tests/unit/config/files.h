/* A folder of files for one test, gone when the test is over. */
#pragma once

#include "portconform/load.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct files {
    char folder[64];
};

static inline void files_init(struct files *files)
{
    snprintf(files->folder, sizeof(files->folder), "/tmp/test-config-XXXXXX");
    assert_non_null(mkdtemp(files->folder));
}

static inline int files_remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static inline void files_done(struct files *files)
{
    assert_int_equal(nftw(files->folder, files_remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Makes the folders that `name` needs. */
static inline void files_write(const struct files *files, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", files->folder, name);
    for (char *slash = strchr(path + strlen(files->folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

/* Loads; fails with the diagnostics shown when there are any. 2026-11-20 00:00 UTC. */
static inline struct config *files_load_at(const struct files *files, const char *host, int64_t wall_ms)
{
    struct load_options options = {.path = files->folder, .host = host, .wall_ms = wall_ms};
    struct diag_list diags;
    struct config *config = NULL;
    assert_int_equal(diag_list_init(&diags), 0);
    int result = config_load(&options, &config, &diags);
    for (size_t i = 0; i < diags.count; i++)
        diag_print(&diags.items[i], stderr);
    assert_int_equal(diags.count, 0);
    assert_int_equal(result, 0);
    assert_non_null(config);
    diag_list_done(&diags);
    return config;
}

static inline struct config *files_load(const struct files *files, const char *host)
{
    return files_load_at(files, host, INT64_C(1795132800000));
}

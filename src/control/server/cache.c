/* Answers, remembered as long as the snapshot stays that they were made from: many monitoring services ask the same
 * thing, and a large site need not be counted for each of them. */
#include "server.h"

#include "portconform/tell_json.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 64, ENTRY_OCTETS_MAX = 64 * 1024, FRESH_MS = 1000 };

struct entry {
    char *key; /* octets of the request; NULL: free */
    size_t key_length;
    int64_t at_mono_ms; /* an answer may be too old later: it is made anew after a while */
    int status;
    char *text;
    size_t length;
};

struct cache {
    pthread_mutex_t lock; /* also of getopt(3), which is for one thread */
    struct snapshot *snapshot;
    struct check_directory *directory;
    size_t next; /* the entry that gives way */
    struct entry entries[ENTRIES];
};

const struct teller *const server_tellers[] = {&teller_plugin, &teller_text, &teller_json, &teller_tsv, NULL};

struct cache *cache_new(void)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    if (cache)
        pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

static void entry_clear(struct entry *entry)
{
    free(entry->key);
    free(entry->text);
    *entry = (struct entry){.key = NULL};
}

static void empty(struct cache *cache)
{
    for (size_t i = 0; i < ENTRIES; i++)
        entry_clear(&cache->entries[i]);
    snapshot_unref(cache->snapshot);
    check_directory_unref(cache->directory);
    cache->snapshot = NULL;
    cache->directory = NULL;
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    empty(cache);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static void adopt(struct cache *cache, const struct facts *facts)
{
    if (cache->snapshot == facts->snapshot && cache->directory == facts->directory)
        return;
    empty(cache);
    cache->snapshot = facts->snapshot ? snapshot_ref(facts->snapshot) : NULL;
    cache->directory = facts->directory ? check_directory_ref(facts->directory) : NULL;
}

static const struct entry *find(const struct cache *cache, const char *key, size_t length, int64_t now_ms)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        const struct entry *entry = &cache->entries[i];
        if (entry->key && entry->key_length == length && memcmp(entry->key, key, length) == 0 &&
            now_ms - entry->at_mono_ms < FRESH_MS)
            return entry;
    }
    return NULL;
}

static void remember(struct cache *cache, struct entry made, const struct text *text)
{
    made.text = text->length <= ENTRY_OCTETS_MAX ? malloc(text->length + 1) : NULL;
    if (!made.key || !made.text || text->failed) {
        entry_clear(&made);
        return;
    }
    memcpy(made.text, text_string(text), text->length);
    made.length = text->length;
    struct entry *place = &cache->entries[cache->next];
    cache->next = (cache->next + 1) % ENTRIES;
    entry_clear(place);
    *place = made;
}

static char *copy_octets(const char *octets, size_t length)
{
    char *copy = length > 0 ? malloc(length) : NULL;
    if (copy)
        memcpy(copy, octets, length);
    return copy;
}

int cache_answer(struct cache *cache, const struct facts *facts, const struct request *request, struct text *out)
{
    struct check_answer_request ask = {
        .tellers = server_tellers,
        .initial = strcmp(request->command, "check") == 0 ? &teller_plugin : &teller_text,
        .snapshot = facts->snapshot,
        .status = facts->status,
        .directory = facts->directory,
        .now = moment_now(),
        .columns = request->columns,
        .colour = request->colour,
    };
    pthread_mutex_lock(&cache->lock);
    adopt(cache, facts);
    int status;
    /* a request without octets is made on the way and has no name to be remembered by */
    const struct entry *known =
        request->length == 0 ? NULL : find(cache, request->octets, request->length, ask.now.mono_ms);
    if (known) {
        text_add_n(out, known->text, known->length);
        status = known->status;
    } else {
        struct entry made = {
            .key = copy_octets(request->octets, request->length),
            .key_length = request->length,
            .at_mono_ms = ask.now.mono_ms,
        };
        status = check_answer(&ask, request->word_count, request->words, out);
        made.status = status;
        remember(cache, made, out);
    }
    pthread_mutex_unlock(&cache->lock);
    return status;
}

int cache_select(struct cache *cache, const struct facts *facts, const struct request *request,
                 struct check_selection **ret, struct text *error)
{
    pthread_mutex_lock(&cache->lock);
    int r = check_selection_new(facts->directory, request->word_count, request->words, ret, error);
    pthread_mutex_unlock(&cache->lock);
    return r;
}

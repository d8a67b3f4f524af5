/* What must be unique among the hosts of a site: names, aliases and own addresses. `-H` takes any of them. */
#include "loader.h"

#include <stdlib.h>
#include <string.h>

/* One word by which a host is known. */
struct known_by {
    const char *word;
    const char *what; /* "name", "alias", "address" */
    const struct host *host;
    struct origin origin;
};

static int compare_words(const void *left, const void *right)
{
    const struct known_by *a = left, *b = right;
    int order = strcmp(a->word, b->word);
    if (order == 0)
        order = strcmp(a->host->name, b->host->name);
    if (order == 0) /* the name before the alias before the address */
        order = strcmp(b->what, a->what);
    return order;
}

static const char *address_word(struct loader *loader, const struct host_address *address)
{
    char buffer[ADDRESS_TEXT];
    if (address->address.family == AF_UNSPEC)
        return address->text;
    return loader_printf(loader, "%s", address_format(&address->address, buffer, sizeof(buffer)));
}

static size_t collect(struct loader *loader, const struct host *host, struct known_by *words)
{
    size_t count = 0;
    words[count++] = (struct known_by){host->name, "name", host, host->origin};
    for (size_t i = 0; i < host->alias.count; i++)
        words[count++] = (struct known_by){host->alias.items[i], "alias", host, host->origin};
    for (size_t i = 0; i < host->address_count; i++) {
        const struct host_address *address = &host->addresses[i];
        /* virtual, translated and proxied addresses may be shared; a DNS name may be the host's name */
        if (address->kind != ADDRESS_OWN || strcmp(address->text, host->name) == 0)
            continue;
        const char *word = address_word(loader, address);
        if (word)
            words[count++] = (struct known_by){word, "address", host, address->origin};
    }
    return count;
}

static void tell_double(struct loader *loader, const struct known_by *first, const struct known_by *second)
{
    bool one_is_address = strcmp(first->what, "address") == 0 || strcmp(second->what, "address") == 0;
    if (first->host == second->host && one_is_address && strcmp(first->what, second->what) != 0)
        return; /* a DNS name as address and as name or alias */
    ERROR(loader, second->origin,
          loader_printf(loader, "it is the %s of %s already (%s, line %u)", first->what, first->host->name,
                        first->origin.file, first->origin.line),
          "the %s %s is given twice", second->what, second->word);
}

void check_hosts(struct loader *loader, const struct site *site)
{
    size_t most = 0, count = 0;
    for (size_t i = 0; i < site->host_count; i++)
        most += 1 + site->hosts[i].alias.count + site->hosts[i].address_count;
    struct known_by *words = loader_scratch(loader, most, sizeof(*words));
    if (!words || most == 0)
        return;
    for (size_t i = 0; i < site->host_count; i++)
        count += collect(loader, &site->hosts[i], words + count);
    qsort(words, count, sizeof(*words), compare_words);
    for (size_t i = 1; i < count; i++)
        if (strcmp(words[i - 1].word, words[i].word) == 0)
            tell_double(loader, &words[i - 1], &words[i]);
}

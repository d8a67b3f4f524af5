/* Do the scenarios leave nothing out? Every verdict has to be expected by some `finding`, every kind of presence but
 * the default has to stand in some guide, every kind of transition has to be expected. `complete FILE.scn...` */
#include "portconform/file.h"
#include "portconform/text.h"
#include "portconform/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_OCTETS = 1 << 20 };

static bool read_all(char **paths, struct text *all)
{
    for (; *paths; paths++) {
        char *content = NULL;
        size_t length;
        if (file_read(*paths, FILE_MAX_OCTETS, &content, &length) < 0)
            return false;
        text_add(all, content);
        free(content);
    }
    return !all->failed;
}

static unsigned missing_words(const char *all, const char *kind, const char *before, const char *after)
{
    unsigned missing = 0;
    for (const char *const *word = word_list(kind); *word; word++) {
        struct text wanted = {0};
        text_printf(&wanted, "%s%s%s", before, *word, after);
        if (strstr(all, text_string(&wanted)) == NULL) {
            fprintf(stderr, "no scenario has %s \"%s\"\n", kind, *word);
            missing++;
        }
        text_done(&wanted);
    }
    return missing;
}

static unsigned missing_verdicts(const char *all)
{
    unsigned missing = 0;
    for (const char *const *word = word_list("verdict"); *word; word++) {
        bool found = false;
        for (int severity = SEVERITY_OK; severity <= SEVERITY_CRITICAL && !found; severity++) {
            struct text wanted = {0};
            text_printf(&wanted, " %s %s", *word, severity_name((enum severity)severity));
            found = strstr(all, text_string(&wanted)) != NULL;
            text_done(&wanted);
        }
        if (!found)
            fprintf(stderr, "no scenario has verdict \"%s\"\n", *word);
        missing += !found;
    }
    return missing;
}

int main(int argc, char **argv)
{
    struct text all = {0};
    if (argc < 2 || !read_all(argv + 1, &all)) {
        fprintf(stderr, "usage: %s FILE.scn...\n", argv[0]);
        return 2;
    }
    /* `required` is what a rule has without a word; one-of has its group behind it */
    text_add(&all, "presence = \"required\"");
    unsigned missing = missing_verdicts(text_string(&all)) +
                       missing_words(text_string(&all), "presence", "presence = \"", "") +
                       missing_words(text_string(&all), "transition", "\ntransition ", " ");
    text_done(&all);
    return missing > 0;
}

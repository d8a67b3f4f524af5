/* Which findings the options of a check ask for. */
#include "directory.h"
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct check_selection {
    struct check_arguments arguments;
    char *host; /* owned; NULL: all */
};

int check_selection_new(const struct check_directory *directory, int argc, char **argv, struct check_selection **ret,
                        struct text *error)
{
    struct check_selection *selection = calloc(1, sizeof(*selection));
    if (!selection)
        return -ENOMEM;
    int r = check_arguments_init(&selection->arguments);
    if (r == 0)
        r = check_arguments_parse(&selection->arguments, OPTION_ALL, argc, argv, error);
    const char *host = r == 0 ? selection->arguments.host : NULL;
    const char *known = host ? check_directory_find(directory, host, error) : NULL;
    if (host && !known)
        r = -EINVAL;
    if (known && !(selection->host = strdup(known)))
        r = -ENOMEM;
    if (r < 0) {
        check_selection_free(selection);
        return r;
    }
    selection->arguments.tell.filter.host = selection->host;
    *ret = selection;
    return 0;
}

bool check_selection_has(const struct check_selection *selection, const struct finding *finding)
{
    return finding_matches(finding, &selection->arguments.tell.filter);
}

void check_selection_free(struct check_selection *selection)
{
    if (!selection)
        return;
    check_arguments_done(&selection->arguments);
    free(selection->host);
    free(selection);
}

/* Small questions to the tree. */
#include "node.h"

#include <string.h>

const char *node_kind_text(enum node_kind kind)
{
    static const char *const texts[] = {
        [NODE_GROUP] = "a group {...}", [NODE_LIST] = "a list (...)", [NODE_ARRAY] = "an array [...]",
        [NODE_STRING] = "a string",     [NODE_INT] = "a number",      [NODE_BOOL] = "true or false",
    };
    return texts[kind];
}

const struct node *node_member(const struct node *group, const char *name)
{
    for (const struct node *child = group->first; child; child = child->next)
        if (child->name && strcmp(child->name, name) == 0)
            return child;
    return NULL;
}

struct origin node_inside(const struct node *string)
{
    struct origin origin = string->origin;
    origin.column++;
    return origin;
}

/* Where expressions get their values: the settings of a role, at the moment of the plan. */
#include "build.h"

#include "portconform/error.h"

#include <errno.h>

static int plan_lookup(const void *context, const char *name, struct value *ret)
{
    const struct plan_values *values = context;
    if (values->guide == NULL || guide_parameter(values->guide, name) == NULL)
        return -ENOENT;
    *ret = settings_find(values->settings, values->guide, name, values->wall_ms).value;
    return 0;
}

struct scope_values plan_scope_values(const struct plan_values *values, const struct scope_values *peer)
{
    return (struct scope_values){.lookup = plan_lookup, .context = values, .peer = peer};
}

int plan_condition(const struct expression *when, const struct scope_values *values, bool *ret, const char **ret_unset)
{
    if (when == NULL) {
        *ret = true;
        return 0;
    }
    struct value value;
    int error = expression_eval(when, values, &value, ret_unset);
    if (error != 0)
        return error;
    if (value.type != VALUE_BOOL)
        return PC_ESEMANTIC;
    *ret = value.number != 0;
    return 0;
}

/* Values, objects and their text, over jansson. */
#include "portconform/json.h"

#include "portconform/clock.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

json_t *json_text(const char *string)
{
    if (string == NULL)
        return json_null();
    struct text escaped = {0};
    text_escape_string(&escaped, string, ESCAPE_TEXT);
    json_t *value = escaped.failed ? NULL : json_string(text_string(&escaped));
    text_done(&escaped);
    return value;
}

json_t *json_time(int64_t wall_ms)
{
    char buffer[CLOCK_TEXT];
    return wall_ms == 0 ? json_null() : json_string(clock_format_rfc3339(wall_ms, buffer, sizeof buffer));
}

json_t *json_count(uint64_t count)
{
    return json_integer(count > INT64_MAX ? INT64_MAX : (json_int_t)count);
}

json_t *json_members(const struct json_member *members, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        /* consumes the value in any case, and fails for NULL */
        if (json_object_set_new(object, members[i].name, members[i].value) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

int json_add(struct text *out, json_t *value, size_t flags)
{
    char *dump = value != NULL ? json_dumps(value, flags) : NULL;
    if (dump == NULL)
        out->failed = true;
    else
        text_add(out, dump);
    free(dump);
    json_decref(value);
    return out->failed ? -ENOMEM : 0;
}

/* JSON out of tables of members, for whoever tells in it. Values are those of jansson (json_t); each function that
 * takes one consumes it, and NULL stands for "out of memory" all the way, so that only the last step has to look:
 *
 *     const struct json_member members[] = {{"host", json_text(host)}, {"since", json_time(since_ms)}};
 *     return json_add(out, JSON_MEMBERS(members), JSON_COMPACT);
 */
#pragma once

#include "portconform/text.h"

#include <stdint.h>

struct json_t;

/* Text as a string, null for NULL. Escaped first: whatever a peer or a program's name holds, it becomes well-formed
 * UTF-8 without control characters. */
struct json_t *json_text(const char *string);
struct json_t *json_time(int64_t wall_ms); /* RFC 3339; null for 0 */
struct json_t *json_count(uint64_t count);

struct json_member {
    const char *name;
    struct json_t *value; /* transferred; NULL: out of memory */
};
/* An object of `members` in their order. */
struct json_t *json_members(const struct json_member *members, size_t count);
#define JSON_MEMBERS(members) json_members((members), sizeof(members) / sizeof *(members))

/* Written at the end of `out` with jansson's flags. 0, or -ENOMEM, with `out` marked as failed. */
int json_add(struct text *out, struct json_t *value, size_t flags);

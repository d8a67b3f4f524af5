/* Formats: an event as the octets of one message, within a number of them. The text is shortened at whole characters;
 * the structure is never broken. Where it alone would leave no room for a short text, it loses whole members. */
#pragma once

#include "facts.h"

/* One message as its target wants it, without framing, at most target->most_octets (at least SYSLOG_LEAST_OCTETS). */
void message_format(struct text *out, const struct message *message);

/* The bodies behind the header: each adds to `out` and leaves it at most `max` octets long. */
void body_rfc5424(struct text *out, const struct message *message, const struct facts *facts, size_t max);
void body_json(struct text *out, const struct message *message, const struct facts *facts, size_t max);
void body_cee(struct text *out, const struct message *message, const struct facts *facts, size_t max);
void body_cef(struct text *out, const struct message *message, const struct facts *facts, size_t max);
void body_text(struct text *out, const struct message *message, const struct facts *facts, size_t max);

/* --- what the formats share --- */

enum { FORMAT_TEXT_ROOM = 128 }; /* octets kept for the text before members are left out */
enum { FORMAT_VALUE_MAX = 512 }; /* octets of one value */
/* Octets that are not ours become text (text_escape). Adds at most `max` octets, whole characters. */
void format_clean(struct text *out, const char *value, size_t max);
/* Adds clean text; each octet of `special` gets a backslash in front. */
void format_escaped(struct text *out, const struct text *clean, const char *special);
/* The same within `room` octets: whole characters, ending in "..." where shortened; nothing where not even that fits.
 */
void format_shortened(struct text *out, const struct text *clean, const char *special, size_t room);
/* How many octets it has when escaped. */
size_t format_escaped_length(const struct text *clean, const char *special);

/* The browser of SQL Server: one octet asks for all instances. An intrusion detector may take it for a worm of 2003,
 * and its answer is many times as large: it is sent only where a site asks for it. */
#include "payload.h"

enum { ASK_FOR_ALL = 0x03, RESPONSE = 0x05 };

size_t payload_build_sql_browser(uint8_t *buffer, size_t size, uint64_t nonce)
{
    struct writer writer = {.octets = buffer, .size = size};
    (void)nonce; /* there is no room for it: only the port that the answer comes to is ours */
    put_u8(&writer, ASK_FOR_ALL);
    return written(&writer);
}

bool payload_sql_browser_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length};
    uint8_t type;
    uint16_t text;
    (void)nonce;
    return take_u8(&reader, &type) && type == RESPONSE && take_le16(&reader, &text) && text == reader.left;
}

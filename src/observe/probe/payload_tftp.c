/* TFTP: a request to read a file that nobody has. The answer, an error as a rule, comes from a port of its own and
 * repeats nothing of the request. */
#include "payload.h"

#include <inttypes.h>
#include <stdio.h>

enum { OPCODE_READ = 1, OPCODE_DATA = 3, OPCODE_ERROR = 5, DATA_MAX = 512, ERROR_CODE_MAX = 8 };

size_t payload_build_tftp(uint8_t *buffer, size_t size, uint64_t nonce)
{
    char name[40];
    int length = snprintf(name, sizeof(name), "portconform-%016" PRIx64, nonce);
    struct writer writer = {.octets = buffer, .size = size};
    put_u16(&writer, OPCODE_READ);
    put_octets(&writer, name, (size_t)length + 1);
    put_octets(&writer, "octet", sizeof("octet"));
    return written(&writer);
}

bool payload_tftp_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length};
    uint16_t opcode, number;
    (void)nonce;
    if (!take_u16(&reader, &opcode) || !take_u16(&reader, &number))
        return false;
    if (opcode == OPCODE_DATA)
        return number == 1 && reader.left <= DATA_MAX;
    /* the message ends with a NUL */
    return opcode == OPCODE_ERROR && number <= ERROR_CODE_MAX && reader.left > 0 && octets[length - 1] == 0;
}

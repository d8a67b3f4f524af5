/* The answering side: the words of a request, as somebody on the machine may send them. */
#include "fuzz.h"
#include "server.h"
#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request = {.octets = NULL};
    char *octets = malloc(size + 1);
    FUZZ_ASSERT(octets);
    if (size)
        memcpy(octets, data, size);
    int r = request_parse(octets, size, &request);
    FUZZ_ASSERT(r == 0 || r == -EPROTO);
    if (r < 0)
        return 0;
    FUZZ_ASSERT(request.word_count >= 1 && request.words[request.word_count] == NULL);
    FUZZ_ASSERT(request.command == request.words[0]);
    size_t length = 0;
    for (int i = 0; i < request.word_count; i++)
        length += strlen(request.words[i]) + 1;
    FUZZ_ASSERT(length < size && request.columns <= 10000);
    request_done(&request);
    return 0;
}

/* Addresses, prefixes, dates and numbers: what is read can be written and read again. */
#include "fuzz.h"
#include "portconform/address.h"
#include "portconform/clock.h"
#include "portconform/number.h"

static void check_address(const char *text)
{
    struct address address;
    struct address again;
    char buffer[ADDRESS_TEXT];
    if (address_parse(text, &address) < 0)
        return;
    FUZZ_ASSERT(address_parse(address_format(&address, buffer, sizeof(buffer)), &again) == 0);
    FUZZ_ASSERT(address_equal(&address, &again));
    struct sockaddr_storage storage;
    uint16_t port;
    address_to_sockaddr(&address, 80, &storage);
    again = address_from_sockaddr((const struct sockaddr *)&storage, &port);
    FUZZ_ASSERT(port == 80 && address_equal(&address, &again));
    address_normalise(&address);
    FUZZ_ASSERT(!address_is_mapped(&address));
}

static void check_prefix(const char *text)
{
    struct prefix prefix;
    if (prefix_parse(text, &prefix) == 0)
        FUZZ_ASSERT(address_is_mapped(&prefix.address) || prefix_contains(&prefix, &prefix.address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    int64_t number;
    int64_t wall_ms;
    char buffer[CLOCK_TEXT];
    check_address(text);
    check_prefix(text);
    if (number_parse(text, -10, 65535, &number) == 0)
        FUZZ_ASSERT(number >= -10 && number <= 65535);
    clock_parse_day_end(text, &wall_ms);
    if (clock_parse_rfc3339(text, &wall_ms) == 0) {
        int64_t again;
        FUZZ_ASSERT(clock_parse_rfc3339(clock_format_rfc3339(wall_ms, buffer, sizeof(buffer)), &again) < 0 ||
                    again == wall_ms);
    }
    free(text);
    return 0;
}

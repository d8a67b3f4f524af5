/* What was written and may not have arrived. */
#include "flight.h"

#include <errno.h>
#include <stdlib.h>

enum { FLIGHT_FIRST = 64 };

void flight_done(struct flight *flight)
{
    free(flight->entries);
    *flight = (struct flight){0};
}

void flight_clear(struct flight *flight)
{
    flight->head = flight->count = 0;
}

static struct flight_entry *nth(const struct flight *flight, size_t n)
{
    return &flight->entries[(flight->head + n) % flight->capacity];
}

static int grow(struct flight *flight)
{
    if (flight->capacity >= FLIGHT_MAX)
        return -ENOSPC;
    size_t capacity = flight->capacity == 0 ? FLIGHT_FIRST : flight->capacity * 2;
    struct flight_entry *entries = calloc(capacity, sizeof(*entries));
    if (entries == NULL)
        return -ENOMEM;
    for (size_t i = 0; flight->capacity > 0 && i < flight->count; i++)
        entries[i] = *nth(flight, i);
    free(flight->entries);
    flight->entries = entries;
    flight->capacity = capacity;
    flight->head = 0;
    return 0;
}

int flight_add(struct flight *flight, uint64_t seq, uint64_t end, int64_t now_ms)
{
    int result = flight->count < flight->capacity ? 0 : grow(flight);
    if (result < 0)
        return result;
    flight->count++;
    *nth(flight, flight->count - 1) = (struct flight_entry){seq, end, now_ms};
    return 0;
}

uint64_t flight_settle(struct flight *flight, const struct settling *settling, int64_t now_ms)
{
    uint64_t seq = 0;
    while (flight->count > 0) {
        const struct flight_entry *oldest = nth(flight, 0);
        int64_t age_ms = now_ms - oldest->at_ms;
        if (oldest->end > settling->left_us || age_ms < settling->least_ms)
            break;
        if (settling->left_us - oldest->end < settling->keep_octets && age_ms < settling->keep_ms)
            break;
        seq = oldest->seq;
        flight->head = (flight->head + 1) % flight->capacity;
        flight->count--;
    }
    return seq;
}

bool flight_proves(const struct flight *flight, const struct settling *settling, int64_t now_ms)
{
    if (flight->count == 0)
        return true;
    const struct flight_entry *oldest = nth(flight, 0);
    return oldest->end <= settling->left_us && now_ms - oldest->at_ms >= settling->least_ms;
}

int64_t flight_wait_ms(const struct flight *flight, const struct settling *settling, int64_t now_ms)
{
    if (flight->count == 0)
        return -1;
    int64_t age_ms = now_ms - nth(flight, 0)->at_ms;
    if (age_ms < settling->least_ms)
        return settling->least_ms - age_ms;
    return age_ms < settling->keep_ms ? settling->keep_ms - age_ms : -1;
}

/* FNV-1a with 128 bits over all octets read: tells configurations apart, protects nothing. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fingerprint {
    uint64_t high, low;
};

enum { FINGERPRINT_TEXT = 33 };

void fingerprint_init(struct fingerprint *fingerprint);
void fingerprint_add(struct fingerprint *fingerprint, const void *octets, size_t length);
/* 32 hexadecimal digits into a buffer of FINGERPRINT_TEXT octets; returns it. */
const char *fingerprint_format(const struct fingerprint *fingerprint, char *buffer, size_t size);

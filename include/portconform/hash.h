/* FNV-1a: a hash for tables, not against those who choose what is hashed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)
/* `hash`: HASH_BEGIN, or the hash of what comes before. */
uint64_t hash_octets(uint64_t hash, const void *octets, size_t count);

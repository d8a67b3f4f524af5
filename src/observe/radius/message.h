/* The messages of RADIUS that the probe needs: Status-Server, and what answers it. */
#pragma once

#include "portconform/probe.h"

size_t radius_build(uint8_t *buffer, size_t size, const struct udp_ask *ask);
int radius_answers(const uint8_t *octets, size_t length, const struct udp_ask *ask);

/* Whether two readings of a host's listeners say the same, when they were made left aside. */
#pragma once

#include "portconform/observation.h"

bool listing_same(const struct listener_table *a, const struct listener_table *b);

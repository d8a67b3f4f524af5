/* The JSON form of a snapshot, as docs/check.schema.json describes it. */
#pragma once

#include "portconform/tell.h"

extern const struct teller teller_json;

/* Is an address one of this machine's, by its own routing? */
#pragma once

#include "portconform/address.h"

/* *fd is an rtnetlink socket that is opened when it is first needed (-1 before). Where the kernel cannot be asked, only
 * loopback addresses count as local. */
bool route_is_local(int *fd, const struct address *address);

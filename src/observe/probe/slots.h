/* The sockets that are used again, as slots.c wants them made. */
#pragma once

#include "engine.h"

/* A link-local address that names no interface leads nowhere; the kernel's EINVAL would read as a route's word. */
bool socket_lacks_zone(const struct address *target);
/* Non-blocking, bound as the request asks. A descriptor, or -errno. */
/* Closing it resets the connection. `quiet`: nothing will be said, so the handshake need not be completed. */
int socket_open_tcp(const struct probe_request *request, bool quiet);
int socket_open_udp(const struct probe_request *request, uint16_t *ret_port); /* its own port is not the request's */

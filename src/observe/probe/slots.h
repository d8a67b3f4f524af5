/* The sockets that are used again, as slots.c wants them made. */
#pragma once

#include "engine.h"

/* Non-blocking, bound as the request asks. A descriptor, or -errno. */
int socket_open_tcp(const struct probe_request *request);                     /* closing it resets the connection */
int socket_open_udp(const struct probe_request *request, uint16_t *ret_port); /* its own port is not the request's */

/* Names of receivers. */
#pragma once

#include <netdb.h>
#include <stdint.h>

/* The addresses of a name or address text. getaddrinfo(3) cannot be interrupted, so it runs in a thread of its own that
 * is left behind when `stop_fd` becomes readable or the time is over. 0: *ret is for freeaddrinfo(). -ECANCELED,
 * -ETIMEDOUT, -ENOMEM; EAI_... codes are in *ret_eai and the result is -ENOENT. */
int resolve(const char *host, uint16_t port, int stop_fd, int64_t until_ms, struct addrinfo **ret, int *ret_eai);

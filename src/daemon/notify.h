/* What the service manager is told (sd_notify(3)): a few lines in a datagram, without its library. Outside of systemd
 * all of it does nothing. One thread. */
#pragma once

#include "portconform/clock.h"

/* Takes NOTIFY_SOCKET and WATCHDOG_USEC out of the environment, so that no child speaks in our name. To be called
 * before there is a second thread, and before a sandbox closes. */
void notify_open(void);
void notify_ready(const char *status); /* also after notify_reloading(); one line for `systemctl status` */
void notify_reloading(void);           /* until notify_ready() */
void notify_stopping(void);
/* From the loop, once a second: as long as it comes by, the watchdog is content. */
void notify_alive(struct moment now);

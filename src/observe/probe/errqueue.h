/* The error queue, without the socket's own error. */
#pragma once

#include "portconform/probe.h"

/* Reads all reports; ends the probe by the first that ends it. False: none did. */
bool probe_read_reports(struct probe *probe, int fd);

/* The RADIUS probe: the UDP probe with a payload that needs a secret. */
#include "portconform/probe_radius.h"

#include "message.h"

#include <string.h>

const struct udp_payload udp_payload_radius = {
    .service = "radius",
    .source = "RFC 5997 section 3, RFC 2865 section 3, RFC 3579 section 3.2",
    .build_keyed = radius_build,
    .answers_keyed = radius_answers,
};

bool probe_radius_serves(const struct service *service)
{
    return service && strcmp(service->name, udp_payload_radius.service) == 0;
}

/* A library that is forbidden MD5 builds nothing: what would be sent instead proves nothing, and it is our trouble. */
static bool can_seal(void)
{
    uint8_t buffer[64];
    const struct udp_ask trial = {.secret = ""};
    return udp_payload_build(&udp_payload_radius, &trial, buffer, sizeof(buffer)) > 0;
}

static int radius_start(struct probe *probe)
{
    if (!probe_request_of(probe)->secret)
        return probe_udp_start(probe, NULL);
    if (can_seal())
        return probe_udp_start(probe, &udp_payload_radius);
    probe_set_detail(probe, "this machine's OpenSSL refuses MD5, which RADIUS is sealed with");
    probe_end(probe, PROBE_LOCAL, REASON_LOCAL_OTHER);
    return 0;
}

const struct probe_kind probe_kind_radius = {
    .name = "radius",
    .summary = "asks for a RADIUS server's status, with the secret that the site shares with it",
    .state_size = sizeof(struct udp_exchange),
    .start = radius_start,
    .on_ready = probe_udp_on_ready,
    .on_timer = probe_udp_on_timer,
    .on_deadline = probe_udp_on_deadline,
    .keyed = true,
};

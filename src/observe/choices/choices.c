/* The one table of all kinds of probes. A new kind is a row here, before what would serve it less well. */
#include "portconform/probe_choices.h"

#include "portconform/probe_radius.h"
#include "portconform/probe_tls.h"
#include "portconform/service_check.h"

const struct probe_choice probe_choices_all[] = {
    {TRANSPORT_TCP, false, &probe_kind_service, service_check_serves},
    {TRANSPORT_TCP, false, &probe_kind_tcp, NULL},
    {TRANSPORT_TCP, true, &probe_kind_tls, NULL},
    {TRANSPORT_UDP, false, &probe_kind_radius, probe_radius_serves},
    {TRANSPORT_UDP, false, &probe_kind_udp, NULL},
    {TRANSPORT_UNSTATED, false, NULL, NULL},
};

/* The clock of an agent's engine, as its job knows it. The library keeps one for each engine's id; but machines that
 * were copied have one id and many clocks, and each answer of one would make those of the others look too old. */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/library/lcd_time.h>

#include "child.h"

void clock_lend(struct job *job)
{
    if (job->engine_length == 0)
        return;
    free_enginetime(job->engine, (u_int)job->engine_length);
    if (job->clock.boots == 0)
        return;
    int64_t passed_ms = moment_now().mono_ms - job->clock.told_ms;
    (void)set_enginetime(job->engine, (u_int)job->engine_length, job->clock.boots,
                         job->clock.seconds + (u_int)(passed_ms / 1000), TRUE);
}

void clock_take_back(struct job *job)
{
    u_int boots = 0, seconds = 0;
    if (job->engine_length == 0 ||
        get_enginetime(job->engine, (u_int)job->engine_length, &boots, &seconds, TRUE) != SNMPERR_SUCCESS)
        return;
    job->clock.boots = boots;
    job->clock.seconds = seconds;
    job->clock.told_ms = moment_now().mono_ms;
}

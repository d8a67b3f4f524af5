/* Facts: everything that a message may say about an event, as text. Each format is a table over them. */
#pragma once

#include "portconform/syslog.h"

enum fact {
    FACT_V,
    FACT_KEY,
    FACT_ID,
    FACT_SEQ,
    FACT_BOOT,
    FACT_SITE,
    FACT_VANTAGE,
    FACT_HOST,
    FACT_ADDR,
    FACT_TRANSPORT,
    FACT_PORT,
    FACT_PORTS,
    FACT_VERDICT,
    FACT_WAS,
    FACT_SEVERITY,
    FACT_REASON,
    FACT_BLAME,
    FACT_CLASS,
    FACT_GUIDE,
    FACT_REF,
    FACT_RULE,
    FACT_SINCE,
    FACT_OWNER,
    FACT_TARGET,
    FACT_FROM,
    FACT_TO,
    FACT_COUNT,
    /* beyond the list of RFC 5424's parameters */
    FACT_TIME,    /* RFC 3339 */
    FACT_TIME_MS, /* milliseconds since 1970 */
    FACT_SINCE_MS,
    FACT_MSGID,
    FACT_TITLE,  /* of the kind: "Finding raised" */
    FACT_ACTION, /* the verdict, of an event without a finding the kind: "config-loaded" */
    FACT_UNIQUE, /* BOOT-ID: unique for ever */
    FACT_LEVEL,  /* "crit" */
    FACT_RISK,   /* 0..10, as CEF counts */
    FACT_ECS_KIND,
    FACT_ECS_CATEGORY,
    FACT_ECS_TYPE,
    FACT_OUTCOME, /* "success" or "failure" */
    FACT_REASON_TEXT,
    FACT_ABOUT, /* the rule's text */
    FACT_IPV4,  /* addr, where it is one */
    FACT_IPV6,
    FACT_FAMILY,   /* "ipv4", "ipv6" */
    FACT_HOSTNAME, /* of this machine */
    FACT_PID,
    FACT_VERSION, /* of the program */
    FACTS
};

struct message {
    const struct event *event;
    uint64_t seq;
    const char *boot;
    const struct syslog_target *target;
    const struct syslog_origin *origin;
};

enum { FACT_NUMBER = 24, FACT_ACTION_TEXT = 40 };
struct facts {
    const char *values[FACTS]; /* NULL: it has none. Octets that are not ours are as they came */
    int level;                 /* LOG_CRIT ... */
    char numbers[12][FACT_NUMBER];
    size_t number_count;
    char time[CLOCK_TEXT], since[CLOCK_TEXT];
    char address[ADDRESS_TEXT];
    char action[FACT_ACTION_TEXT];
    char unique[64];
};
void facts_gather(struct facts *facts, const struct message *message); /* into a zeroed one */

/* Looking things up in a site, and the one rule of which setting holds. */
#include "portconform/site.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool site_host_is(const struct host *host, const char *name, const struct address *address)
{
    if (strcmp(host->name, name) == 0)
        return true;
    for (size_t i = 0; i < host->alias.count; i++) {
        if (strcmp(host->alias.items[i], name) == 0)
            return true;
    }
    for (size_t i = 0; i < host->address_count; i++) {
        const struct host_address *own = &host->addresses[i];
        if (strcmp(own->text, name) == 0)
            return true;
        /* one address has many spellings in IPv6 */
        if (address->family != AF_UNSPEC && address_equal(&own->address, address))
            return true;
    }
    return false;
}

const struct host *site_host(const struct site *site, const char *name)
{
    struct address address = {.family = AF_UNSPEC};
    if (address_parse(name, &address) == 0)
        address_normalise(&address);
    else
        address.family = AF_UNSPEC;

    /* a name goes before an alias or an address that reads the same */
    for (size_t i = 0; i < site->host_count; i++) {
        if (strcmp(site->hosts[i].name, name) == 0)
            return &site->hosts[i];
    }
    for (size_t i = 0; i < site->host_count; i++) {
        if (site_host_is(&site->hosts[i], name, &address))
            return &site->hosts[i];
    }
    return NULL;
}

/* The host's own follow its template's. */
const struct changed_port *host_changed_port(const struct host *host, const struct rule *rule)
{
    for (size_t i = host->changed_port_count; i > 0; i--) {
        if (host->changed_ports[i - 1].rule == rule)
            return &host->changed_ports[i - 1];
    }
    return NULL;
}

const struct vantage *site_vantage(const struct site *site, const char *name)
{
    for (size_t i = 0; i < site->vantage_count; i++) {
        if (strcmp(site->vantages[i].name, name) == 0)
            return &site->vantages[i];
    }
    return NULL;
}

bool site_names_agree(const char *a, const char *b)
{
    size_t short_a = strcspn(a, "."), short_b = strcspn(b, ".");
    /* of two full names, "mon1.a" and "mon1.b" are two machines */
    if (a[short_a] != '\0' && b[short_b] != '\0')
        return strcasecmp(a, b) == 0;
    return short_a == short_b && strncasecmp(a, b, short_a) == 0;
}

const char *site_team(const struct site *site, const char *name)
{
    for (size_t i = 0; i < site->team_count; i++) {
        if (strcmp(site->teams[i].name, name) == 0)
            return site->teams[i].contact;
    }
    return NULL;
}

static bool setting_holds(const struct setting *setting, const struct guide *guide, const char *name, int64_t wall_ms)
{
    if (setting->guide != guide || strcmp(setting->name, name) != 0)
        return false;
    return setting->until_ms == 0 || wall_ms < setting->until_ms;
}

struct setting settings_find(const struct settings *settings, const struct guide *guide, const char *name,
                             int64_t wall_ms)
{
    for (size_t i = settings->count; i > 0; i--) {
        if (setting_holds(&settings->items[i - 1], guide, name, wall_ms))
            return settings->items[i - 1];
    }
    struct setting initial = {.guide = guide, .name = name, .level = SETTING_DEFAULT};
    const struct parameter *parameter = guide_parameter(guide, name);
    if (parameter != NULL) {
        initial.name = parameter->name;
        initial.value = parameter->initial;
        initial.origin = parameter->origin;
    }
    return initial;
}

/* "udp:127.0.0.1:1161" of so many octets: a transport that there is, and a port behind the last colon. */
static bool is_listen_address(const char *text, size_t length)
{
    static const char *const transports[] = {"udp:", "udp6:", "tcp:", "tcp6:"};
    size_t prefix = 0, digits = 0;
    for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        if (strncmp(text, transports[i], strlen(transports[i])) == 0)
            prefix = strlen(transports[i]);
    }
    while (digits < length && isdigit((unsigned char)text[length - digits - 1]))
        digits++;
    if (prefix == 0 || digits == 0 || digits > 5 || length < prefix + digits || text[length - digits - 1] != ':')
        return false;
    long port = strtol(text + length - digits, NULL, 10);
    return port >= 1 && port <= 65535;
}

int snmp_listen_check(const char *listen)
{
    for (const char *at = listen;;) {
        size_t length = strcspn(at, ",");
        if (!is_listen_address(at, length))
            return -EINVAL;
        if (at[length] == '\0')
            return 0;
        at += length + 1;
    }
}

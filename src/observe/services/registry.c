/* Which check proves which service. */
#include "talk.h"

#include <string.h>

static const struct service_check_row rows[] = {
    {"http", &service_check_http},
    {"https", &service_check_http},
    {"smtp", &service_check_smtp},
    {"smtps", &service_check_smtp},
    {"submission", &service_check_smtp},
    {"pop3", &service_check_pop3},
    {"pop3s", &service_check_pop3},
    {"imap", &service_check_imap},
    {"imaps", &service_check_imap},
    {"ftp", &service_check_ftp},
    {"ftps", &service_check_ftp},
    {"ssh", &service_check_ssh},
    {"telnet", &service_check_telnet},
    {"ldap", &service_check_ldap},
    {"ldaps", &service_check_ldap},
    {"winrm", &service_check_http},
    {"amt", &service_check_http},
    {"amt-tls", &service_check_http},
    {"sip", &service_check_sip},
    {"sips", &service_check_sip},
    {"rtsp", &service_check_rtsp},
    {"xmpp", &service_check_xmpp},
    {"xmpps", &service_check_xmpp},
    {"smb", &service_check_smb},
    {"netbios-ssn", &service_check_netbios_ssn},
    {"mssql", &service_check_mssql},
    {"dcerpc", &service_check_dcerpc},
    {"rdp", &service_check_rdp},
    {"vnc", &service_check_vnc},
    {"ajp", &service_check_ajp},
    {"java-rmi", &service_check_java_rmi},
    {"openwire", &service_check_openwire},
    {"stomp", &service_check_stomp},
    {"zookeeper", &service_check_zookeeper},
    {"cql", &service_check_cql},
};

const struct service_check_row *service_check_table(size_t *ret_count)
{
    *ret_count = sizeof(rows) / sizeof(rows[0]);
    return rows;
}

const struct service_check *service_check_find(const char *service)
{
    for (size_t i = 0; service && i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].service, service) == 0)
            return rows[i].check;
    return NULL;
}

bool service_check_serves(const struct service *service)
{
    return service && service_check_find(service->name);
}

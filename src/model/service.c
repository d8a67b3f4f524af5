/* The fixed table of application protocols. What is said about UDP decides how silence is read: `udp_answers` lets the
 * judge conclude something from it, `udp_silent` forbids it, and with neither the service may answer but need not; who
 * shares no secret with a `keyed` one gets no answer at all. */
#include "portconform/service.h"

#include <string.h>

enum { TLS = 1, ANSWERS = 2, SILENT = 4, KEYED = 8 };

#define SERVICE_ROWS(ROW)                                                                                              \
    ROW("none", "a service that never answers", SILENT)                                                                \
    ROW("http", "HTTP", 0)                                                                                             \
    ROW("https", "HTTP over TLS", TLS)                                                                                 \
    ROW("tls", "any protocol over TLS", TLS)                                                                           \
    ROW("smtp", "mail transfer", 0)                                                                                    \
    ROW("smtps", "mail transfer over TLS", TLS)                                                                        \
    ROW("submission", "mail submission", 0)                                                                            \
    ROW("pop3", "mailbox access by POP3", 0)                                                                           \
    ROW("pop3s", "POP3 over TLS", TLS)                                                                                 \
    ROW("imap", "mailbox access by IMAP", 0)                                                                           \
    ROW("imaps", "IMAP over TLS", TLS)                                                                                 \
    ROW("ftp", "file transfer, control connection", 0)                                                                 \
    ROW("ftp-data", "file transfer, data connection", 0)                                                               \
    ROW("ftps", "FTP over TLS from the first octet", TLS)                                                              \
    ROW("tftp", "trivial file transfer", ANSWERS)                                                                      \
    ROW("ssh", "SSH, with SFTP and SCP", 0)                                                                            \
    ROW("telnet", "Telnet", 0)                                                                                         \
    ROW("rsync", "rsync daemon", 0)                                                                                    \
    ROW("ldap", "LDAP", 0)                                                                                             \
    ROW("ldaps", "LDAP over TLS", TLS)                                                                                 \
    ROW("cldap", "connectionless LDAP", ANSWERS)                                                                       \
    ROW("kerberos", "Kerberos", ANSWERS)                                                                               \
    ROW("kpasswd", "Kerberos password change", 0)                                                                      \
    ROW("radius", "RADIUS; unknown clients get no answer", KEYED)                                                      \
    ROW("tacacs", "TACACS+", 0)                                                                                        \
    ROW("diameter", "Diameter", 0)                                                                                     \
    ROW("dns", "DNS", ANSWERS)                                                                                         \
    ROW("mdns", "multicast DNS", 0)                                                                                    \
    ROW("dhcp", "DHCP, server side", 0)                                                                                \
    ROW("ntp", "time", ANSWERS)                                                                                        \
    ROW("snmp", "SNMP agent", ANSWERS)                                                                                 \
    ROW("snmptrap", "receiver of SNMP notifications", SILENT)                                                          \
    ROW("agentx", "SNMP subagents", 0)                                                                                 \
    ROW("syslog", "receiver of syslog", SILENT)                                                                        \
    ROW("syslog-tls", "syslog over TLS", TLS)                                                                          \
    ROW("netflow", "receiver of flow records", SILENT)                                                                 \
    ROW("netbios-ns", "NetBIOS name service", ANSWERS)                                                                 \
    ROW("netbios-dgm", "NetBIOS datagrams", SILENT)                                                                    \
    ROW("netbios-ssn", "NetBIOS sessions", 0)                                                                          \
    ROW("smb", "file and printer sharing", 0)                                                                          \
    ROW("dcerpc", "DCE RPC, the Microsoft endpoint mapper", 0)                                                         \
    ROW("portmap", "ONC RPC port mapper", ANSWERS)                                                                     \
    ROW("nfs", "NFS", 0)                                                                                               \
    ROW("winrm", "Windows remote management", 0)                                                                       \
    ROW("rdp", "Remote Desktop", 0)                                                                                    \
    ROW("ica", "Citrix ICA", 0)                                                                                        \
    ROW("vnc", "VNC remote screen", 0)                                                                                 \
    ROW("x11", "X window system", 0)                                                                                   \
    ROW("pcanywhere", "pcAnywhere remote control", 0)                                                                  \
    ROW("amt", "Intel AMT over HTTP", 0)                                                                               \
    ROW("amt-tls", "Intel AMT over HTTPS", TLS)                                                                        \
    ROW("ipmi", "IPMI management controller", 0)                                                                       \
    ROW("wake-on-lan", "magic packets", SILENT)                                                                        \
    ROW("ike", "IPsec key exchange", 0)                                                                                \
    ROW("sip", "SIP", ANSWERS)                                                                                         \
    ROW("sips", "SIP over TLS", TLS)                                                                                   \
    ROW("stun", "STUN and TURN", ANSWERS)                                                                              \
    ROW("rtp", "media; bound during calls only", SILENT)                                                               \
    ROW("rtcp", "media control; bound during calls only", SILENT)                                                      \
    ROW("rtsp", "media streaming control", 0)                                                                          \
    ROW("rtmp", "RTMP media streaming", 0)                                                                             \
    ROW("h323-ras", "H.323 gatekeeper registration", 0)                                                                \
    ROW("h323-call", "H.323 call signalling", 0)                                                                       \
    ROW("mgcp", "MGCP media gateway control", 0)                                                                       \
    ROW("skinny", "Cisco SCCP telephones", 0)                                                                          \
    ROW("cti-qbe", "Cisco CTI, JTAPI and TAPI", 0)                                                                     \
    ROW("ged-125", "Cisco ICM to voice response units", 0)                                                             \
    ROW("ged-188", "Cisco CTI server protocol", 0)                                                                     \
    ROW("csta", "CSTA telephony control", 0)                                                                           \
    ROW("xmpp", "XMPP", 0)                                                                                             \
    ROW("xmpps", "XMPP over TLS from the first octet", TLS)                                                            \
    ROW("sametime-vp", "Sametime Virtual Places", 0)                                                                   \
    ROW("notes-rpc", "Notes and Domino RPC", 0)                                                                        \
    ROW("mssql", "Microsoft SQL Server", 0)                                                                            \
    ROW("mssql-browser", "Microsoft SQL Server browser", 0)                                                            \
    ROW("oracle", "Oracle Net listener", 0)                                                                            \
    ROW("informix", "IBM Informix", 0)                                                                                 \
    ROW("db2", "IBM Db2", 0)                                                                                           \
    ROW("mysql", "MySQL and MariaDB", 0)                                                                               \
    ROW("postgresql", "PostgreSQL", 0)                                                                                 \
    ROW("jdbc", "a database by JDBC or ODBC", 0)                                                                       \
    ROW("cql", "Cassandra query language", 0)                                                                          \
    ROW("cassandra", "Cassandra between its nodes", 0)                                                                 \
    ROW("redis", "Redis", 0)                                                                                           \
    ROW("hazelcast", "Hazelcast cluster", 0)                                                                           \
    ROW("zookeeper", "ZooKeeper", 0)                                                                                   \
    ROW("thrift", "Thrift RPC", 0)                                                                                     \
    ROW("ajp", "Apache JServ protocol", 0)                                                                             \
    ROW("java-rmi", "Java RMI and JMX", 0)                                                                             \
    ROW("corba", "CORBA IIOP", 0)                                                                                      \
    ROW("jms", "Java messaging", 0)                                                                                    \
    ROW("openwire", "ActiveMQ OpenWire", 0)                                                                            \
    ROW("stomp", "STOMP messaging", 0)                                                                                 \
    ROW("amqp", "AMQP messaging", 0)                                                                                   \
    ROW("mqtt", "MQTT messaging", 0)

#define AS_ROW(name, summary, flags)                                                                                   \
    {name, summary, ((flags)&TLS) != 0, ((flags)&ANSWERS) != 0, ((flags)&SILENT) != 0, ((flags)&KEYED) != 0},
#define AS_NAME(name, ...) name,

static const struct service services[] = {SERVICE_ROWS(AS_ROW)};
static const char *const names[] = {SERVICE_ROWS(AS_NAME) NULL};

enum { SERVICE_COUNT = sizeof services / sizeof *services };

const struct service *service_find(const char *name)
{
    if (name == NULL)
        return NULL;
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        if (strcmp(services[i].name, name) == 0)
            return &services[i];
    }
    return NULL;
}

const struct service *service_table(size_t *ret_count)
{
    *ret_count = SERVICE_COUNT;
    return services;
}

const char *const *service_names(void)
{
    return names;
}

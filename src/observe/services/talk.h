/* What the checks share: how octets that may still be incomplete are compared and taken apart. */
#pragma once

#include "portconform/octets.h"
#include "portconform/service_check.h"

/* Incomplete octets match in part: more of them decide. */
enum match { MATCH_NO, MATCH_PART, MATCH_YES };

/* Do the octets from `offset` on begin with `literal` (of `length` octets)? */
enum match talk_begins(const struct service_talk *talk, size_t offset, const void *literal, size_t length);
enum match talk_begins_text(const struct service_talk *talk, size_t offset, const char *literal);
/* MORE while it matches in part, WRONG when it does not, `yes` when it does. */
enum service_verdict talk_decide(enum match match, enum service_verdict yes);

struct line {
    const uint8_t *octets;
    size_t length; /* without CR LF */
};
/* The line that begins at *offset, which then is behind it; false: it is not complete. */
bool talk_line(const struct service_talk *talk, size_t *offset, struct line *ret);
/* The line that begins at `offset`, or as much of it as there is. */
struct line talk_line_so_far(const struct service_talk *talk, size_t offset);
bool line_has(struct line line, const char *word); /* ASCII, whatever the case */
/* ... and no part of a longer word, nor of an address "word:". `whole`: nothing more of the line will come. */
bool line_has_alone(struct line line, const char *word, bool whole);
/* Adds `"..."`, escaped and cut. */
void talk_quote(struct text *detail, const uint8_t *octets, size_t length);
void talk_quote_line(struct text *detail, struct line line);

/* A reply of SMTP and FTP (RFC 5321 section 4.2, RFC 959 section 4.2): lines that begin with a code; the last one has a
 * blank behind it. YES: *offset is behind the reply. */
struct reply {
    unsigned code;
    struct line first;
};
enum match talk_reply(const struct service_talk *talk, size_t *offset, struct reply *ret);

/* A status line "PROTOCOL/x.y NNN reason" as HTTP, RTSP and SIP have it: MORE, WRONG, or PROVEN with the line told. */
enum service_verdict talk_status(const struct service_talk *talk, const char *protocol, struct text *detail);

/* Does it begin as the greeting of some text protocol that is none of those that may say anything (SSH, Telnet)? */
bool talk_greets_otherwise(const struct service_talk *talk, const char *own);

/* Is it a DNS name, or an address of IPv4? A host that came from a configuration becomes part of what is said: nothing
 * else may come with it. */
bool talk_is_name(const char *host);

/* A minimal ClientHello, for a port that says nothing: what answers to it is TLS. Octets. */
size_t talk_tls_hello(uint8_t *buffer, size_t size, uint64_t nonce);

/* The checks, one a file. */
extern const struct service_check service_check_ajp, service_check_cql, service_check_dcerpc, service_check_ftp,
    service_check_h2, service_check_http, service_check_imap, service_check_java_rmi, service_check_ldap,
    service_check_mssql, service_check_netbios_ssn, service_check_openwire, service_check_pop3, service_check_rdp,
    service_check_rtsp, service_check_sip, service_check_smb, service_check_smtp, service_check_ssh,
    service_check_stomp, service_check_telnet, service_check_vnc, service_check_xmpp, service_check_zookeeper;

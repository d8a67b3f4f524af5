/* The checks of TCP services, without a network: what proves each, what does not, and that neither the size of the
 * pieces nor a peer's tricks change that. */
#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t nonce = 0x1122334455667788;

#define OCTETS(literal) (literal), sizeof(literal) - 1

static struct text told;

static int forget(void **state)
{
    (void)state;
    text_done(&told);
    return 0;
}

static const struct service_check *find(const char *service)
{
    const struct service_check *check = strcmp(service, "h2") == 0 ? &service_check_h2 : service_check_find(service);
    assert_non_null(check);
    return check;
}

/* In memory of its exact size, so that reading beyond it is seen; in pieces of `piece` octets, then no more. */
static enum service_verdict hear(const char *service, const char *octets, size_t length, size_t piece, bool over)
{
    struct service_talk talk;
    enum service_verdict verdict = SERVICE_MORE;
    uint8_t message[SERVICE_SAY_MAX];
    service_talk_init(&talk, find(service), "mgr01.example.jp", nonce, strcmp(service, "h2") == 0);
    for (size_t have = 0; verdict == SERVICE_MORE;) {
        uint8_t *copy = malloc(have ? have : 1);
        assert_non_null(copy);
        memcpy(copy, octets, have);
        talk.heard = copy;
        talk.length = have;
        while ((verdict = service_talk_read(&talk, &told)) == SERVICE_SAY)
            assert_true(service_talk_say(&talk, message, sizeof(message)) > 0);
        if (verdict == SERVICE_MORE && have == length && over) {
            talk.over = true;
            verdict = service_talk_read(&talk, &told);
        }
        free(copy);
        if (have == length)
            break;
        have = length - have < piece ? length : have + piece;
    }
    return verdict;
}

struct sample {
    const char *service, *octets;
    size_t length;
    size_t shortest; /* octets that prove it */
    const char *detail;
};

/* clang-format off */
static const struct sample right[] = {
    {"http", OCTETS("HTTP/1.1 200 OK\r\nServer: x\r\n\r\nhello"), 30, "HTTP/1.1 200 OK, x"},
    {"http", OCTETS("HTTP/1.0 400 Bad Request\r\n\r\n"), 28, "HTTP/1.0 400 Bad Request"},
    {"h2", OCTETS("\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64"), 9, "HTTP/2"},
    {"h2", OCTETS("\0\0\0\4\0\x80\0\0\0"), 9, "HTTP/2"}, /* the reserved bit says nothing */
    {"h2", OCTETS("\0\0\x08\7\0\0\0\0\0\0\0\0\0\0\0\0\x0b"), 9, "HTTP/2"},
    {"smtp", OCTETS("220-mx01\r\n220 ready\r\n250-mx01\r\n250 HELP\r\n"), 41, "SMTP, \"220-mx01\""},
    {"smtp", OCTETS("220 mx01 SMTP\r\n502 what?\r\n"), 26, "SMTP, \"220 mx01 SMTP\""},
    {"smtp", OCTETS("220 mx01\r\n500 what?\r\n250 ok\r\n"), 29, "SMTP, \"220 mx01\""},
    {"smtp", OCTETS("554 not from you\r\n"), 18, "SMTP, \"554 not from you\""},
    {"smtp", OCTETS("521 mx01 takes no mail\r\n"), 24, "SMTP, \"521 mx01 takes no mail\""},
    {"smtp", OCTETS("450 mx01 ESMTP is busy\r\n"), 24, "SMTP, \"450 mx01 ESMTP is busy\""},
    {"ftp", OCTETS("530 FTP is shut\r\n"), 17, "FTP, \"530 FTP is shut\""},
    {"ftp", OCTETS("220 ready\r\n530 Please login\r\n"), 29, "FTP, \"220 ready\""},
    {"ftp", OCTETS("220-a\r\n anything\r\n220 b\r\n215 UNIX\r\n"), 35, "FTP, \"220-a\""},
    {"pop3", OCTETS("+OK ready\r\n"), 11, "POP3, \"+OK ready\""},
    {"imap", OCTETS("* PREAUTH ready\r\n"), 17, "IMAP, \"* PREAUTH ready\""},
    {"ssh", OCTETS("welcome\r\nSSH-2.0-x\r\n"), 20, "\"SSH-2.0-x\""},
    {"telnet", OCTETS("\xff\xfd\x18"), 3, "Telnet options"},
    {"telnet", OCTETS("login: \xff\xfc\6"), 10, "Telnet options"},
    {"telnet", OCTETS("\xff\xf1y\xff\xff: \xff\xf9\xff\xfc\6"), 12, "Telnet options"},
    {"ldap", OCTETS("\x30\x84\0\0\0\x0d\2\4\x55\x66\x77\x88\x65\7\x0a\1\0\4\0\4\0"), 13, "LDAP, the root DSE answers"},
    {"ldap", OCTETS("\x30\x0c\2\1\0\x78\7\x0a\1\x34\4\0\4\0"), 6, "LDAP, a notice of disconnection"},
    {"sip", OCTETS("SIP/2.0 404 Not Found\r\n"), 23, "SIP/2.0 404 Not Found"},
    {"sip", OCTETS("\r\n\r\nSIP/2.0 200 OK\r\n"), 20, "SIP/2.0 200 OK"},
    {"http", OCTETS("HTTP/1.1 503 Busy\r\n\r\n"), 21, "HTTP/1.1 503 Busy"},
    {"rtsp", OCTETS("RTSP/1.0 200 OK\r\n"), 17, "RTSP/1.0 200 OK"},
    {"xmpp", OCTETS("<?xml version='1.0'?>\n<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>"), 85,
     "XMPP stream"},
    {"smb", OCTETS("\0\0\0\x4a\xfeSMB@\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x41\0\1\0\2\3"), 74, "SMB 3.0.2"},
    {"smb", OCTETS("\0\0\0\x49\xfeSMB@\0\0\0\xbb\0\0\xc0\0\0"), 16, "SMB 2 or later, none of our dialects"},
    {"smb", OCTETS("\0\0\0\x20\xffSMB"), 8, "SMB 1"},
    {"netbios-ssn", OCTETS("\x82\0\0\0"), 4, "NetBIOS session"},
    {"netbios-ssn", OCTETS("\x83\0\0\1\x82"), 4, "NetBIOS session service, which has no such name"},
    {"mssql", OCTETS("\4\1\0\x1b\0\0\1\0\0\0\6\0\6\xff\x0f\0\7\xd0\0\0\0\0\0\0\0\0\0"), 18, "SQL Server 15.0.2000"},
    {"dcerpc", OCTETS("\5\0\x0c\3\x10\0\0\0\x3c\0\0\0\x88\x77\x66\x55"), 16, "DCE RPC, bind accepted"},
    {"dcerpc", OCTETS("\5\0\x0d\3\0\0\0\0\0\x18\0\0\x55\x66\x77\x88"), 16, "DCE RPC, bind refused"},
    {"rdp", OCTETS("\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\0\x08\0\1\0\0\0"), 19, "RDP, with TLS"},
    {"rdp", OCTETS("\3\0\0\x0b\6\xd0\0\0\x12\x34\0"), 11, "RDP"},
    {"vnc", OCTETS("RFB 003.008\n"), 12, "\"RFB 003.008\""},
    {"ajp", OCTETS("AB\0\1\t"), 5, "AJP ping answered"},
    {"java-rmi", OCTETS("N\0\x08" "10.0.0.5\0\0\x9c\x40"), 13, "Java RMI"},
    {"openwire", OCTETS("\0\0\0\x20\1ActiveMQ\0\0\0\x0c\1"), 17, "OpenWire version 12"},
    {"stomp", OCTETS("CONNECTED\r\nversion:1.2\n\n\0"), 11, "STOMP, connected"},
    {"stomp", OCTETS("ERROR\nmessage:no\n\n\0"), 6, "STOMP, refused without a login"},
    {"zookeeper", OCTETS("Zookeeper version: 3.8\nMode"), 23, "\"Zookeeper version: 3.8\""},
    {"cql", OCTETS("\x84\0\x77\x88\6\0\0\0\0"), 9, "CQL version 4"},
    {"cql", OCTETS("\x83\0\0\0\0\0\0\0\x10"), 9, "CQL version 3, an error"},
};

static const struct sample wrong[] = {
    {"http", OCTETS("SSH-2.0-x\r\n"), 0, "no HTTP, but \"SSH-2.0-x\\r\\n\""},
    {"http", OCTETS("HTTP/1.1 2x0 OK\r\n"), 0, NULL},
    {"h2", OCTETS("HTTP/1.1 400 Bad Request\r\n"), 0, NULL},
    {"h2", OCTETS("\0\0\7\4\0\0\0\0\0"), 0, NULL},
    {"smtp", OCTETS("220 ready\r\n530 Please login\r\n530 Please login\r\n"), 0, NULL},
    {"smtp", OCTETS("+OK ready\r\n"), 0, "no SMTP, but \"+OK ready\\r\\n\""},
    {"smtp", OCTETS("HTTP/1.1 400 | \x1b[31m\r\n"), 0, "no SMTP, but \"HTTP/1.1 400 | \\x1b[31m\\r\\n\""},
    {"ftp", OCTETS("220 mx01 ESMTP\r\n500 what?\r\n"), 0, NULL},
    {"pop3", OCTETS("* OK ready\r\n"), 0, NULL},
    {"imap", OCTETS("* what\r\n"), 0, NULL},
    {"ssh", OCTETS("220 ready\r\n"), 0, NULL},
    {"ssh", OCTETS("SSH-9\r\n"), 0, NULL},
    {"ssh", OCTETS("hello\r\n"), 0, NULL},
    {"telnet", OCTETS("SSH-2.0-x\r\n"), 0, NULL},
    {"ldap", OCTETS("\x30\x0c\2\4\x55\x66\x77\x89\x65\7\x0a\1\0\4"), 0, NULL}, /* another number */
    {"ldap", OCTETS("\x30\x80\2\1\0\x78"), 0, NULL},
    {"ldap", OCTETS("\x30\x8f\xff\xff\xff\xff"), 0, NULL},
    {"sip", OCTETS("HTTP/1.1 400 Bad Request\r\n"), 0, NULL},
    {"rtsp", OCTETS("SIP/2.0 400 Bad Request\r\n"), 0, NULL},
    {"xmpp", OCTETS("<?xml version='1.0'?><html>"), 0, NULL},
    {"xmpp", OCTETS("<stream:stream xmlns='something else'>"), 0, NULL},
    {"smb", OCTETS("\0\0\0\x20SMB!"), 0, NULL},
    {"netbios-ssn", OCTETS("\x83\0\0\x20"), 0, NULL},
    {"mssql", OCTETS("\4\1\0\x1b\0\0\1\0\1\0\6\0\1\xff"), 0, NULL},
    {"dcerpc", OCTETS("\5\0\x0c\3\x10\0\0\0\x3c\0\0\0\x88\x77\x66\x56"), 0, NULL}, /* another call */
    {"dcerpc", OCTETS("\5\0\x0b\3\x10\0\0\0\x3c\0\0\0\x88\x77\x66\x55"), 0, NULL}, /* a bind comes back */
    {"rdp", OCTETS("\3\0\0\x13\x0e\xe0\0\0\0\0\0"), 0, NULL},
    {"vnc", OCTETS("RFB 3.8\n"), 0, NULL},
    {"ajp", OCTETS("AB\0\1\4"), 0, NULL},
    {"java-rmi", OCTETS("N\0\x08" "10.0.0.5\1\0\x9c\x40"), 0, NULL},
    {"java-rmi", OCTETS("O"), 0, NULL},
    {"openwire", OCTETS("\0\0\0\4\1Act"), 0, NULL},
    {"openwire", OCTETS("\0\0\0\x20\1ActiveMX"), 0, NULL},
    {"stomp", OCTETS("CONNECTED!\n"), 0, NULL},
    {"zookeeper", OCTETS("Zookeeper!"), 0, NULL},
    {"cql", OCTETS("\x84\0\x77\x89\6\0\0\0\0"), 0, NULL},
    {"cql", OCTETS("\4\0\x77\x88\5\0\0\0\0"), 0, NULL},
};

/* The right server on a bad day, or one that says too little to tell it from another: no proof, and no impostor. */
static const struct sample undecided[] = {
    {"smtp", OCTETS("421 too busy\r\n"), 0, "SMTP not proven by \"421 too busy\\r\\n\""},
    {"smtp", OCTETS("450 4.3.2 come back later\r\n"), 0, NULL},
    {"smtp", OCTETS("550 5.7.1 you are on a list\r\n"), 0, NULL},
    {"smtp", OCTETS("220 mx01\r\n550 no\r\n554 go away\r\n"), 0, NULL},
    {"smtp", OCTETS("220 mx01\r\n421 closing\r\n"), 0, NULL},
    {"smtp", OCTETS("220-mx01\r\n220-"), 0, NULL},
    {"ftp", OCTETS("421 too many users\r\n"), 0, NULL},
    {"ftp", OCTETS("500 OOPS: refusing to run\r\n"), 0, NULL},
    {"ftp", OCTETS("530 too many connections\r\n"), 0, NULL},
    {"ftp", OCTETS("220 ready\r\n502 no such thing\r\n"), 0, NULL},
    {"ftp", OCTETS("220 ready\r\n421 closing\r\n"), 0, NULL},
    {"pop3", OCTETS("-ERR busy\r\n"), 0, NULL},
    {"ssh", OCTETS("Exceeded MaxStartups\r\n"), 0, NULL},
    {"ssh", OCTETS("Not allowed at this time\r\n"), 0, NULL},
    {"ssh", OCTETS("SSH-2.0-x"), 0, NULL},
    {"ssh", OCTETS("welcome\r\nSSH-2.0-x"), 0, NULL},
    {"telnet", OCTETS("login: \xff\xf9"), 0, NULL},
    {"telnet", OCTETS("\xff\xff\xff\xf1hello\xff"), 0, NULL},
};
/* clang-format on */

static void each_is_proven(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        const struct sample *one = &right[i];
        for (size_t piece = 1; piece <= one->length; piece += one->length - 1 ? one->length - 1 : 1)
            if (hear(one->service, one->octets, one->length, piece, true) != SERVICE_PROVEN)
                fail_msg("%s, sample %zu, in pieces of %zu: %s", one->service, i, piece, text_string(&told));
        assert_string_equal(text_string(&told), one->detail);
    }
}

/* Nothing shorter proves it; what is cut off in the middle is waited for, and at the end it is no impostor. */
static void nothing_shorter_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        const struct sample *one = &right[i];
        for (size_t cut = 0; cut < one->shortest; cut++)
            if (hear(one->service, one->octets, cut, cut + 1, false) != SERVICE_MORE)
                fail_msg("%s, sample %zu: %zu octets decide", one->service, i, cut);
    }
}

static void each_is_told_from_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const struct sample *one = &wrong[i];
        for (size_t piece = 1; piece <= one->length; piece += one->length - 1 ? one->length - 1 : 1)
            if (hear(one->service, one->octets, one->length, piece, true) != SERVICE_WRONG)
                fail_msg("%s, sample %zu, in pieces of %zu: %s", one->service, i, piece, text_string(&told));
        if (one->detail)
            assert_string_equal(text_string(&told), one->detail);
    }
}

static void a_refusal_is_no_impostor(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(undecided) / sizeof(undecided[0]); i++) {
        const struct sample *one = &undecided[i];
        for (size_t piece = 1; piece <= one->length; piece += one->length - 1 ? one->length - 1 : 1)
            if (hear(one->service, one->octets, one->length, piece, true) != SERVICE_UNPROVEN)
                fail_msg("%s, sample %zu, in pieces of %zu: %s", one->service, i, piece, text_string(&told));
        if (one->detail)
            assert_string_equal(text_string(&told), one->detail);
    }
}

/* A long greeting is a greeting still; what does not fit is not read. */
static void a_long_greeting_is_waited_for(void **state)
{
    struct text greeting = {0};
    (void)state;
    for (int i = 0; i < 100; i++)
        text_add(&greeting, "220-terms of use\r\n");
    assert_int_equal(hear("ftp", text_string(&greeting), greeting.length, 7, false), SERVICE_MORE);
    assert_int_equal(hear("ftp", text_string(&greeting), greeting.length, 7, true), SERVICE_UNPROVEN);
    text_add(&greeting, "220 ready\r\n215 UNIX\r\n");
    assert_int_equal(hear("ftp", text_string(&greeting), greeting.length, 7, true), SERVICE_PROVEN);
    assert_false(greeting.failed);
    text_done(&greeting);
}

/* What proves one proves no other. */
static void no_answer_proves_another(void **state)
{
    size_t count;
    (void)state;
    const struct service_check_row *rows = service_check_table(&count);
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        for (size_t r = 0; r < count; r++) {
            const struct sample *one = &right[i];
            if (rows[r].check == find(one->service))
                continue;
            enum service_verdict verdict = hear(rows[r].service, one->octets, one->length, one->length, true);
            if (verdict != SERVICE_WRONG && verdict != SERVICE_UNPROVEN)
                fail_msg("%s, sample %zu, proves %s", one->service, i, rows[r].service);
        }
    }
}

static void silence_proves_nothing(void **state)
{
    size_t count;
    (void)state;
    const struct service_check_row *rows = service_check_table(&count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(hear(rows[i].service, "", 0, 1, true), SERVICE_UNPROVEN);
}

static void tls_in_place_of_plain(void **state)
{
    size_t count;
    (void)state;
    const struct service_check_row *rows = service_check_table(&count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(hear(rows[i].service, OCTETS("\x15\3\3\0\2\2\x46"), 1, true), SERVICE_TLS);
    assert_int_equal(hear("http", OCTETS("HTTP/1.1 400 Bad\r\n\r\nSpeak HTTPS here"), 3, true), SERVICE_TLS);
    assert_int_equal(hear("http", OCTETS("HTTP/1.1 200 OK\r\n\r\nSpeak HTTPS here"), 3, true), SERVICE_PROVEN);
    assert_int_equal(hear("http", OCTETS("HTTP/1.1 400 Bad\r\n\r\nan SSL-enabled server port"), 3, true), SERVICE_TLS);
    assert_int_equal(hear("http", OCTETS("HTTP/1.1 400 Bad\r\n\r\nrequires TLS."), 3, true), SERVICE_TLS);
    /* a page for people: a link and a script are no such words */
    assert_int_equal(
        hear("http", OCTETS("HTTP/1.1 400 Bad\r\n\r\n<a href=\"https://x\" class=\"classless\">"), 3, true),
        SERVICE_PROVEN);
}

/* What we say ourselves proves nothing when it comes back. */
static void an_echo_is_no_service(void **state)
{
    size_t count;
    (void)state;
    const struct service_check_row *rows = service_check_table(&count);
    for (size_t i = 0; i < count; i++) {
        struct service_talk talk;
        char message[SERVICE_SAY_MAX];
        service_talk_init(&talk, rows[i].check, "mgr01.example.jp", nonce, false);
        size_t length = service_talk_say(&talk, (uint8_t *)message, sizeof(message));
        if (length > 0 && hear(rows[i].service, message, length, length, true) == SERVICE_PROVEN)
            fail_msg("%s takes its own words for proof", rows[i].service);
    }
}

/* A name out of a configuration, or an address, becomes part of a message and brings nothing else with it. */
static void names_stay_names(void **state)
{
    static const char *const hosts[] = {"a\r\nX: y", "2001:db8::1", "", "a b", "<x>", NULL};
    static const char *const services[] = {"http", "xmpp", "stomp"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t h = 0; h < sizeof(hosts) / sizeof(hosts[0]); h++) {
            struct service_talk talk;
            char message[SERVICE_SAY_MAX + 1];
            service_talk_init(&talk, find(services[i]), hosts[h], nonce, false);
            size_t length = service_talk_say(&talk, (uint8_t *)message, SERVICE_SAY_MAX);
            assert_in_range(length, 1, SERVICE_SAY_MAX);
            message[length] = '\0';
            assert_null(strstr(message, "X: y"));
            assert_null(strstr(message, "a b"));
            assert_null(strstr(message, "<x>"));
            if (hosts[h] && i == 0 && h == 1)
                assert_non_null(strstr(message, "Host: [2001:db8::1]\r\n"));
        }
    }
}

static void messages_fit_or_are_not_said(void **state)
{
    size_t count;
    (void)state;
    const struct service_check_row *rows = service_check_table(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t size = 0; size < SERVICE_SAY_MAX; size++) {
            struct service_talk talk;
            service_talk_init(&talk, rows[i].check, "mgr01.example.jp", nonce, false);
            uint8_t *message = malloc(size ? size : 1);
            assert_non_null(message);
            assert_in_range(service_talk_say(&talk, message, size), 0, size);
            free(message);
        }
    }
}

static void the_table_is_in_order(void **state)
{
    size_t count;
    (void)state;
    const struct service_check_row *rows = service_check_table(&count);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(service_find(rows[i].service));
        assert_true(rows[i].check->name[0] && rows[i].check->source[0] && rows[i].check->proof[0]);
        assert_non_null(rows[i].check->read);
        assert_true(rows[i].check->first == SPEAKER_SERVER || rows[i].check->say);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(rows[i].service, rows[j].service);
    }
    assert_null(service_check_find(NULL));
    assert_null(service_check_find("none"));
    assert_false(service_check_serves(NULL));
    assert_false(service_check_serves(service_find("none")));
    assert_true(service_check_serves(service_find("http")));
}

static void the_hello_is_a_tls_record(void **state)
{
    uint8_t hello[256];
    (void)state;
    size_t length = talk_tls_hello(hello, sizeof(hello), nonce);
    assert_false(service_looks_like_tls(hello, 5)); /* it cannot be told from a server's yet */
    assert_true(service_may_become_tls(hello, 5));
    assert_false(service_may_become_tls(hello, 6));
    assert_false(service_looks_like_tls(hello, length)); /* it comes back: no server of TLS */
    assert_true(service_looks_like_tls((const uint8_t[]){0x16, 3, 3, 0, 0x7a, 2}, 6));
    assert_int_equal((size_t)hello[3] << 8 | hello[4], length - 5);
    assert_int_equal((size_t)hello[7] << 8 | hello[8], length - 9);
    assert_int_equal(talk_tls_hello(hello, 40, nonce), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_is_proven, forget),
        cmocka_unit_test_teardown(nothing_shorter_is, forget),
        cmocka_unit_test_teardown(each_is_told_from_others, forget),
        cmocka_unit_test_teardown(a_refusal_is_no_impostor, forget),
        cmocka_unit_test_teardown(a_long_greeting_is_waited_for, forget),
        cmocka_unit_test_teardown(no_answer_proves_another, forget),
        cmocka_unit_test_teardown(silence_proves_nothing, forget),
        cmocka_unit_test_teardown(tls_in_place_of_plain, forget),
        cmocka_unit_test_teardown(an_echo_is_no_service, forget),
        cmocka_unit_test(names_stay_names),
        cmocka_unit_test(messages_fit_or_are_not_said),
        cmocka_unit_test(the_table_is_in_order),
        cmocka_unit_test(the_hello_is_a_tls_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

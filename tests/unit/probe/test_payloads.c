/* The UDP payloads: what is sent, octet by octet where it is short, and what counts as an answer: right ones, every
 * truncation, foreign ids, and our own request coming back. */
#include "payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t nonce = 0x1122334455667788;

#define OCTETS(...) ((const uint8_t[]){__VA_ARGS__})

static const struct udp_payload *find(const char *service)
{
    const struct udp_payload *payload = udp_payload_find(service);
    assert_non_null(payload);
    return payload;
}

static void assert_request(const char *service, const uint8_t *expected, size_t length)
{
    uint8_t buffer[512];
    assert_int_equal(find(service)->build(buffer, sizeof(buffer), nonce), length);
    assert_memory_equal(buffer, expected, length);
}

/* In memory of its exact size, so that reading beyond it is seen. */
static bool answers(const char *service, const void *octets, size_t length, uint64_t to)
{
    uint8_t *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, octets, length);
    bool result = find(service)->answers(copy, length, to);
    free(copy);
    return result;
}

/* It is an answer to this request; to no other one, if ids are compared; and nothing shorter than `shortest` is. */
static void assert_answer(const char *service, const void *octets, size_t length, size_t shortest)
{
    assert_true(answers(service, octets, length, nonce));
    for (size_t cut = 0; cut < shortest; cut++)
        if (answers(service, octets, cut, nonce))
            fail_msg("%s: the first %zu octets count as an answer", service, cut);
    if (strcmp(service, "tftp") != 0 && strcmp(service, "kerberos") != 0)
        assert_false(answers(service, octets, length, nonce + 1));
}

static void dns(void **state)
{
    (void)state;
    static const uint8_t request[] = {0x77, 0x88, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};
    assert_request("dns", request, sizeof(request));
    static const uint8_t answer[] = {0x77, 0x88, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};
    assert_answer("dns", answer, sizeof(answer), 12);
    static const uint8_t refused[] = {0x77, 0x88, 0x80, 0x05, 0, 0, 0, 0, 0, 0, 0, 0};
    assert_answer("dns", refused, sizeof(refused), 12);
    static const uint8_t other_opcode[] = {0x77, 0x88, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    assert_false(answers("dns", other_opcode, sizeof(other_opcode), nonce));
}

static void netbios(void **state)
{
    (void)state;
    uint8_t request[50] = {0x77, 0x88, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 32, 'C', 'K'};
    memset(request + 15, 'A', 30);
    memcpy(request + 45, OCTETS(0, 0, 0x21, 0, 1), 5);
    assert_request("netbios-ns", request, sizeof(request));
    uint8_t answer[60] = {0x77, 0x88, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 32, 'C', 'K'};
    memset(answer + 15, 'A', 30);
    memcpy(answer + 45, OCTETS(0, 0, 0x21, 0, 1, 0, 0, 0, 0, 0, 1, 0), 12);
    assert_answer("netbios-ns", answer, sizeof(answer), 50);
    answer[47] = 0x20; /* a name record is no node status */
    assert_false(answers("netbios-ns", answer, sizeof(answer), nonce));
    static const uint8_t with_question[] = {0x77, 0x88, 0x84, 0,    0, 1, 0,    1,  0, 0,    0, 0, 1,
                                            'x',  0,    0,    0x21, 0, 1, 0xc0, 12, 0, 0x21, 0, 1};
    assert_answer("netbios-ns", with_question, sizeof(with_question), sizeof(with_question));
    static const uint8_t negative[] = {0x77, 0x88, 0x80, 3, 0, 0, 0, 0, 0, 0, 0, 0};
    assert_answer("netbios-ns", negative, sizeof(negative), sizeof(negative));
    static const uint8_t nothing[] = {0x77, 0x88, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    assert_false(answers("netbios-ns", nothing, sizeof(nothing), nonce));
    static const uint8_t bad_label[] = {0x77, 0x88, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0x80, 0, 0, 0x21, 0, 1};
    assert_false(answers("netbios-ns", bad_label, sizeof(bad_label), nonce));
}

static void ntp(void **state)
{
    (void)state;
    uint8_t request[48] = {0x23};
    memcpy(request + 40, OCTETS(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), 8);
    assert_request("ntp", request, sizeof(request));
    uint8_t answer[68] = {0x24, 2};
    memcpy(answer + 24, request + 40, 8);
    assert_answer("ntp", answer, 48, 48);
    assert_answer("ntp", answer, sizeof(answer), 48); /* with a digest behind */
    answer[1] = 0;                                    /* kiss-o'-death */
    assert_answer("ntp", answer, 48, 48);
    answer[0] = 0x25; /* broadcast */
    assert_false(answers("ntp", answer, 48, nonce));
    answer[0] = 0x3c; /* version 7 */
    assert_false(answers("ntp", answer, 48, nonce));
}

static void snmp(void **state)
{
    (void)state;
    static const uint8_t request[] = {
        0x30, 0x3e, 2,    1,    3,                                                                   /* version */
        0x30, 0x11, 2,    4,    0x55, 0x66, 0x77, 0x88, 2, 3, 0,    0xff, 0xe3, 4,    1, 4, 2, 1, 3, /* header */
        4,    0x10, 0x30, 0x0e, 4,    0,    2,    1,    0, 2, 1,    0,    4,    0,    4, 0, 4, 0, /* security parameters
                                                                                                   */
        0x30, 0x14, 4,    0,    4,    0,    0xa0, 0x0e, 2, 4, 0x55, 0x66, 0x77, 0x88, 2, 1, 0, 2, 1, 0, 0x30, 0,
    };
    assert_request("snmp", request, sizeof(request));
    static const uint8_t report[] = {
        0x30, 0x37, 2, 1, 3, 0x30, 0x10, 2, 4, 0x55, 0x66, 0x77, 0x88, 2, 2, 5, 0xdc, 4,    1,
        0,    2,    1, 3, 4, 0x0a, 0x30, 8, 4, 0,    2,    1,    1,    2, 1, 1, 0x30, 0x12, 4,
        2,    0x80, 0, 4, 0, 0xa8, 0x0a, 2, 1, 0,    2,    1,    0,    2, 1, 0, 0x30, 0,
    };
    uint8_t answer[sizeof(report)];
    memcpy(answer, report, sizeof(report));
    answer[1] = sizeof(report) - 2;
    assert_answer("snmp", answer, sizeof(answer), sizeof(answer));
    uint8_t long_form[sizeof(report) + 1];
    memcpy(long_form, OCTETS(0x30, 0x81, sizeof(report) - 2), 3);
    memcpy(long_form + 3, report + 2, sizeof(report) - 2);
    assert_answer("snmp", long_form, sizeof(long_form), sizeof(long_form));
    answer[4] = 1; /* SNMPv2c */
    assert_false(answers("snmp", answer, sizeof(answer), nonce));
    static const uint8_t huge[] = {0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 3};
    assert_false(answers("snmp", huge, sizeof(huge), nonce));
    static const uint8_t indefinite[] = {0x30, 0x80, 2, 1, 3, 0, 0};
    assert_false(answers("snmp", indefinite, sizeof(indefinite), nonce));
}

static void sip(void **state)
{
    (void)state;
    char request[512];
    size_t length = find("sip")->build((uint8_t *)request, sizeof(request) - 1, nonce);
    assert_true(length > 0 && length < sizeof(request));
    request[length] = '\0';
    assert_int_equal(strncmp(request, "OPTIONS sip:", 12), 0);
    assert_non_null(strstr(request, ";rport\r\n"));
    assert_non_null(strstr(request, "Call-ID: 1122334455667788@"));
    assert_string_equal(request + length - 4, "\r\n\r\n");
    static const char answer[] = "SIP/2.0 404 Not Found\r\nCall-ID: 1122334455667788@portconform.invalid\r\n\r\n";
    size_t to_id = (size_t)(strstr(answer, "@") - answer);
    assert_answer("sip", answer, sizeof(answer) - 1, to_id);
    static const char foreign[] = "SIP/2.0 200 OK\r\nCall-ID: 1122334455667789@portconform.invalid\r\n\r\n";
    assert_false(answers("sip", foreign, sizeof(foreign) - 1, nonce));
    static const char banner[] = "SIP/2.0 x00 1122334455667788\r\n";
    assert_false(answers("sip", banner, sizeof(banner) - 1, nonce));
}

static void stun(void **state)
{
    (void)state;
    static const uint8_t request[] = {0,   1,   0,    0,    0x21, 0x12, 0xa4, 0x42, 'p',  'c',
                                      'n', 'f', 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
    assert_request("stun", request, sizeof(request));
    uint8_t answer[32] = {0};
    memcpy(answer, request, sizeof(request));
    memcpy(answer, OCTETS(1, 1, 0, 12), 4);
    memcpy(answer + 20, OCTETS(0, 0x20, 0, 8, 0, 1, 0x12, 0x34, 192, 0, 2, 1), 12);
    assert_answer("stun", answer, sizeof(answer), sizeof(answer));
    answer[3] = 13; /* a length that is not the datagram's */
    assert_false(answers("stun", answer, sizeof(answer), nonce));
    memcpy(answer, OCTETS(1, 0x11, 0, 12), 4); /* an error is an answer */
    assert_answer("stun", answer, sizeof(answer), sizeof(answer));
    answer[4] = 0; /* classic STUN has no cookie */
    assert_false(answers("stun", answer, sizeof(answer), nonce));
}

static void tftp(void **state)
{
    (void)state;
    static const char request[] = "\0\1portconform-1122334455667788\0octet";
    assert_request("tftp", (const uint8_t *)request, sizeof(request));
    static const char error[] = "\0\5\0\1File not found";
    assert_answer("tftp", error, sizeof(error), 5);
    assert_false(answers("tftp", error, sizeof(error) - 1, nonce)); /* no NUL at the end */
    static const char data[] = "\0\3\0\1content";
    assert_answer("tftp", data, sizeof(data), 4);
    static const char second[] = "\0\3\0\2content";
    assert_false(answers("tftp", second, sizeof(second), nonce));
    uint8_t long_data[4 + 513] = {0, 3, 0, 1};
    assert_false(answers("tftp", long_data, sizeof(long_data), nonce));
    static const char odd_code[] = "\0\5\1\1text";
    assert_false(answers("tftp", odd_code, sizeof(odd_code), nonce));
}

static void portmap(void **state)
{
    (void)state;
    uint8_t request[40] = {0x55, 0x66, 0x77, 0x88, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0x86, 0xa0, 0, 0, 0, 2};
    assert_request("portmap", request, sizeof(request));
    static const uint8_t accepted[24] = {0x55, 0x66, 0x77, 0x88, 0, 0, 0, 1};
    assert_answer("portmap", accepted, sizeof(accepted), sizeof(accepted));
    static const uint8_t denied[20] = {0x55, 0x66, 0x77, 0x88, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
    assert_answer("portmap", denied, sizeof(denied), sizeof(denied));
    static const uint8_t odd[24] = {0x55, 0x66, 0x77, 0x88, 0, 0, 0, 1, 0, 0, 0, 2};
    assert_false(answers("portmap", odd, sizeof(odd), nonce));
}

static void kerberos(void **state)
{
    (void)state;
    uint8_t request[512];
    size_t length = find("kerberos")->build(request, sizeof(request), nonce);
    assert_in_range(length, 100, 130);
    /* read with our own reader: every length must fit */
    struct reader reader = {request, length}, outer, body, field, options;
    uint32_t version;
    assert_true(take_ber_tagged(&reader, 0x6a, &outer));
    assert_int_equal(reader.left, 0);
    assert_true(take_ber_tagged(&outer, BER_SEQUENCE, &body));
    assert_true(take_ber_tagged(&body, 0xa1, &field));
    assert_true(take_ber_integer(&field, &version));
    assert_int_equal(version, 5);
    assert_true(take_ber_tagged(&body, 0xa2, &field));
    assert_true(take_ber_tagged(&body, 0xa4, &field));
    assert_int_equal(body.left, 0);
    assert_true(take_ber_tagged(&field, BER_SEQUENCE, &body));
    static const uint8_t tags[] = {0xa0, 0xa1, 0xa2, 0xa3, 0xa5, 0xa7, 0xa8};
    for (size_t i = 0; i < sizeof(tags); i++)
        assert_true(take_ber_tagged(&body, tags[i], &options));
    assert_int_equal(body.left, 0);
    static const uint8_t error[] = {0x7e, 0x11, 0x30, 0x0f, 0xa0, 3, 2, 1, 5, 0xa1, 3, 2, 1, 30, 0xa6, 3, 2, 1, 68};
    assert_answer("kerberos", error, sizeof(error), sizeof(error));
    static const uint8_t version_4[] = {0x7e, 0x0c, 0x30, 0x0a, 0xa0, 3, 2, 1, 4, 0xa1, 3, 2, 1, 30};
    assert_false(answers("kerberos", version_4, sizeof(version_4), nonce));
    static const uint8_t mixed[] = {0x6b, 0x0c, 0x30, 0x0a, 0xa0, 3, 2, 1, 5, 0xa1, 3, 2, 1, 30};
    assert_false(answers("kerberos", mixed, sizeof(mixed), nonce));
}

static void cldap(void **state)
{
    (void)state;
    uint8_t request[512];
    size_t length = find("cldap")->build(request, sizeof(request), nonce);
    struct reader reader = {request, length}, message, search;
    uint32_t id;
    assert_true(take_ber_tagged(&reader, BER_SEQUENCE, &message));
    assert_int_equal(reader.left, 0);
    assert_true(take_ber_integer(&message, &id));
    assert_int_equal(id, 0x55667788);
    assert_true(take_ber_tagged(&message, 0x63, &search));
    assert_int_equal(message.left, 0);
    static const uint8_t done[] = {0x30, 0x0d, 2, 4, 0x55, 0x66, 0x77, 0x88, 0x65, 5, 0x0a, 1, 0, 4, 0};
    assert_answer("cldap", done, sizeof(done), sizeof(done));
    static const uint8_t bind_response[] = {0x30, 0x0d, 2, 4, 0x55, 0x66, 0x77, 0x88, 0x61, 5, 0x0a, 1, 0, 4, 0};
    assert_false(answers("cldap", bind_response, sizeof(bind_response), nonce));
}

static void every_answering_service_has_a_payload_and_every_payload_a_service(void **state)
{
    (void)state;
    size_t services, payloads;
    const struct service *service = service_table(&services);
    const struct udp_payload *payload = udp_payload_table(&payloads);
    for (size_t i = 0; i < services; i++)
        if (service[i].udp_answers && !udp_payload_find(service[i].name))
            fail_msg("%s answers, but we do not know how to ask", service[i].name);
    for (size_t i = 0; i < payloads; i++) {
        assert_non_null(service_find(payload[i].service));
        assert_ptr_equal(udp_payload_find(payload[i].service), &payload[i]); /* each name once */
        assert_non_null(strstr(payload[i].source, "section"));
    }
    assert_null(udp_payload_find("none"));
}

/* A reflected request is not an answer; a buffer that is too small gives nothing; all ids make a request of one size.
 */
static void requests_are_no_answers_and_fit_or_are_not_made(void **state)
{
    (void)state;
    size_t payloads;
    const struct udp_payload *payload = udp_payload_table(&payloads);
    for (size_t i = 0; i < payloads; i++) {
        static const uint64_t ids[] = {0, 1, 0x80, 0x7fffffff, 0x80000000, UINT64_MAX, 0x1122334455667788};
        for (size_t j = 0; j < sizeof(ids) / sizeof(ids[0]); j++) {
            uint8_t request[512];
            size_t length =
                udp_payload_build(&payload[i], &(struct udp_ask){.nonce = ids[j]}, request, sizeof(request));
            assert_in_range(length, payload[i].opt_in ? 1 : 16, sizeof(request) - 1);
            assert_false(answers(payload[i].service, request, length, ids[j]));
            uint8_t *exact = malloc(length);
            assert_non_null(exact);
            for (size_t size = 0; size < length; size++)
                assert_int_equal(udp_payload_build(&payload[i], &(struct udp_ask){.nonce = ids[j]}, exact, size), 0);
            free(exact);
        }
        assert_false(answers(payload[i].service, "", 0, nonce));
    }
}

static void ike(void **state)
{
    (void)state;
    uint8_t request[512];
    size_t length = find("ike")->build(request, sizeof(request), nonce);
    assert_int_equal(length, 148);
    assert_int_equal((size_t)request[26] << 8 | request[27], length);
    assert_memory_equal(request, OCTETS(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), 8);
    /* a refusal: NO_PROPOSAL_CHOSEN */
    static const uint8_t refusal[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0, 0,  0, 0, 0, 0, 0, 0, 41, 0x20,
                                      34,   0x20, 0,    0,    0,    0,    0,    0,    0, 36, 0, 0, 0, 8, 0, 0, 0,  14};
    assert_answer("ike", refusal, sizeof(refusal), sizeof(refusal));
    uint8_t bent[sizeof(refusal)];
    for (size_t i = 0; i < 2; i++) {
        memcpy(bent, refusal, sizeof(refusal));
        bent[i == 0 ? 18 : 19] = 0; /* another exchange; no response */
        assert_false(answers("ike", bent, sizeof(bent), nonce));
    }
    /* version 1 alone, and it says so: INVALID-MAJOR-VERSION */
    memcpy(bent, refusal, sizeof(refusal));
    bent[17] = 0x10;
    bent[18] = 5;
    assert_true(answers("ike", bent, sizeof(bent), nonce));
}

static void registration(void **state)
{
    (void)state;
    uint8_t request[64];
    struct udp_ask ask = {.nonce = nonce, .own_port = 0x1234};
    assert_int_equal(address_parse("192.0.2.5", &ask.own), 0);
    static const uint8_t wanted[] = {0, 0, 0xa9, 0x85, 6, 0, 8, 0x91, 0x4a, 0, 4, 0, 192, 0, 2, 5, 0x12, 0x34, 0, 0};
    size_t length = udp_payload_build(find("h323-ras"), &ask, request, sizeof(request));
    assert_int_equal(length, sizeof(wanted));
    assert_int_equal((size_t)request[2] << 8 | request[3], nonce % 65535);
    assert_memory_equal(request + 4, wanted + 4, sizeof(wanted) - 4);
    assert_int_equal(address_parse("2001:db8::5", &ask.own), 0);
    assert_int_equal(udp_payload_build(find("h323-ras"), &ask, request, sizeof(request)), sizeof(wanted) + 12);
    uint8_t confirmation[] = {0x04, 0, request[2], request[3], 6, 0, 8, 0x91, 0x4a, 0, 4, 0, 192, 0, 2, 1, 0x06, 0xb7};
    assert_answer("h323-ras", confirmation, sizeof(confirmation), 11);
    confirmation[0] = 0x08; /* rejection */
    assert_true(answers("h323-ras", confirmation, sizeof(confirmation), nonce));
    confirmation[0] = 0x0c; /* a request for registration is no answer */
    assert_false(answers("h323-ras", confirmation, sizeof(confirmation), nonce));
}

static void sql_browser(void **state)
{
    (void)state;
    assert_true(find("mssql-browser")->opt_in);
    assert_request("mssql-browser", OCTETS(3), 1);
    static const uint8_t answer[] = {5, 4, 0, 'a', ';', 'b', ';'};
    assert_true(answers("mssql-browser", answer, sizeof(answer), nonce));
    for (size_t cut = 0; cut < sizeof(answer); cut++)
        assert_false(answers("mssql-browser", answer, cut, nonce));
    assert_false(answers("mssql-browser", OCTETS(4, 0, 0), 3, nonce));
}

static void ber_integers(void **state)
{
    (void)state;
    static const uint32_t values[] = {0, 1, 127, 128, 255, 256, 32767, 32768, 0x7fffffff, 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        uint8_t buffer[8];
        uint32_t back;
        struct writer writer = {.octets = buffer, .size = sizeof(buffer)};
        put_ber_number(&writer, BER_INTEGER, values[i]);
        struct reader reader = {buffer, written(&writer)};
        assert_true(take_ber_integer(&reader, &back));
        assert_int_equal(back, values[i]);
        assert_int_equal(reader.left, 0);
    }
    struct reader negative = {OCTETS(2, 1, 0x80), 3}, empty = {OCTETS(2, 0), 2},
                  large = {OCTETS(2, 5, 1, 0, 0, 0, 0), 7};
    uint32_t value;
    assert_false(take_ber_integer(&negative, &value));
    assert_false(take_ber_integer(&empty, &value));
    assert_false(take_ber_integer(&large, &value));
    /* content of 128 octets needs a longer length than we write */
    uint8_t buffer[256];
    struct writer writer = {.octets = buffer, .size = sizeof(buffer)};
    size_t opened = put_ber_open(&writer, BER_SEQUENCE);
    for (int i = 0; i < 128; i++)
        put_u8(&writer, 0);
    put_ber_close(&writer, opened);
    assert_int_equal(written(&writer), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dns),
        cmocka_unit_test(netbios),
        cmocka_unit_test(ntp),
        cmocka_unit_test(snmp),
        cmocka_unit_test(sip),
        cmocka_unit_test(stun),
        cmocka_unit_test(tftp),
        cmocka_unit_test(portmap),
        cmocka_unit_test(kerberos),
        cmocka_unit_test(cldap),
        cmocka_unit_test(ike),
        cmocka_unit_test(registration),
        cmocka_unit_test(sql_browser),
        cmocka_unit_test(every_answering_service_has_a_payload_and_every_payload_a_service),
        cmocka_unit_test(requests_are_no_answers_and_fit_or_are_not_made),
        cmocka_unit_test(ber_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

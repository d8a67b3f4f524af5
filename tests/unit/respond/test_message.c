/* Messages and key files of the acceptance test. */
#include "portconform/error.h"
#include "portconform/respond.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct acceptance_key key = {{0x0b, 0x0b, 0x0b, 0x0b}};

static struct acceptance_message sample(void)
{
    struct acceptance_message message = {.transport = TRANSPORT_UDP, .port = 41005, .name = "mgr01"};
    memset(message.nonce, 0x5a, sizeof(message.nonce));
    return message;
}

static void a_message_survives_sealing(void **state)
{
    (void)state;
    struct acceptance_message sent = sample(), read;
    uint8_t octets[ACCEPTANCE_LENGTH];
    assert_int_equal(acceptance_seal(&sent, &key, octets), 0);
    assert_memory_equal(octets, "PCACCEPT\x01\x01\x11\x00\xa0\x2d\x00\x00", 16);
    assert_true(acceptance_open(octets, sizeof(octets), &key, &read));
    assert_false(read.answer);
    assert_int_equal(read.transport, TRANSPORT_UDP);
    assert_int_equal(read.port, 41005);
    assert_memory_equal(read.nonce, sent.nonce, sizeof(read.nonce));
    assert_string_equal(read.name, "mgr01");
}

static void every_octet_counts(void **state)
{
    (void)state;
    struct acceptance_message sent = sample(), read;
    uint8_t octets[ACCEPTANCE_LENGTH];
    assert_int_equal(acceptance_seal(&sent, &key, octets), 0);
    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] ^= 0x20;
        assert_false(acceptance_open(octets, sizeof(octets), &key, &read));
        octets[i] ^= 0x20;
    }
}

static void another_key_and_another_length_open_nothing(void **state)
{
    (void)state;
    const struct acceptance_key other = {{0x0c}};
    struct acceptance_message sent = sample(), read;
    uint8_t octets[ACCEPTANCE_LENGTH + 1] = {0};
    assert_int_equal(acceptance_seal(&sent, &key, octets), 0);
    assert_false(acceptance_open(octets, ACCEPTANCE_LENGTH, &other, &read));
    assert_false(acceptance_open(octets, ACCEPTANCE_LENGTH - 1, &key, &read));
    assert_false(acceptance_open(octets, ACCEPTANCE_LENGTH + 1, &key, &read));
    assert_false(acceptance_open(octets, 0, &key, &read));
}

static void a_name_is_cut_not_overrun(void **state)
{
    (void)state;
    struct acceptance_message sent = sample(), read;
    uint8_t octets[ACCEPTANCE_LENGTH];
    memset(sent.name, 'h', ACCEPTANCE_NAME);
    sent.name[ACCEPTANCE_NAME] = '\0';
    assert_int_equal(acceptance_seal(&sent, &key, octets), 0);
    assert_true(acceptance_open(octets, sizeof(octets), &key, &read));
    assert_int_equal(strlen(read.name), ACCEPTANCE_NAME);
}

/* --- key files ---------------------------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *content, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void key_files(void **state)
{
    (void)state;
    static const char digits[] = "000102030405060708090A0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    char folder[] = "/tmp/acceptance-XXXXXX", path[sizeof(folder) + 8], text[128];
    struct acceptance_key made, again;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/key", folder);
    assert_int_equal(acceptance_key_read(path, &made), -ENOENT);
    assert_int_equal(acceptance_key_make(path), 0);
    assert_int_equal(acceptance_key_make(path), -EEXIST);
    assert_int_equal(acceptance_key_read(path, &made), 0);
    assert_int_equal(acceptance_key_read(path, &again), 0);
    assert_memory_equal(&made, &again, sizeof(made));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(acceptance_key_read(path, &made), -EPERM);
    snprintf(text, sizeof(text), "%s \r\n", digits);
    write_file(path, text, 0600);
    assert_int_equal(acceptance_key_read(path, &made), 0);
    for (uint8_t i = 0; i < ACCEPTANCE_KEY; i++)
        assert_int_equal(made.octets[i], i);
    snprintf(text, sizeof(text), "%.63sg", digits);
    write_file(path, text, 0600);
    assert_int_equal(acceptance_key_read(path, &made), PC_ESYNTAX);
    write_file(path, "", 0600);
    assert_int_equal(acceptance_key_read(path, &made), PC_ESYNTAX);
    assert_int_equal(acceptance_key_read(folder, &made), -EISDIR);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_survives_sealing),
        cmocka_unit_test(every_octet_counts),
        cmocka_unit_test(another_key_and_another_length_open_nothing),
        cmocka_unit_test(a_name_is_cut_not_overrun),
        cmocka_unit_test(key_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

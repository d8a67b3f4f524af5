/* The manual's list of services against the tables that it describes. */
#include "portconform/service_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *page;

static int read_page(void **state)
{
    (void)state;
    FILE *file = fopen(PC_SOURCE_DIR "/docs/portconform-guide.5", "re");
    if (!file)
        return -1;
    enum { PAGE_MAX = 256 * 1024 };
    page = calloc(1, PAGE_MAX);
    size_t length = page ? fread(page, 1, PAGE_MAX - 1, file) : 0;
    (void)fclose(file);
    return length > 0 && length < PAGE_MAX - 1 ? 0 : -1;
}

static int forget_page(void **state)
{
    (void)state;
    free(page);
    return 0;
}

static void assert_told(struct text *wanted)
{
    if (!strstr(page, text_string(wanted)))
        fail_msg("docs/portconform-guide.5 does not have: %s", text_string(wanted));
    text_done(wanted);
    *wanted = (struct text){0};
}

static void every_check_is_told(void **state)
{
    size_t count;
    struct text wanted = {0};
    (void)state;
    const struct service_check_row *rows = service_check_table(&count);
    for (size_t i = 0; i < count; i++) {
        text_printf(&wanted, "Sy %s", rows[i].service);
        assert_told(&wanted);
        text_printf(&wanted, "%s: %s.\n%s.\n", rows[i].check->name, rows[i].check->proof, rows[i].check->source);
        assert_told(&wanted);
    }
}

static void every_payload_is_told(void **state)
{
    size_t count;
    struct text wanted = {0};
    (void)state;
    const struct udp_payload *payloads = udp_payload_table(&count);
    for (size_t i = 0; i < count; i++) {
        text_printf(&wanted, ".It Sy %s\n%s.\n", payloads[i].service, payloads[i].source);
        assert_told(&wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_check_is_told), cmocka_unit_test(every_payload_is_told)};
    return cmocka_run_group_tests(tests, read_page, forget_page);
}

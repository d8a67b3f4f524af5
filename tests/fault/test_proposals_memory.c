/* Every allocation of an adoption and of a difference fails once: it says so and leaks nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "portconform/adopt.h"
#include "portconform/diff.h"
#include "portconform/load.h"
#include "portconform/text.h"

#include "fail_at.h"

/* What is tried: 0 or a negative code, and it cleans up behind itself. */
typedef int attempt_fn(void *context);

static size_t fail_each(attempt_fn *attempt, void *context)
{
    for (size_t n = 1;; n++) {
        fail_at(n);
        int r = attempt(context);
        bool failed = fail_at_happened;
        fail_at(0);
        if (!failed) {
            assert_int_equal(r, 0);
            return n - 1;
        }
        assert_int_equal(r, -ENOMEM);
    }
}

static struct config *guides(const char *first, const char *second)
{
    const char *ids[] = {first, second, NULL};
    struct load_options options = {0};
    struct config *config = NULL;
    assert_int_equal(config_load_guides(&options, ids, &config, NULL), 0);
    return config;
}

struct adopting {
    const struct config *config;
    struct listener_table table;
};

static int attempt_adopt(void *context)
{
    struct adopting *adopting = context;
    struct adoption *adoption = NULL;
    struct text out = {0};
    struct adopt_file file = {.host = "h1", .source = "a test", .date = "2026-11-22", .top = 9};
    int r = adopt(adopting->config->guides, adopting->config->guide_count, &adopting->table, &adoption);
    if (r == 0)
        r = adopt_write(&out, adoption, &file);
    else
        assert_null(adoption);
    text_done(&out);
    adoption_free(adoption);
    return r;
}

/* Two roles, one setting that both share and that is disputed, and somebody whom nothing explains. */
static void test_adoption(void **state)
{
    (void)state;
    static const uint16_t ports[] = {22, 80, 1352, 1516, 1533, 8082, 8088, 31006, 31080};
    enum { COUNT = sizeof(ports) / sizeof(ports[0]) };
    struct listener listeners[COUNT] = {0};
    for (size_t i = 0; i < COUNT; i++) {
        listeners[i] = (struct listener){.transport = TRANSPORT_TCP, .port = ports[i], .owner.exe = "x"};
        assert_int_equal(address_parse("0.0.0.0", &listeners[i].address), 0);
    }
    struct config *config = guides("jp1-itdm", "sametime-community");
    struct adopting adopting = {config, {.items = listeners, .count = COUNT}};
    assert_true(fail_each(attempt_adopt, &adopting) > 50);
    config_free(config);
}

static int attempt_diff_guides(void *context)
{
    const struct config *config = context;
    struct diff *diff = NULL;
    int r = diff_guides(&config->guides[0], &config->guides[1], &diff);
    assert_true(r == 0 || diff == NULL);
    diff_free(diff);
    return r;
}

static void test_diff_of_guides(void **state)
{
    (void)state;
    struct config *config = guides("livesupport", "sametime-community");
    assert_true(fail_each(attempt_diff_guides, config) > 50);
    config_free(config);
}

static int lookup_none(void *context, const char *name, struct address **ret)
{
    (void)context;
    (void)name;
    *ret = NULL;
    return 0;
}

static void open_site(const char *path, struct config **ret_config, struct plan **ret_plan, struct matrix **ret_matrix)
{
    struct load_options load = {.path = path};
    struct plan_options options = {.lookup = lookup_none};
    struct matrix_options openings = {.host = NULL};
    assert_int_equal(config_load(&load, ret_config, NULL), 0);
    assert_int_equal(plan_build(*ret_config, &options, ret_plan, NULL), 0);
    assert_int_equal(matrix_build(*ret_plan, &openings, ret_matrix), 0);
}

struct two_sites {
    struct config *configs[2];
    struct plan *plans[2];
    struct matrix *matrices[2];
};

static int attempt_diff_sites(void *context)
{
    const struct two_sites *sites = context;
    struct diff_site a = {sites->plans[0], sites->matrices[0]}, b = {sites->plans[1], sites->matrices[1]};
    struct diff *diff = NULL;
    int r = diff_sites(&a, &b, NULL, &diff);
    assert_true(r == 0 || diff == NULL);
    diff_free(diff);
    return r;
}

static void test_diff_of_sites(void **state)
{
    (void)state;
    static const char *const paths[] = {"conf/examples/jp1-multi", "conf/examples/sametime"};
    struct two_sites sites = {0};
    for (size_t i = 0; i < 2; i++)
        open_site(paths[i], &sites.configs[i], &sites.plans[i], &sites.matrices[i]);
    assert_true(fail_each(attempt_diff_sites, &sites) > 50);
    for (size_t i = 0; i < 2; i++) {
        matrix_free(sites.matrices[i]);
        plan_free(sites.plans[i]);
        config_free(sites.configs[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adoption),
        cmocka_unit_test(test_diff_of_guides),
        cmocka_unit_test(test_diff_of_sites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

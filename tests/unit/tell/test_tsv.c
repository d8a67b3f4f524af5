/* Tab-separated values: one finding a line, whatever the data hold. */
#include "told.h"

#include "portconform/tell.h"

#define HEADER                                                                                                         \
    "host\taddress\ttransport\tports\tport\tverdict\tseverity\treason\tblame\tclass\tlistener\tprobe\tpath\tguide\t"   \
    "ref\trule\tkey\theld\twaived\tconfidence\n"

static struct text tsv_of(struct told *told, const struct tell_options *options)
{
    struct snapshot *snapshot = told_snapshot(told);
    struct text out = {0};
    assert_int_equal(teller_tsv.tell(&out, NULL, snapshot, options), 0);
    snapshot_unref(snapshot);
    return out;
}

static void a_finding_is_a_line(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding filtered = told_filtered();
    filtered.waived = true;
    filtered.waived_until = "2026-12-31";
    told_add(&told, &filtered);
    struct finding held = told_conforming("pc0117", "5517..5555/2", 5517);
    held.held = true;
    held.confidence = "proven in 3 of 12 looks";
    told_add(&told, &held);
    struct finding unset = told_unset();
    told_add(&told, &unset);
    struct text out = tsv_of(&told, &(const struct tell_options){0});
    assert_string_equal(
        text_string(&out), HEADER
        "-\t-\t-\t-\t-\tnot-judged\tUNKNOWN\tparameter-unset\tconfig\tconfiguration\t-\t-\tnot-probed\tjp1-itdm\t-\t-\t"
        "-|-|not-judged|-\tno\t-\t-\n"
        "mgr01\t10.0.1.10\ttcp\t31000\t31000\tfiltered\tCRITICAL\tadmin-prohibited\tnetwork\tavailability\t"
        "jdn_manager (jp1.service) on *:31000\tICMP 3/13 from 10.0.0.1\tproven\tjp1-itdm\tmanager-multi-management/2\t"
        "jp1-itdm/manager-multi-management/2\tmgr01|manager|jp1-itdm/manager-multi-management/2|31000\tno\t"
        "2026-12-31\t-\n"
        "pc0117\t10.0.2.17\ttcp\t5517..5555/2\t5517\tconforming\tOK\taccepted\tnone\tnone\t-\topen, 0.3 ms\tproven\t"
        "jp1-itdm\tagent/1\tjp1-itdm/agent/1\tpc0117|agent|jp1-itdm/agent/1|5517..5555/2\tyes\t-\tproven in 3 of 12 "
        "looks\n");
    text_done(&out);
}

static void tabs_and_newlines_in_data_split_nothing(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding hostile = told_filtered();
    hostile.listener = "a\tb\nc\rd\x01\xc3";
    hostile.probe = "";
    told_add(&told, &hostile);
    struct text out = tsv_of(&told, &(const struct tell_options){0});
    const char *line = text_string(&out) + strlen(HEADER);
    size_t tabs = 0;
    size_t lines = 0;
    for (const char *at = line; *at != '\0'; at++) {
        tabs += *at == '\t';
        lines += *at == '\n';
    }
    assert_int_equal(tabs, 19);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(line, "\ta\\tb\\nc\\rd\\x01\\xc3\t-\t"));
    text_done(&out);
}

static void the_filter_holds_and_an_empty_answer_keeps_its_header(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding filtered = told_filtered();
    told_add(&told, &filtered);
    struct text out = tsv_of(&told, &(const struct tell_options){.filter.host = "pc0117"});
    assert_string_equal(text_string(&out), HEADER);
    text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finding_is_a_line),
        cmocka_unit_test(tabs_and_newlines_in_data_split_nothing),
        cmocka_unit_test(the_filter_holds_and_an_empty_answer_keeps_its_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

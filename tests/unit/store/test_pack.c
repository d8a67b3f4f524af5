/* Packing: every member of a finding and of an event comes back; a member that was forgotten is noticed here. */
#include "store_world.h"

#include "pack.h"

enum { MOST_FIELDS = 64 };

static int by_offset(const void *a, const void *b)
{
    const struct pack_field *one = a, *other = b;
    return one->offset < other->offset ? -1 : 1;
}

/* The members of the table lie side by side in the structure; between two of them there is at most padding, which is
 * smaller than the alignment of the second. */
static void no_member_of_a_finding_is_forgotten(void **state)
{
    (void)state;
    size_t count;
    const struct pack_field *fields = pack_finding_fields(&count);
    struct pack_field sorted[MOST_FIELDS];
    assert_true(count < MOST_FIELDS);
    memcpy(sorted, fields, count * sizeof *fields);
    qsort(sorted, count, sizeof *sorted, by_offset);
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        size_t alignment = sorted[i].kind == PACK_ADDRESS ? _Alignof(struct address) : sorted[i].size;
        assert_true(sorted[i].offset >= end);
        assert_true(sorted[i].offset - end < alignment);
        end = sorted[i].offset + sorted[i].size;
    }
    /* what follows is good for the plan that it was judged from, and for no other run */
    assert_true(offsetof(struct finding, seen) - end < _Alignof(struct finding));
    assert_int_equal(offsetof(struct finding, expectation), offsetof(struct finding, seen) + sizeof(uint64_t));
    assert_int_equal(sizeof(struct finding), offsetof(struct finding, expectation) + sizeof(size_t));
}

/* A finding in which every member has a value of its own; texts are the member's name. */
static struct finding finding_full(struct arena *arena)
{
    size_t count;
    const struct pack_field *fields = pack_finding_fields(&count);
    struct finding finding = {.key = NULL};
    for (size_t i = 0; i < count; i++) {
        const struct pack_field *field = &fields[i];
        void *member = (char *)&finding + field->offset;
        unsigned number = (unsigned)i + 1;
        const unsigned one = 1;
        struct address address;
        const char *text;
        switch (field->kind) {
        case PACK_TEXT:
            text = arena_printf(arena, "%s \"%zu\" \xc3\xa9\xe6\x97\xa5", field->name, i);
            memcpy(member, &text, sizeof text);
            break;
        case PACK_WORD:
            memcpy(member, strcmp(field->words, "verdict") == 0 ? &(unsigned){3 + number % 10} : &one, sizeof one);
            break;
        case PACK_TRANSPORT:
            memcpy(member, &(enum transport){TRANSPORT_UDP}, sizeof(enum transport));
            break;
        case PACK_ADDRESS:
            assert_int_equal(address_parse(number % 2 ? "2001:db8::5" : "192.0.2.7", &address), 0);
            memcpy(member, &address, sizeof address);
            break;
        case PACK_U16:
            memcpy(member, &(uint16_t){65535}, sizeof(uint16_t));
            break;
        case PACK_UNSIGNED:
            memcpy(member, &(unsigned){UINT32_MAX - number}, sizeof number);
            break;
        case PACK_I64:
            memcpy(member, &(int64_t){INT64_MAX - number}, sizeof(int64_t));
            break;
        case PACK_BOOL:
            memcpy(member, &(bool){true}, sizeof(bool));
            break;
        }
    }
    return finding;
}

static void every_member_of_a_finding_comes_back(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct finding finding = finding_full(arena), back;
    char *text;
    assert_int_equal(pack_finding(&finding, &text), 0);
    assert_int_equal(unpack_finding(text, strlen(text), &back, arena), 0);
    assert_false(pack_findings_differ(&finding, &back, true));
    size_t count;
    const struct pack_field *fields = pack_finding_fields(&count);
    for (size_t i = 0; i < count; i++) { /* each alone makes a difference, and its loss would be seen */
        struct finding other = back;
        memset((char *)&other + fields[i].offset, 0, fields[i].size);
        assert_true(pack_findings_differ(&finding, &other, true));
        assert_int_equal(pack_findings_differ(&finding, &other, false), !fields[i].passing);
    }
    free(text);
    arena_free(arena);
}

static void what_is_nothing_stays_nothing(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct finding finding = {.key = "-|-|x"}, back;
    char *text;
    assert_int_equal(pack_finding(&finding, &text), 0);
    assert_string_equal(text, "{\"key\":\"-|-|x\"}");
    memset(&back, 0xff, sizeof back);
    assert_int_equal(unpack_finding(text, strlen(text), &back, arena), 0);
    assert_false(pack_findings_differ(&finding, &back, true));
    free(text);
    arena_free(arena);
}

static void a_finding_differs_by_what_matters(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct finding a = finding_full(arena), b = a;
    b.observed_ms++;
    b.looks++;
    b.probe = "established in 0.4 ms";
    assert_false(pack_findings_differ(&a, &b, false));
    assert_true(pack_findings_differ(&a, &b, true));
    b.pending_looks++;
    assert_true(pack_findings_differ(&a, &b, false));
    arena_free(arena);
}

static void every_member_of_an_event_comes_back(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct finding finding = finding_full(arena);
    for (int code = 1; code < EVENT_KINDS; code++) {
        struct event *event = event_new((enum event_kind)code, (struct moment){.mono_ms = 5, .wall_ms = 1700000000123});
        struct event_texts texts = {.site = "osaka",
                                    .vantage = "mon1",
                                    .message = "a | \"b\"",
                                    .owner = "noc@example.jp",
                                    .target = "siem",
                                    .finding = code % 2 ? &finding : NULL};
        assert_int_equal(event_fill(event, &texts), 0);
        event->level = 3;
        event->was = VERDICT_UNREACHABLE;
        event->from = 1;
        event->to = UINT64_C(1) << 60;
        event->count = 7;
        char *text;
        struct event *back = NULL;
        assert_int_equal(pack_event(event, &text), 0);
        assert_int_equal(unpack_event(text, strlen(text), &back), 0);
        assert_int_equal(back->kind, event->kind);
        assert_int_equal(back->at.wall_ms, event->at.wall_ms);
        assert_int_equal(back->at.mono_ms, 0);
        assert_int_equal(back->level, 3);
        assert_string_equal(back->site, "osaka");
        assert_string_equal(back->vantage, "mon1");
        assert_string_equal(back->message, "a | \"b\"");
        assert_string_equal(back->owner, "noc@example.jp");
        assert_string_equal(back->target, "siem");
        assert_int_equal(back->was, VERDICT_UNREACHABLE);
        assert_int_equal(back->from, 1);
        assert_true(back->to == UINT64_C(1) << 60);
        assert_int_equal(back->count, 7);
        assert_int_equal(back->finding != NULL, code % 2);
        if (back->finding != NULL)
            assert_false(pack_findings_differ(&finding, back->finding, true));
        free(text);
        event_unref(event);
        event_unref(back);
    }
    arena_free(arena);
}

static void octets_that_are_no_text_are_escaped(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct finding finding = {.key = "k", .detail = "bad \xff octet"}, back;
    char *text;
    assert_int_equal(pack_finding(&finding, &text), 0);
    assert_int_equal(unpack_finding(text, strlen(text), &back, arena), 0);
    assert_string_equal(back.detail, "bad \\xff octet");
    free(text);
    arena_free(arena);
}

static int unpack(const char *text)
{
    struct event *event = NULL;
    int r = unpack_event(text, strlen(text), &event);
    event_unref(event);
    return r;
}

static void another_version_may_have_written_it(void **state)
{
    (void)state;
    assert_int_equal(unpack("{\"kind\":\"STORM\",\"count\":3,\"colour\":[1,{}],\"at\":1}"), 0);
    assert_int_equal(unpack("{\"kind\":\"RAISED\",\"finding\":{\"key\":\"k\",\"depth\":3}}"), 0);
    assert_int_equal(unpack("{\"kind\":\"LAUNCHED\"}"), -EINVAL);
    assert_int_equal(unpack("{\"kind\":\"RAISED\",\"finding\":{\"key\":\"k\",\"verdict\":\"haunted\"}}"), -EINVAL);
}

static void what_is_damaged_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "7",
        "{}",
        "{\"kind\":7}",
        "{\"kind\":\"STORM\",\"count\":-1}",
        "{\"kind\":\"STORM\",\"count\":1.5}",
        "{\"kind\":\"STORM\",\"count\":99999999999999999999}",
        "{\"kind\":\"STORM\",\"level\":8}",
        "{\"kind\":\"STORM\",\"message\":7}",
        "{\"kind\":\"STORM\",\"was\":\"MISSING\"}",
        "{\"kind\":\"STORM\",\"message\":\"\\u0000\"}",
        "{\"kind\":\"STORM\",\"finding\":7}",
        "{\"kind\":\"STORM\",\"finding\":{}}",
        "{\"kind\":\"STORM\",\"finding\":{\"key\":\"k\",\"port\":65536}}",
        "{\"kind\":\"STORM\",\"finding\":{\"key\":\"k\",\"looks\":4294967296}}",
        "{\"kind\":\"STORM\",\"finding\":{\"key\":\"k\",\"held\":1}}",
        "{\"kind\":\"STORM\",\"finding\":{\"key\":\"k\",\"address\":\"10.0.0\"}}",
        "{\"kind\":\"STORM\",\"finding\":{\"key\":\"k\",\"transport\":\"sctp\"}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(unpack(bad[i]), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_member_of_a_finding_is_forgotten), cmocka_unit_test(every_member_of_a_finding_comes_back),
        cmocka_unit_test(what_is_nothing_stays_nothing),       cmocka_unit_test(a_finding_differs_by_what_matters),
        cmocka_unit_test(every_member_of_an_event_comes_back), cmocka_unit_test(octets_that_are_no_text_are_escaped),
        cmocka_unit_test(another_version_may_have_written_it), cmocka_unit_test(what_is_damaged_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The objects of PORTCONFORM-MIB: two tables say what each scalar and each column is made of, the rest is look-up. */
#include "objects.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BRANCH_GENERAL = 1, BRANCH_FINDINGS = 2, FINDING_ENTRY = 1 };
enum { ADMIN_STRING_MAX = 255, TEXT_MAX = 1024 }; /* SnmpAdminString, PcText */
enum { TRUTH_TRUE = 1, TRUTH_FALSE = 2 };         /* RFC 2579 */

/* --- values ------------------------------------------------------------------------------------------------------ */

static void value_integer(struct mib_value *ret, int64_t number)
{
    ret->type = MIB_INTEGER;
    ret->number = number;
}

static void value_gauge(struct mib_value *ret, uint64_t number)
{
    ret->type = MIB_GAUGE;
    ret->number = number > UINT32_MAX ? UINT32_MAX : (int64_t)number;
}

static void value_octets(struct mib_value *ret, const void *octets, size_t length)
{
    ret->type = MIB_OCTETS;
    ret->octets = octets;
    ret->length = length;
}

/* Cut, where it must be, before the first octet of a UTF-8 character. */
static void value_text(struct mib_value *ret, const char *text, size_t max)
{
    size_t length = text == NULL ? 0 : strlen(text);
    if (length > max) {
        length = max;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    value_octets(ret, text == NULL ? "" : text, length);
}

/* DateAndTime of RFC 2579 in local time with its offset; eight zeros stand for "not known". */
static void value_date(struct mib_value *ret, int64_t wall_ms)
{
    memset(ret->buffer, 0, sizeof(ret->buffer));
    value_octets(ret, ret->buffer, 8);
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    if (wall_ms <= 0 || localtime_r(&seconds, &tm) == NULL)
        return;
    unsigned year = (unsigned)tm.tm_year + 1900;
    long offset = tm.tm_gmtoff < 0 ? -tm.tm_gmtoff : tm.tm_gmtoff;
    unsigned char *octet = ret->buffer;
    *octet++ = (unsigned char)(year >> 8);
    *octet++ = (unsigned char)(year & 0xFF);
    *octet++ = (unsigned char)(tm.tm_mon + 1);
    *octet++ = (unsigned char)tm.tm_mday;
    *octet++ = (unsigned char)tm.tm_hour;
    *octet++ = (unsigned char)tm.tm_min;
    *octet++ = (unsigned char)tm.tm_sec;
    *octet++ = (unsigned char)(wall_ms % 1000 / 100);
    *octet++ = tm.tm_gmtoff < 0 ? '-' : '+';
    *octet++ = (unsigned char)(offset / 3600);
    *octet++ = (unsigned char)(offset / 60 % 60);
    ret->length = (size_t)(octet - ret->buffer);
}

/* InetAddressType of RFC 4001. A zone makes it ipv6z: sixteen octets, then four of zone index. */
enum { INET_UNKNOWN = 0, INET_IPV4 = 1, INET_IPV6 = 2, INET_IPV6Z = 4 };

static int inet_type(const struct address *address)
{
    if (address->family == AF_INET)
        return INET_IPV4;
    if (address->family == AF_INET6)
        return address->zone == 0 ? INET_IPV6 : INET_IPV6Z;
    return INET_UNKNOWN;
}

static void value_address(struct mib_value *ret, const struct address *address)
{
    static const unsigned char lengths[] = {[INET_UNKNOWN] = 0, [INET_IPV4] = 4, [INET_IPV6] = 16, [INET_IPV6Z] = 20};
    uint32_t zone = htonl(address->zone);
    memcpy(ret->buffer, address->octets, 16);
    memcpy(ret->buffer + 16, &zone, 4);
    value_octets(ret, ret->buffer, lengths[inet_type(address)]);
}

/* --- scalars ----------------------------------------------------------------------------------------------------- */

static void scalar_version(const struct mib_view *view, struct moment now, struct mib_value *ret)
{
    (void)view, (void)now;
    value_text(ret, PC_VERSION, ADMIN_STRING_MAX);
}

static void scalar_site(const struct mib_view *view, struct moment now, struct mib_value *ret)
{
    (void)now;
    value_text(ret, view->snapshot == NULL ? NULL : view->snapshot->site, ADMIN_STRING_MAX);
}

static void scalar_vantage(const struct mib_view *view, struct moment now, struct mib_value *ret)
{
    (void)now;
    value_text(ret, view->snapshot == NULL ? NULL : view->snapshot->vantage, ADMIN_STRING_MAX);
}

static void scalar_config_hash(const struct mib_view *view, struct moment now, struct mib_value *ret)
{
    (void)now;
    value_text(ret, view->snapshot == NULL ? NULL : view->snapshot->config_hash, ADMIN_STRING_MAX);
}

static void scalar_finished(const struct mib_view *view, struct moment now, struct mib_value *ret)
{
    (void)now;
    value_date(ret, view->snapshot == NULL ? 0 : view->snapshot->finished.wall_ms);
}

static void scalar_age(const struct mib_view *view, struct moment now, struct mib_value *ret)
{
    if (view->snapshot == NULL) {
        value_gauge(ret, UINT32_MAX);
        return;
    }
    int64_t age_ms = now.mono_ms - view->snapshot->finished.mono_ms;
    value_gauge(ret, age_ms < 0 ? 0 : (uint64_t)age_ms / 1000);
}

static void scalar_duration(const struct mib_view *view, struct moment now, struct mib_value *ret)
{
    (void)now;
    bool known = view->snapshot != NULL && view->snapshot->took_ms > 0;
    value_gauge(ret, known ? (uint64_t)view->snapshot->took_ms : 0);
}

static void scalar_severity(const struct mib_view *view, struct moment now, struct mib_value *ret)
{
    (void)now;
    value_integer(ret, view->snapshot == NULL ? SEVERITY_UNKNOWN : view->tally.worst);
}

static void scalar_hosts(const struct mib_view *view, struct moment now, struct mib_value *ret)
{
    (void)now;
    value_gauge(ret, view->snapshot == NULL ? 0 : view->snapshot->host_count);
}

/* Element ID - 1 is the scalar ID: a function, or the place of a count in the tally. */
static const struct {
    void (*make)(const struct mib_view *view, struct moment now, struct mib_value *ret);
    size_t count;
} scalars[] = {
    {.make = scalar_version},
    {.make = scalar_site},
    {.make = scalar_vantage},
    {.make = scalar_finished},
    {.make = scalar_age},
    {.make = scalar_duration},
    {.make = scalar_severity},
    {.make = scalar_config_hash},
    {.make = scalar_hosts},
    {.count = offsetof(struct tally, expectations)},
    {.count = offsetof(struct tally, verdicts[VERDICT_CONFORMING])},
    {.count = offsetof(struct tally, nonconforming)},
    {.count = offsetof(struct tally, verdicts[VERDICT_UNPROVEN])},
    {.count = offsetof(struct tally, verdicts[VERDICT_UNSEEN])},
    {.count = offsetof(struct tally, unknown)},
    {.count = offsetof(struct tally, unexpected)},
    {.count = offsetof(struct tally, waived)},
    {.count = offsetof(struct tally, held)},
};
enum { SCALAR_COUNT = sizeof(scalars) / sizeof(scalars[0]) };

static void scalar_make(const struct mib_view *view, struct moment now, unsigned long id, struct mib_value *ret)
{
    if (scalars[id - 1].make != NULL) {
        scalars[id - 1].make(view, now, ret);
        return;
    }
    size_t count;
    memcpy(&count, (const char *)&view->tally + scalars[id - 1].count, sizeof(count));
    value_gauge(ret, count);
}

/* --- columns ----------------------------------------------------------------------------------------------------- */

enum cell_kind { CELL_NAME, CELL_TEXT, CELL_CODE, CELL_FLAG, CELL_DATE, CELL_PORT, CELL_ADDRESS_TYPE, CELL_ADDRESS };

static_assert(sizeof(enum verdict) == sizeof(unsigned) && sizeof(enum transport) == sizeof(unsigned),
              "a code is read from the finding as an unsigned");

/* Element ID - FIRST_COLUMN is the column ID; column 1, the index, is not accessible. */
enum { FIRST_COLUMN = 2 };
#define COLUMN(kind, member)                                                                                           \
    {                                                                                                                  \
        CELL_##kind, offsetof(struct finding, member)                                                                  \
    }
static const struct {
    enum cell_kind kind;
    size_t member;
} columns[] = {
    COLUMN(TEXT, key),        COLUMN(NAME, host),      COLUMN(NAME, role),     COLUMN(ADDRESS_TYPE, address),
    COLUMN(ADDRESS, address), COLUMN(CODE, transport), COLUMN(NAME, ports),    COLUMN(PORT, port),
    COLUMN(CODE, verdict),    COLUMN(CODE, was),       COLUMN(CODE, severity), COLUMN(CODE, reason),
    COLUMN(CODE, blame),      COLUMN(CODE, class),     COLUMN(DATE, since_ms), COLUMN(NAME, guide),
    COLUMN(NAME, ref),        COLUMN(TEXT, listener),  COLUMN(TEXT, probe),    COLUMN(TEXT, detail),
    COLUMN(FLAG, held),       COLUMN(FLAG, waived),
};
enum { LAST_COLUMN = FIRST_COLUMN + sizeof(columns) / sizeof(columns[0]) - 1 };

static void cell_make(const struct finding *finding, unsigned long column, struct mib_value *ret)
{
    const void *member = (const char *)finding + columns[column - FIRST_COLUMN].member;
    switch (columns[column - FIRST_COLUMN].kind) {
    case CELL_NAME:
        value_text(ret, *(const char *const *)member, ADMIN_STRING_MAX);
        break;
    case CELL_TEXT:
        value_text(ret, *(const char *const *)member, TEXT_MAX);
        break;
    case CELL_CODE:
        value_integer(ret, *(const unsigned *)member);
        break;
    case CELL_FLAG:
        value_integer(ret, *(const bool *)member ? TRUTH_TRUE : TRUTH_FALSE);
        break;
    case CELL_DATE:
        value_date(ret, *(const int64_t *)member);
        break;
    case CELL_PORT:
        value_gauge(ret, *(const uint16_t *)member);
        break;
    case CELL_ADDRESS_TYPE:
        value_integer(ret, inet_type(member));
        break;
    case CELL_ADDRESS:
        value_address(ret, member);
        break;
    }
}

/* --- look-up ----------------------------------------------------------------------------------------------------- */

/* The first row whose index is at least `index`. */
static size_t row_at_least(const struct mib_view *view, unsigned long index)
{
    size_t low = 0, high = view->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (view->rows[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum mib_answer mib_get(const struct mib_view *view, struct moment now, const unsigned long *oid, size_t length,
                        struct mib_value *ret)
{
    if (length >= 2 && oid[0] == BRANCH_GENERAL && oid[1] >= 1 && oid[1] <= SCALAR_COUNT) {
        if (length != 3 || oid[2] != 0)
            return MIB_NO_INSTANCE;
        scalar_make(view, now, oid[1], ret);
        return MIB_FOUND;
    }
    if (length < 3 || oid[0] != BRANCH_FINDINGS || oid[1] != FINDING_ENTRY || oid[2] < FIRST_COLUMN ||
        oid[2] > LAST_COLUMN)
        return MIB_NO_OBJECT;
    if (length != 4)
        return MIB_NO_INSTANCE;
    size_t row = row_at_least(view, oid[3]);
    if (row == view->count || view->rows[row].index != oid[3])
        return MIB_NO_INSTANCE;
    cell_make(view->rows[row].finding, oid[2], ret);
    return MIB_FOUND;
}

/* <0, 0, >0; a prefix comes before what it begins. */
static int oid_compare(const unsigned long *a, size_t a_length, const unsigned long *b, size_t b_length)
{
    for (size_t i = 0; i < a_length && i < b_length; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return (a_length > b_length) - (a_length < b_length);
}

static bool next_scalar(const struct mib_view *view, struct moment now, const unsigned long *oid, size_t length,
                        struct mib_instance *ret)
{
    for (unsigned long id = 1; id <= SCALAR_COUNT; id++) {
        const unsigned long instance[] = {BRANCH_GENERAL, id, 0};
        if (oid_compare(instance, 3, oid, length) <= 0)
            continue;
        memcpy(ret->oid, instance, sizeof(instance));
        ret->length = 3;
        scalar_make(view, now, id, &ret->value);
        return true;
    }
    return false;
}

/* The row that follows `oid` in a column: the first one, one after the index in `oid`, or none (view->count). */
static size_t next_row(const struct mib_view *view, unsigned long column, const unsigned long *oid, size_t length)
{
    const unsigned long prefix[] = {BRANCH_FINDINGS, FINDING_ENTRY, column};
    if (oid_compare(prefix, 3, oid, length) >= 0)
        return 0;
    if (length < 4 || oid_compare(prefix, 3, oid, 3) != 0 || oid[3] >= UINT32_MAX)
        return view->count;
    return row_at_least(view, oid[3] + 1);
}

bool mib_next(const struct mib_view *view, struct moment now, const unsigned long *oid, size_t length,
              struct mib_instance *ret)
{
    if (next_scalar(view, now, oid, length, ret))
        return true;
    for (unsigned long column = FIRST_COLUMN; column <= LAST_COLUMN; column++) {
        size_t row = next_row(view, column, oid, length);
        if (row >= view->count)
            continue;
        const unsigned long instance[] = {BRANCH_FINDINGS, FINDING_ENTRY, column, view->rows[row].index};
        memcpy(ret->oid, instance, sizeof(instance));
        ret->length = 4;
        cell_make(view->rows[row].finding, column, &ret->value);
        return true;
    }
    return false;
}

/* --- views ------------------------------------------------------------------------------------------------------- */

static int row_by_key(const void *a, const void *b)
{
    const struct mib_row *one = a, *other = b;
    return strcmp(one->finding->key, other->finding->key);
}

static int row_by_index(const void *a, const void *b)
{
    const struct mib_row *one = a, *other = b;
    return (one->index > other->index) - (one->index < other->index);
}

/* A row for each finding, by key, without those whose key came before; numbers come later. Returns how many. */
static size_t collect(const struct snapshot *snapshot, struct mib_row *rows)
{
    size_t count = 0, unique = 0;
    for (size_t b = 0; b < snapshot->block_count; b++) {
        for (size_t i = 0; i < snapshot->blocks[b]->count; i++)
            rows[count++].finding = &snapshot->blocks[b]->items[i];
    }
    qsort(rows, count, sizeof(*rows), row_by_key);
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || row_by_key(&rows[unique - 1], &rows[i]) != 0)
            rows[unique++] = rows[i];
    }
    return unique;
}

static int number_rows(struct mib_view *view, struct numbering *numbering)
{
    size_t total = 0;
    for (size_t b = 0; b < view->snapshot->block_count; b++)
        total += view->snapshot->blocks[b]->count;
    const char **keys = calloc(total + 1, sizeof(const char *));
    uint32_t *indexes = calloc(total + 1, sizeof(*indexes));
    view->rows = calloc(total + 1, sizeof(*view->rows));
    int result = -ENOMEM;
    if (keys == NULL || indexes == NULL || view->rows == NULL)
        goto out;
    total = collect(view->snapshot, view->rows);
    for (size_t i = 0; i < total; i++)
        keys[i] = view->rows[i].finding->key;
    result = numbering_assign(numbering, keys, total, indexes);
    if (result < 0)
        goto out;
    for (size_t i = 0; i < total; i++) {
        if (indexes[i] != 0)
            view->rows[view->count++] = (struct mib_row){indexes[i], view->rows[i].finding};
    }
    qsort(view->rows, view->count, sizeof(*view->rows), row_by_index);
out:
    free(keys);
    free(indexes);
    return result;
}

int mib_view_new(struct snapshot *snapshot, struct numbering *numbering, struct mib_view **ret)
{
    struct mib_view *view = calloc(1, sizeof(*view));
    if (view == NULL)
        return -ENOMEM;
    if (snapshot != NULL) {
        view->snapshot = snapshot_ref(snapshot);
        view->tally = snapshot_tally(snapshot, NULL);
        int result = number_rows(view, numbering);
        if (result < 0) {
            mib_view_free(view);
            return result;
        }
    }
    *ret = view;
    return 0;
}

void mib_view_free(struct mib_view *view)
{
    if (view == NULL)
        return;
    free(view->rows);
    snapshot_unref(view->snapshot);
    free(view);
}

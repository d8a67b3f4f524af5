/* A manager that reads a table as a good one does: all columns of a request at once, by GETBULK. All of it, or so many
 * rows behind an index.
 *
 *     snmp_columns AGENT ENTRY-OID COLUMN[,COLUMN...] [INDEX.INDEX ROWS]
 *
 * Prints "VARBINDS ROWS MICROSECONDS". */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS_MAX = 32, REPETITIONS = 8 };

struct column {
    oid name[MAX_OID_LEN]; /* where the next request goes on */
    size_t length;
};

static void fail(const char *what)
{
    fprintf(stderr, "snmp_columns: %s\n", what);
    exit(EXIT_FAILURE);
}

static size_t read_columns(const char *entry, char *list, struct column *columns, size_t *ret_root)
{
    size_t count = 0;
    for (char *word = strtok(list, ","); word != NULL; word = strtok(NULL, ",")) {
        struct column *column = &columns[count];
        column->length = MAX_OID_LEN;
        if (count++ == COLUMNS_MAX || !read_objid(entry, column->name, &column->length))
            fail("arguments");
        column->name[column->length++] = strtoul(word, NULL, 10);
        *ret_root = column->length;
    }
    return count;
}

static netsnmp_pdu *ask(netsnmp_session *session, const struct column *columns, size_t count)
{
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETBULK), *answer = NULL;
    pdu->non_repeaters = 0;
    pdu->max_repetitions = REPETITIONS;
    for (size_t i = 0; i < count; i++)
        snmp_add_null_var(pdu, columns[i].name, columns[i].length);
    if (snmp_synch_response(session, pdu, &answer) != STAT_SUCCESS || answer->errstat != SNMP_ERR_NOERROR)
        fail("no answer");
    return answer;
}

/* Takes the answer in. Returns the number of varbinds in the columns; fewer than came: the table has ended. */
static size_t take(const netsnmp_pdu *answer, struct column *columns, size_t count, size_t root, bool *ret_more)
{
    size_t good = 0, at = 0;
    *ret_more = false;
    for (const netsnmp_variable_list *variable = answer->variables; variable != NULL;
         variable = variable->next_variable) {
        struct column *column = &columns[at++ % count];
        bool inside = variable->type != SNMP_ENDOFMIBVIEW && variable->name_length > root &&
                      memcmp(variable->name, column->name, root * sizeof(oid)) == 0;
        if (!inside)
            return good;
        memcpy(column->name, variable->name, variable->name_length * sizeof(oid));
        column->length = variable->name_length;
        good++;
    }
    *ret_more = good > 0 && good % count == 0;
    return good;
}

int main(int argc, char **argv)
{
    struct column columns[COLUMNS_MAX];
    netsnmp_session template, *session;
    struct timespec begin, end;
    size_t root = 0, varbinds = 0;
    bool more = true;
    unsigned long host = 0, row = 0, most = 0;
    if (argc != 4 &&
        (argc != 6 || sscanf(argv[4], "%lu.%lu", &host, &row) != 2 || (most = strtoul(argv[5], NULL, 10)) == 0))
        fail("arguments");
    setenv("MIBS", "", 1);
    init_snmp("snmp_columns");
    size_t count = read_columns(argv[2], argv[3], columns, &root);
    for (size_t i = 0; host != 0 && i < count; i++) {
        columns[i].name[columns[i].length++] = host;
        columns[i].name[columns[i].length++] = row;
    }
    snmp_sess_init(&template);
    template.version = SNMP_VERSION_2c;
    template.peername = argv[1];
    template.community = (u_char *)"public";
    template.community_len = 6;
    template.timeout = 60 * 1000000L;
    template.retries = 0;
    session = snmp_open(&template);
    if (session == NULL)
        fail("cannot open");
    clock_gettime(CLOCK_MONOTONIC, &begin);
    while (more && (most == 0 || varbinds < most * count)) {
        netsnmp_pdu *answer = ask(session, columns, count);
        varbinds += take(answer, columns, count, root, &more);
        snmp_free_pdu(answer);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%zu %zu %lld\n", varbinds, varbinds / count,
           (end.tv_sec - begin.tv_sec) * 1000000LL + (end.tv_nsec - begin.tv_nsec) / 1000);
    snmp_close(session);
    return EXIT_SUCCESS;
}

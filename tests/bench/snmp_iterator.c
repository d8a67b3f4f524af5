/* The same kind of table as most subagents have it: net-snmp's table_iterator over a list. The other side of a
 * measurement.
 *
 *     snmp_iterator SOCKET ROWS
 *
 * Serves .1.3.6.1.4.1.8072.9999.9998.1 with twelve columns of text. Ends with its input. */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST_COLUMN = 2, LAST_COLUMN = 13 };

struct row {
    long index;
    struct row *next;
};
static struct row *first;

static netsnmp_variable_list *next_row(void **loop, void **data, netsnmp_variable_list *index,
                                       netsnmp_iterator_info *info)
{
    (void)info;
    struct row *row = *loop;
    if (row == NULL)
        return NULL;
    *data = row;
    *loop = row->next;
    snmp_set_var_value(index, &row->index, sizeof(row->index));
    return index;
}

static netsnmp_variable_list *first_row(void **loop, void **data, netsnmp_variable_list *index,
                                        netsnmp_iterator_info *info)
{
    *loop = first;
    return next_row(loop, data, index, info);
}

static int on_request(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                      netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    static const char text[] = "what a cell says";
    (void)handler, (void)registration;
    for (netsnmp_request_info *request = requests; request != NULL; request = request->next) {
        if (netsnmp_extract_iterator_context(request) != NULL && info->mode == MODE_GET)
            snmp_set_var_typed_value(request->requestvb, ASN_OCTET_STR, text, sizeof(text) - 1);
    }
    return SNMP_ERR_NOERROR;
}

static void serve_table(void)
{
    const oid name[] = {1, 3, 6, 1, 4, 1, 8072, 9999, 9998, 1};
    netsnmp_table_registration_info *table = SNMP_MALLOC_TYPEDEF(netsnmp_table_registration_info);
    netsnmp_iterator_info *iterator = SNMP_MALLOC_TYPEDEF(netsnmp_iterator_info);
    netsnmp_table_helper_add_indexes(table, ASN_INTEGER, 0);
    table->min_column = FIRST_COLUMN;
    table->max_column = LAST_COLUMN;
    iterator->get_first_data_point = first_row;
    iterator->get_next_data_point = next_row;
    iterator->table_reginfo = table;
    netsnmp_register_table_iterator2(
        netsnmp_create_handler_registration("iterated", on_request, name, OID_LENGTH(name), HANDLER_CAN_RONLY),
        iterator);
}

static void *end_with_input(void *context)
{
    char octet;
    while (read(STDIN_FILENO, &octet, 1) > 0)
        ;
    _exit(EXIT_SUCCESS);
    return context;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (argc != 3)
        return EXIT_FAILURE;
    for (long i = strtol(argv[2], NULL, 10); i > 0; i--) {
        struct row *row = malloc(sizeof(*row));
        if (row == NULL)
            return EXIT_FAILURE;
        *row = (struct row){i, first};
        first = row;
    }
    setenv("MIBS", "", 1);
    netsnmp_enable_subagent();
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, argv[1]);
    init_agent("snmp_iterator");
    serve_table();
    init_snmp("snmp_iterator");
    if (pthread_create(&thread, NULL, end_with_input, NULL) != 0)
        return EXIT_FAILURE;
    puts("ready");
    fflush(stdout);
    for (;;)
        agent_check_and_process(1);
}

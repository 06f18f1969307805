#include "machine.h"
#include "types.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line is a value of a few hundred bytes; the largest array of the lab is far below this. */
enum { LONGEST_LINE = 1 << 20 };

void
machine_fail(const char *file, int line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void
machine_need(UA_StatusCode status, const char *what) {
    if(status != UA_STATUSCODE_GOOD)
        FAIL("%s: %s", what, UA_StatusCode_name(status));
}

static UA_NodeId
parse_node_id(const char *text) {
    UA_NodeId id;
    machine_need(UA_NodeId_parse(&id, UA_STRING((char *)(uintptr_t)text)), text);
    return id;
}

void
machine_add_variable(UA_Server *server, char *node_id, char *name, char *data_type, int rank) {
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    attributes.displayName = UA_LOCALIZEDTEXT("", name);
    attributes.dataType = parse_node_id(data_type);
    attributes.valueRank = rank;
    attributes.accessLevel = UA_ACCESSLEVELMASK_READ;
    /* 0: every change is reported as such (Part 3 §5.6.2). */
    attributes.minimumSamplingInterval = 0.0;
    /* One dimension of any length per rank. */
    UA_UInt32 any_length[3] = {0, 0, 0};
    if(rank > 3)
        FAIL("%s: no more than 3 dimensions", node_id);
    if(rank > 0) {
        attributes.arrayDimensions = any_length;
        attributes.arrayDimensionsSize = (size_t)rank;
    }
    UA_NodeId id = parse_node_id(node_id);
    machine_need(UA_Server_addVariableNode(server, id, UA_NODEID_NUMERIC(0, UA_NS0ID_OBJECTSFOLDER),
                                           UA_NODEID_NUMERIC(0, UA_NS0ID_ORGANIZES),
                                           UA_QUALIFIEDNAME(id.namespaceIndex, name),
                                           UA_NODEID_NUMERIC(0, UA_NS0ID_BASEDATAVARIABLETYPE),
                                           attributes, NULL, NULL),
                 node_id);
    UA_NodeId_clear(&id);
}

static void
change(UA_Server *server, char *line) {
    char *json = strchr(line, '\t');
    if(json == NULL)
        FAIL("neither `round` nor NODEID TAB DATAVALUE: %s", line);
    *json++ = '\0';
    UA_DecodeJsonOptions options;
    memset(&options, 0, sizeof(options));
    options.customTypes = UA_Server_getConfig(server)->customDataTypes;
    UA_DataValue value;
    const UA_ByteString text = UA_STRING(json);
    machine_need(UA_decodeJson(&text, &value, &UA_TYPES[UA_TYPES_DATAVALUE], &options), json);
    UA_NodeId id = parse_node_id(line);
    machine_need(machine_write(server, id, &value), json);
    UA_NodeId_clear(&id);
    UA_DataValue_clear(&value);
}

unsigned long
machine_listen(UA_Server *server, bool wait) {
    static char buffer[LONGEST_LINE];
    static size_t filled;
    static unsigned long rounds;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    int ready = poll(&input, 1, wait ? -1 : 0);
    if(ready < 0)
        FAIL("poll: %m");
    if(ready == 0)
        return rounds;
    ssize_t got = read(STDIN_FILENO, buffer + filled, sizeof(buffer) - 1 - filled);
    if(got < 0)
        FAIL("stdin: %m");
    if(got == 0)
        exit(0);
    filled += (size_t)got;
    buffer[filled] = '\0';

    char *line = buffer;
    for(char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if(strcmp(line, "round") == 0)
            printf("round %lu\n", ++rounds);
        else
            change(server, line);
    }
    filled -= (size_t)(line - buffer);
    if(filled == sizeof(buffer) - 1)
        FAIL("a line is longer than %d bytes", LONGEST_LINE);
    memmove(buffer, line, filled);
    return rounds;
}

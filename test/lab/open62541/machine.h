/* The demo machine's variables on an open62541 server, and the lines on stdin that change them. */
#ifndef MACHINE_H
#define MACHINE_H

#include <open62541/server.h>

/* Namespace 2; namespace 1 is the server's own. */
#define MACHINE_NAMESPACE "urn:demo-plant:machine"

/* What can't go on: said on stderr, and the program ends. The arguments are printf's. */
#define FAIL(...) machine_fail(__FILE__, __LINE__, __VA_ARGS__)
void machine_fail(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/* Throws away what can't fail in a working program: a status other than Good ends it. */
void machine_need(UA_StatusCode status, const char *what);

/* Ids as text: `ns=2;i=1`. */
void machine_add_variable(UA_Server *server, char *node_id, char *name, char *data_type, int rank);

/*
 * Reads what is there on stdin. A line is NODEID TAB DATAVALUE (OPC UA JSON, reversible) and changes that variable; a
 * line `round` is answered with `round N`: all changes before it are made. The end of stdin ends the program: the test
 * is gone. Returns the number of rounds so far.
 */
unsigned long machine_listen(UA_Server *server, bool wait);

#endif

/*
 * The demo machine's data types, as in demo-types.xml: an enumeration, nested structures, optional fields, a union.
 * open62541 reads neither unions nor optional fields from JSON: on stdin they are plain structures ("twins"), and what
 * the server keeps and sends is made of them here.
 */
#ifndef TYPES_H
#define TYPES_H

#include <open62541/server.h>

/* All of them, for the configuration of the server. */
extern const UA_DataTypeArray machine_types;

/* The nodes of the types and their encodings. Types with a definition show it (UA_ENABLE_TYPEDESCRIPTION). */
void machine_add_types(UA_Server *server);

/*
 * Writes a value; a twin as what it stands for, which the server copies. Everything else as it is.
 */
UA_StatusCode machine_write(UA_Server *server, UA_NodeId variable, UA_DataValue *value);

#endif

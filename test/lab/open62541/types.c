#include "types.h"
#include "machine.h"

#include <stdlib.h>

enum {
    MODE = 5001, POSITION, TOOL, READING, STATION, /* data types of namespace 2 */
    ENCODING = 100,                                /* from a data type to its binary encoding */
    TWIN = 1000                                    /* from a data type to its twin on stdin */
};

typedef struct {
    UA_Double x;
    UA_Float y;
} Position;

typedef struct {
    UA_String name;
    UA_Float *wear;
    UA_Int32 mode;
    UA_UInt64 *serial;
} Tool;

/* An optional field is a list with one element or none. */
typedef struct {
    UA_String name;
    size_t wear_size;
    UA_Float *wear;
    UA_Int32 mode;
    size_t serial_size;
    UA_UInt64 *serial;
} ToolTwin;

typedef struct {
    UA_UInt32 which; /* 1 number, 2 text, 3 place */
    union {
        UA_Double number;
        UA_String text;
        Position place;
    } held;
} Reading;

typedef struct {
    UA_UInt32 which;
    UA_Double number;
    UA_String text;
    Position place;
} ReadingTwin;

#define STATION_FIELDS(TOOL_TYPE, READING_TYPE) \
    UA_UInt32 number;                           \
    UA_Int32 mode;                              \
    Position home;                              \
    size_t path_size;                           \
    Position *path;                             \
    size_t tools_size;                          \
    TOOL_TYPE *tools;                           \
    READING_TYPE last;                          \
    UA_Double cycle;                            \
    UA_DateTime started;                        \
    size_t counts_size;                         \
    UA_Int64 *counts;                           \
    UA_LocalizedText note;

typedef struct { STATION_FIELDS(Tool, Reading) } Station;
typedef struct { STATION_FIELDS(ToolTwin, ReadingTwin) } StationTwin;

/* Where the gap before a field begins: behind the field before it. */
#define END(TYPE, FIELD) (offsetof(TYPE, FIELD) + sizeof(((TYPE *)0)->FIELD))
#define FIRST(TYPE, FIELD, NAME, OF) {NAME, OF, offsetof(TYPE, FIELD), false, false}
#define FIELD(TYPE, BEFORE, FIELD, NAME, OF) {NAME, OF, offsetof(TYPE, FIELD) - END(TYPE, BEFORE), false, false}
#define OPTIONAL(TYPE, BEFORE, FIELD, NAME, OF) {NAME, OF, offsetof(TYPE, FIELD) - END(TYPE, BEFORE), false, true}
#define LIST(TYPE, BEFORE, SIZE, NAME, OF) {NAME, OF, offsetof(TYPE, SIZE) - END(TYPE, BEFORE), true, false}
#define HELD(NAME, OF) {NAME, OF, offsetof(Reading, held), false, false}

#define COUNT(MEMBERS) (sizeof(MEMBERS) / sizeof((MEMBERS)[0]))
#define TYPE(NAME, ID, MEMORY, KIND, MEMBERS)                                                                      \
    {NAME, {2, UA_NODEIDTYPE_NUMERIC, {ID}}, {2, UA_NODEIDTYPE_NUMERIC, {(ID) + ENCODING}}, sizeof(MEMORY), KIND, \
     false, false, COUNT(MEMBERS), MEMBERS}

enum { MODE_AT, POSITION_AT, TOOL_AT, READING_AT, STATION_AT, TOOL_TWIN_AT, READING_TWIN_AT, STATION_TWIN_AT, TYPES };
static const UA_DataType types[TYPES];

#define BUILT_IN(NAME) &UA_TYPES[UA_TYPES_##NAME]

static UA_DataTypeMember position_fields[] = {
    FIRST(Position, x, "X", BUILT_IN(DOUBLE)),
    FIELD(Position, x, y, "Y", BUILT_IN(FLOAT)),
};
static UA_DataTypeMember tool_fields[] = {
    FIRST(Tool, name, "Name", BUILT_IN(STRING)),
    OPTIONAL(Tool, name, wear, "Wear", BUILT_IN(FLOAT)),
    FIELD(Tool, wear, mode, "Mode", &types[MODE_AT]),
    OPTIONAL(Tool, mode, serial, "Serial", BUILT_IN(UINT64)),
};
static UA_DataTypeMember tool_twin_fields[] = {
    FIRST(ToolTwin, name, "Name", BUILT_IN(STRING)),
    LIST(ToolTwin, name, wear_size, "Wear", BUILT_IN(FLOAT)),
    FIELD(ToolTwin, wear, mode, "Mode", &types[MODE_AT]),
    LIST(ToolTwin, mode, serial_size, "Serial", BUILT_IN(UINT64)),
};
static UA_DataTypeMember reading_fields[] = {
    HELD("Number", BUILT_IN(DOUBLE)),
    HELD("Text", BUILT_IN(STRING)),
    HELD("Place", &types[POSITION_AT]),
};
static UA_DataTypeMember reading_twin_fields[] = {
    FIRST(ReadingTwin, which, "Which", BUILT_IN(UINT32)),
    FIELD(ReadingTwin, which, number, "Number", BUILT_IN(DOUBLE)),
    FIELD(ReadingTwin, number, text, "Text", BUILT_IN(STRING)),
    FIELD(ReadingTwin, text, place, "Place", &types[POSITION_AT]),
};
#define STATION_MEMBERS(STATION, TOOLS, LAST)                         \
    {                                                                 \
        FIRST(STATION, number, "Number", BUILT_IN(UINT32)),           \
        FIELD(STATION, number, mode, "Mode", &types[MODE_AT]),        \
        FIELD(STATION, mode, home, "Home", &types[POSITION_AT]),      \
        LIST(STATION, home, path_size, "Path", &types[POSITION_AT]),  \
        LIST(STATION, path, tools_size, "Tools", &types[TOOLS]),      \
        FIELD(STATION, tools, last, "Last", &types[LAST]),            \
        FIELD(STATION, last, cycle, "Cycle", BUILT_IN(DURATION)),     \
        FIELD(STATION, cycle, started, "Started", BUILT_IN(UTCTIME)), \
        LIST(STATION, started, counts_size, "Counts", BUILT_IN(INT64)), \
        FIELD(STATION, counts, note, "Note", BUILT_IN(LOCALIZEDTEXT)), \
    }
static UA_DataTypeMember station_fields[] = STATION_MEMBERS(Station, TOOL_AT, READING_AT);
static UA_DataTypeMember station_twin_fields[] = STATION_MEMBERS(StationTwin, TOOL_TWIN_AT, READING_TWIN_AT);

static const UA_DataType types[TYPES] = {
    [MODE_AT] = {"Mode", {2, UA_NODEIDTYPE_NUMERIC, {MODE}}, {0, UA_NODEIDTYPE_NUMERIC, {0}}, sizeof(UA_Int32),
                 UA_DATATYPEKIND_ENUM, true, false, 0, NULL},
    [POSITION_AT] = TYPE("Position", POSITION, Position, UA_DATATYPEKIND_STRUCTURE, position_fields),
    [TOOL_AT] = TYPE("Tool", TOOL, Tool, UA_DATATYPEKIND_OPTSTRUCT, tool_fields),
    [READING_AT] = TYPE("Reading", READING, Reading, UA_DATATYPEKIND_UNION, reading_fields),
    [STATION_AT] = TYPE("Station", STATION, Station, UA_DATATYPEKIND_STRUCTURE, station_fields),
    [TOOL_TWIN_AT] = TYPE("ToolTwin", TOOL + TWIN, ToolTwin, UA_DATATYPEKIND_STRUCTURE, tool_twin_fields),
    [READING_TWIN_AT] =
        TYPE("ReadingTwin", READING + TWIN, ReadingTwin, UA_DATATYPEKIND_STRUCTURE, reading_twin_fields),
    [STATION_TWIN_AT] =
        TYPE("StationTwin", STATION + TWIN, StationTwin, UA_DATATYPEKIND_STRUCTURE, station_twin_fields),
};
const UA_DataTypeArray machine_types = {NULL, TYPES, types, false};

static Tool
tool_of(const ToolTwin *twin) {
    return (Tool){
        .name = twin->name,
        .wear = twin->wear_size == 0 ? NULL : twin->wear,
        .mode = twin->mode,
        .serial = twin->serial_size == 0 ? NULL : twin->serial,
    };
}

static Reading
reading_of(const ReadingTwin *twin) {
    Reading made = {.which = twin->which, .held = {.number = twin->number}};
    if(twin->which == 2)
        made.held.text = twin->text;
    if(twin->which == 3)
        made.held.place = twin->place;
    return made;
}

/* The tools are the caller's to free. */
static Station
station_of(const StationTwin *twin) {
    Tool *tools = calloc(twin->tools_size + 1, sizeof(Tool));
    if(tools == NULL)
        FAIL("out of memory");
    for(size_t at = 0; at < twin->tools_size; at++)
        tools[at] = tool_of(&twin->tools[at]);
    return (Station){
        .number = twin->number,
        .mode = twin->mode,
        .home = twin->home,
        .path_size = twin->path_size,
        .path = twin->path,
        .tools_size = twin->tools_size,
        .tools = tools,
        .last = reading_of(&twin->last),
        .cycle = twin->cycle,
        .started = twin->started,
        .counts_size = twin->counts_size,
        .counts = twin->counts,
        .note = twin->note,
    };
}

static UA_StatusCode
write_as(UA_Server *server, UA_NodeId variable, const UA_DataValue *like, void *made, const UA_DataType *type) {
    UA_DataValue value = *like;
    UA_Variant_setScalar(&value.value, made, type);
    return UA_Server_writeDataValue(server, variable, value);
}

UA_StatusCode
machine_write(UA_Server *server, UA_NodeId variable, UA_DataValue *value) {
    const UA_DataType *type = value->value.type;
    if(type == &types[TOOL_TWIN_AT]) {
        Tool made = tool_of(value->value.data);
        return write_as(server, variable, value, &made, &types[TOOL_AT]);
    }
    if(type == &types[READING_TWIN_AT]) {
        Reading made = reading_of(value->value.data);
        return write_as(server, variable, value, &made, &types[READING_AT]);
    }
    if(type == &types[STATION_TWIN_AT]) {
        Station made = station_of(value->value.data);
        UA_StatusCode status = write_as(server, variable, value, &made, &types[STATION_AT]);
        free(made.tools);
        return status;
    }
    return UA_Server_writeDataValue(server, variable, *value);
}

static void
add_type(UA_Server *server, const UA_DataType *type, UA_UInt32 super_type) {
    char *name = (char *)(uintptr_t)type->typeName;
    UA_DataTypeAttributes attributes = UA_DataTypeAttributes_default;
    attributes.displayName = UA_LOCALIZEDTEXT("", name);
    machine_need(UA_Server_addDataTypeNode(server, type->typeId, UA_NODEID_NUMERIC(0, super_type),
                                           UA_NODEID_NUMERIC(0, UA_NS0ID_HASSUBTYPE), UA_QUALIFIEDNAME(2, name),
                                           attributes, NULL, NULL),
                 name);
    if(UA_NodeId_isNull(&type->binaryEncodingId))
        return;
    UA_ObjectAttributes encoding = UA_ObjectAttributes_default;
    encoding.displayName = UA_LOCALIZEDTEXT("", "Default Binary");
    machine_need(UA_Server_addObjectNode(server, type->binaryEncodingId, UA_NODEID_NULL, UA_NODEID_NULL,
                                         UA_QUALIFIEDNAME(0, "Default Binary"),
                                         UA_NODEID_NUMERIC(0, UA_NS0ID_DATATYPEENCODINGTYPE), encoding, NULL, NULL),
                 name);
    machine_need(UA_Server_addReference(server, type->typeId, UA_NODEID_NUMERIC(0, UA_NS0ID_HASENCODING),
                                        UA_EXPANDEDNODEID_NUMERIC(2, type->binaryEncodingId.identifier.numeric), true),
                 name);
}

/* The library shows no definition of an enumeration; its names are a property, as before OPC UA 1.04. */
static void
name_modes(UA_Server *server) {
    static const struct {
        UA_Int64 value;
        const char *name;
    } names[] = {{0, "Idle"}, {1, "Running"}, {7, "Fault"}};
    UA_EnumValueType values[COUNT(names)];
    for(size_t at = 0; at < COUNT(names); at++) {
        UA_EnumValueType_init(&values[at]);
        values[at].value = names[at].value;
        values[at].displayName = UA_LOCALIZEDTEXT("", (char *)(uintptr_t)names[at].name);
    }
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    attributes.displayName = UA_LOCALIZEDTEXT("", "EnumValues");
    attributes.dataType = UA_TYPES[UA_TYPES_ENUMVALUETYPE].typeId;
    attributes.valueRank = UA_VALUERANK_ONE_DIMENSION;
    UA_UInt32 length = COUNT(names);
    attributes.arrayDimensions = &length;
    attributes.arrayDimensionsSize = 1;
    UA_Variant_setArray(&attributes.value, values, COUNT(names), &UA_TYPES[UA_TYPES_ENUMVALUETYPE]);
    machine_need(UA_Server_addVariableNode(server, UA_NODEID_NUMERIC(2, MODE + ENCODING), types[MODE_AT].typeId,
                                           UA_NODEID_NUMERIC(0, UA_NS0ID_HASPROPERTY),
                                           UA_QUALIFIEDNAME(0, "EnumValues"),
                                           UA_NODEID_NUMERIC(0, UA_NS0ID_PROPERTYTYPE), attributes, NULL, NULL),
                 "EnumValues");
}

void
machine_add_types(UA_Server *server) {
    add_type(server, &types[MODE_AT], UA_NS0ID_ENUMERATION);
    add_type(server, &types[POSITION_AT], UA_NS0ID_STRUCTURE);
    add_type(server, &types[TOOL_AT], UA_NS0ID_STRUCTURE);
    add_type(server, &types[READING_AT], UA_NS0ID_UNION);
    add_type(server, &types[STATION_AT], UA_NS0ID_STRUCTURE);
    name_modes(server);
}

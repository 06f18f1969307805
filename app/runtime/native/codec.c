/*
 * The `codec` module: what is done to bytes once per value, without an object or a call per byte. Frames between cells
 * (app/link/frame-format.ts) and PUBLISH packets; app/link/codec.ts does the same in TypeScript.
 */
#include <string.h>

#include "buffer.h"
#include "engine.h"
#include "modules.h"
#include "utf8.h"

#define HEADER_SIZE 16
#define MAGIC 0xff4757ffu
#define KIND_VALUE 1
#define FORBIDDEN_BYTE 0xff
#define LONGEST_PAYLOAD (1024u * 1024u)
/* Fields of each frame found: start, end, port. */
#define FOUND_FIELDS 3
/* The first byte, at most four of the remaining length (MQTT 3.1.1 §2.2.3), and the identifier. */
#define ROOM_BESIDE_TOPIC_AND_PAYLOAD 7
#define PUBACK 0x40
#define PUBACK_SIZE 4
/* Packet identifiers are 1 to this. */
#define LAST_ID 0xffff

static uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void write_u16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void write_u32(uint8_t *p, uint32_t value)
{
    write_u16(p, value >> 16);
    write_u16(p + 2, value);
}

static uint32_t header_check(uint32_t kind, uint32_t port, uint32_t length)
{
    return (kind * 0x9e5 + (port >> 16) * 31 + (port & 0xffff) * 7 + (length >> 16) * 13 + (length & 0xffff) + 0x4757) &
           0xffff;
}

/* An index from 0 to `most`; -1 with a RangeError thrown for anything else. */
static int index_of(JSContext *ctx, JSValueConst value, size_t most, size_t *out)
{
    int64_t index;
    if (gw_is_integer(value, &index) && index >= 0 && (uint64_t)index <= most) {
        *out = (size_t)index;
        return 0;
    }
    JS_ThrowRangeError(ctx, "codec: an index is out of range");
    return -1;
}

/* The memory of a Uint32Array as its fields; -1 with an exception pending. */
static int fields_of(JSContext *ctx, JSValueConst value, uint32_t **fields, size_t *count)
{
    uint8_t *p;
    size_t len;
    if (gw_bytes(ctx, value, &p, &len))
        return -1;
    if ((uintptr_t)p % sizeof(**fields) != 0) {
        JS_ThrowRangeError(ctx, "codec: the fields are not aligned");
        return -1;
    }
    *fields = (uint32_t *)(void *)p;
    *count = len / sizeof(**fields);
    return 0;
}

static JSValue refuse_port(JSContext *ctx, JSValueConst port)
{
    const char *shown = JS_ToCString(ctx, port);
    if (!shown)
        return JS_EXCEPTION;
    JS_ThrowRangeError(ctx, "port %s is not an unsigned 32-bit number", shown);
    JS_FreeCString(ctx, shown);
    return JS_EXCEPTION;
}

/* Writes the frame when there is room; returns what writeFrame returns. */
static int64_t put_frame(gw_slice target, size_t at, uint32_t port, const uint8_t *text, size_t length)
{
    int64_t size = (int64_t)(HEADER_SIZE + length);
    if ((uint64_t)size > target.len - at)
        return -size;
    uint8_t *p = target.p + at;
    write_u32(p, MAGIC);
    write_u32(p + 4, (uint32_t)KIND_VALUE << 24 | header_check(KIND_VALUE, port, (uint32_t)length));
    write_u32(p + 8, port);
    write_u32(p + 12, (uint32_t)length);
    memcpy(p + HEADER_SIZE, text, length);
    return (int64_t)at + size;
}

/* writeFrame(target, at, port, text) → end, or minus the frame's length when there is no room */
static JSValue write_frame(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_slice target;
    gw_utf8 text;
    const uint8_t *characters;
    size_t at, length;
    int64_t port;
    if (!gw_is_integer(argv[2], &port) || port < 0 || port > UINT32_MAX)
        return refuse_port(ctx, argv[2]);
    if (gw_bytes(ctx, argv[0], &target.p, &target.len) || index_of(ctx, argv[1], target.len, &at))
        return JS_EXCEPTION;
    /* The usual text is ASCII, which is UTF-8 as it is. */
    if (gw_engine_latin1(argv[3], &characters, &length) == 0 && gw_ascii_prefix(characters, length) == length)
        return JS_NewInt64(ctx, put_frame(target, at, (uint32_t)port, characters, length));
    if (gw_utf8_of(ctx, argv[3], &text))
        return JS_EXCEPTION;
    int64_t result = -1;
    /* The conversion may have run JavaScript. */
    int failed = gw_bytes(ctx, argv[0], &target.p, &target.len) || index_of(ctx, argv[1], target.len, &at);
    if (!failed)
        result = put_frame(target, at, (uint32_t)port, text.bytes, text.len);
    gw_utf8_release(ctx, &text);
    return failed ? JS_EXCEPTION : JS_NewInt64(ctx, result);
}

/* The length of the whole, sound value frame at `p`, or 0. */
static size_t sound_frame(const uint8_t *p, size_t left)
{
    if (left < HEADER_SIZE || read_u32(p) != MAGIC || p[4] != KIND_VALUE || p[5] != 0)
        return 0;
    uint32_t length = read_u32(p + 12);
    if (length > LONGEST_PAYLOAD || length > left - HEADER_SIZE ||
        ((uint32_t)p[6] << 8 | p[7]) != header_check(p[4], read_u32(p + 8), length) ||
        memchr(p + HEADER_SIZE, FORBIDDEN_BYTE, length) != NULL)
        return 0;
    return HEADER_SIZE + length;
}

/* scanFrames(bytes, at, found) → how many */
static JSValue scan_frames(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_slice bytes;
    uint32_t *found;
    size_t at, room, length;
    int32_t count = 0;
    if (gw_bytes(ctx, argv[0], &bytes.p, &bytes.len) || index_of(ctx, argv[1], bytes.len, &at) ||
        fields_of(ctx, argv[2], &found, &room))
        return JS_EXCEPTION;
    for (; room >= FOUND_FIELDS && (length = sound_frame(bytes.p + at, bytes.len - at)) != 0; room -= FOUND_FIELDS) {
        found[0] = (uint32_t)at;
        found[1] = (uint32_t)(at + length);
        found[2] = read_u32(bytes.p + at + 8);
        found += FOUND_FIELDS;
        at += length;
        count++;
    }
    return JS_NewInt32(ctx, count);
}

/* What `routes` holds: fields of each in ascending order of sources. */
enum { ROUTE_SOURCE, ROUTE_TARGET, ROUTE_TAKEN, ROUTE_FIELDS };

/* The route of a source; NULL when there is none. */
static uint32_t *route_of(uint32_t *routes, size_t count, uint32_t source)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (routes[middle * ROUTE_FIELDS + ROUTE_SOURCE] < source)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t *route = routes + low * ROUTE_FIELDS;
    return low == count || route[ROUTE_SOURCE] != source ? NULL : route;
}

/* routeFrames(bytes, found, from, to, routes) → the number of the first frame without a route, or `to` */
static JSValue route_frames(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_slice bytes;
    uint32_t *found, *routes;
    size_t count, fields, from, to, i;
    if (gw_bytes(ctx, argv[0], &bytes.p, &bytes.len) || fields_of(ctx, argv[1], &found, &count) ||
        index_of(ctx, argv[3], count / FOUND_FIELDS, &to) || index_of(ctx, argv[2], to, &from) ||
        fields_of(ctx, argv[4], &routes, &fields))
        return JS_EXCEPTION;
    for (i = from; i < to; i++) {
        const uint32_t *each = found + FOUND_FIELDS * i;
        if (bytes.len < HEADER_SIZE || each[0] > bytes.len - HEADER_SIZE)
            return JS_ThrowRangeError(ctx, "codec: an index is out of range");
        uint32_t *route = route_of(routes, fields / ROUTE_FIELDS, each[2]);
        if (!route)
            break;
        route[ROUTE_TAKEN]++;
        uint8_t *p = bytes.p + each[0];
        write_u16(p + 6, header_check(p[4], route[ROUTE_TARGET], read_u32(p + 12)));
        write_u32(p + 8, route[ROUTE_TARGET]);
    }
    return JS_NewInt64(ctx, (int64_t)i);
}

/* What `topics` holds: fields of each in ascending order of ports, and bytes[from, to) with its first byte and name. */
enum { TOPIC_PORT, TOPIC_FROM, TOPIC_TO, TOPIC_WRITTEN, TOPIC_FIELDS };

typedef struct {
    uint32_t *entries;
    gw_slice bytes;
    size_t count;
} topic_table;

static int table_of(JSContext *ctx, JSValueConst object, topic_table *table)
{
    size_t fields;
    /* The object keeps both alive. */
    JSValue value = JS_GetPropertyStr(ctx, object, "bytes");
    int failed = JS_IsException(value) || gw_bytes(ctx, value, &table->bytes.p, &table->bytes.len);
    JS_FreeValue(ctx, value);
    if (failed)
        return -1;
    value = JS_GetPropertyStr(ctx, object, "entries");
    failed = JS_IsException(value) || fields_of(ctx, value, &table->entries, &fields);
    JS_FreeValue(ctx, value);
    if (failed)
        return -1;
    table->count = fields / TOPIC_FIELDS;
    if (fields % TOPIC_FIELDS == 0)
        return 0;
    JS_ThrowRangeError(ctx, "codec: the table of topics is not one");
    return -1;
}

/* The topic of a port; NULL when there is none. */
static uint32_t *topic_of(const topic_table *table, uint32_t port)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table->entries[middle * TOPIC_FIELDS + TOPIC_PORT] < port)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t *topic = table->entries + low * TOPIC_FIELDS;
    if (low == table->count || topic[TOPIC_PORT] != port || topic[TOPIC_FROM] >= topic[TOPIC_TO] ||
        topic[TOPIC_TO] > table->bytes.len)
        return NULL;
    return topic;
}

static uint8_t *write_remaining_length(uint8_t *p, size_t length)
{
    for (; length > 0x7f; length >>= 7)
        *p++ = (uint8_t)(length | 0x80);
    *p++ = (uint8_t)length;
    return p;
}

enum { CURSOR_AT, CURSOR_ID, CURSOR_SLOT, CURSOR_EXACTLY_ONCE, CURSOR_FIELDS };
/* Fields of a place in the ring. */
enum { RING_AT, RING_TOPIC, RING_FIELDS };
/* Where in the first byte of a PUBLISH the quality of service stands (MQTT 3.1.1 3.3.1.2). */
enum { QOS_MASK = 0x06, EXACTLY_ONCE = 0x04 };

/* Reads where to go on; -1 with an exception pending when that can't be. */
static int cursor_of(JSContext *ctx, JSValueConst value, size_t room, uint32_t **cursor)
{
    size_t count;
    if (fields_of(ctx, value, cursor, &count))
        return -1;
    if (count == CURSOR_FIELDS && (*cursor)[CURSOR_AT] <= room && (*cursor)[CURSOR_ID] <= LAST_ID)
        return 0;
    JS_ThrowRangeError(ctx, "codec: the cursor is out of range");
    return -1;
}

/* writePublishes(target, cursor, topics, bytes, found, from, to, ring) → the first one not dealt with */
static JSValue write_publishes(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_slice target, bytes;
    topic_table topics;
    uint32_t *cursor, *found, *ring;
    size_t count, from, to, slots;
    /* The table first: reading its members is the only thing that could run JavaScript. */
    if (table_of(ctx, argv[2], &topics) || gw_bytes(ctx, argv[0], &target.p, &target.len) ||
        cursor_of(ctx, argv[1], target.len, &cursor) || gw_bytes(ctx, argv[3], &bytes.p, &bytes.len) ||
        fields_of(ctx, argv[4], &found, &count) || index_of(ctx, argv[6], count / FOUND_FIELDS, &to) ||
        index_of(ctx, argv[5], to, &from) || fields_of(ctx, argv[7], &ring, &slots))
        return JS_EXCEPTION;
    slots /= RING_FIELDS;
    if (slots == 0 || (slots & (slots - 1)) != 0)
        return JS_ThrowRangeError(ctx, "codec: the ring is no power of two");
    uint32_t id = cursor[CURSOR_ID], slot = cursor[CURSOR_SLOT], exactly_once = cursor[CURSOR_EXACTLY_ONCE];
    uint8_t *p = target.p + cursor[CURSOR_AT], *end = target.p + target.len;
    for (; from < to; from++) {
        const uint32_t *each = found + FOUND_FIELDS * from;
        uint32_t *topic = topic_of(&topics, each[2]);
        if (topic == NULL)
            continue;
        if (each[1] > bytes.len || each[0] > each[1] || each[1] - each[0] < HEADER_SIZE)
            return JS_ThrowRangeError(ctx, "codec: an index is out of range");
        const uint8_t *name = topics.bytes.p + topic[TOPIC_FROM];
        uint8_t first = *name++, qos = first & QOS_MASK;
        size_t name_length = topic[TOPIC_TO] - topic[TOPIC_FROM] - 1, payload_length = each[1] - each[0] - HEADER_SIZE;
        if (name_length + payload_length + ROOM_BESIDE_TOPIC_AND_PAYLOAD > (size_t)(end - p))
            break;
        if (qos == EXACTLY_ONCE) {
            if (exactly_once == 0)
                break;
            exactly_once--;
        }
        topic[TOPIC_WRITTEN]++;
        if (qos) {
            uint32_t *place = ring + RING_FIELDS * (slot++ & (slots - 1));
            place[RING_AT] = (uint32_t)(p - target.p);
            place[RING_TOPIC] = (uint32_t)((size_t)(topic - topics.entries) / TOPIC_FIELDS);
        }
        *p++ = first;
        p = write_remaining_length(p, name_length + payload_length + (qos ? 2 : 0));
        memcpy(p, name, name_length);
        p += name_length;
        if (qos) {
            write_u16(p, id);
            p += 2;
            id = id == LAST_ID ? 1 : id + 1;
        }
        memmove(p, bytes.p + each[0] + HEADER_SIZE, payload_length);
        p += payload_length;
    }
    cursor[CURSOR_AT] = (uint32_t)(p - target.p);
    cursor[CURSOR_ID] = id;
    cursor[CURSOR_SLOT] = slot;
    cursor[CURSOR_EXACTLY_ONCE] = exactly_once;
    return JS_NewInt64(ctx, (int64_t)from);
}

/* countPubacks(bytes, at) → how many with consecutive ids */
static JSValue count_pubacks(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_slice bytes;
    size_t at;
    uint32_t next = 0;
    int32_t count = 0;
    if (gw_bytes(ctx, argv[0], &bytes.p, &bytes.len) || index_of(ctx, argv[1], bytes.len, &at))
        return JS_EXCEPTION;
    for (; bytes.len - at >= PUBACK_SIZE; at += PUBACK_SIZE, count++) {
        const uint8_t *p = bytes.p + at;
        uint32_t id = (uint32_t)p[2] << 8 | p[3];
        if (p[0] != PUBACK || p[1] != PUBACK_SIZE - 2 || (count > 0 && id != next))
            break;
        next = id == LAST_ID ? 1 : id + 1;
    }
    return JS_NewInt32(ctx, count);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("writeFrame", 4, write_frame),
    JS_CFUNC_DEF("scanFrames", 3, scan_frames),
    JS_CFUNC_DEF("routeFrames", 5, route_frames),
    JS_CFUNC_DEF("writePublishes", 8, write_publishes),
    JS_CFUNC_DEF("countPubacks", 2, count_pubacks),
};

int gw_init_codec(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

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
/* First byte, and at most four of the remaining length (MQTT 3.1.1 §2.2.3). */
#define LONGEST_FIXED_HEADER 5
#define LONGEST_REMAINING 268435455u
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

/* readdressFrames(bytes, found, from, to) */
static JSValue readdress_frames(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_slice bytes;
    uint32_t *found;
    size_t count, from, to;
    if (gw_bytes(ctx, argv[0], &bytes.p, &bytes.len) || fields_of(ctx, argv[1], &found, &count) ||
        index_of(ctx, argv[3], count / FOUND_FIELDS, &to) || index_of(ctx, argv[2], to, &from))
        return JS_EXCEPTION;
    for (size_t i = from; i < to; i++) {
        const uint32_t *each = found + FOUND_FIELDS * i;
        if (bytes.len < HEADER_SIZE || each[0] > bytes.len - HEADER_SIZE)
            return JS_ThrowRangeError(ctx, "codec: an index is out of range");
        uint8_t *p = bytes.p + each[0];
        write_u16(p + 6, header_check(p[4], each[2], read_u32(p + 12)));
        write_u32(p + 8, each[2]);
    }
    return JS_UNDEFINED;
}

/* writePublish(target, at, first, topic, id, source, start, end) → end */
static JSValue write_publish(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_slice target, topic, source;
    size_t at, first, id, start, end;
    if (gw_bytes(ctx, argv[0], &target.p, &target.len) || gw_bytes(ctx, argv[3], &topic.p, &topic.len) ||
        gw_bytes(ctx, argv[5], &source.p, &source.len) || index_of(ctx, argv[1], target.len, &at) ||
        index_of(ctx, argv[2], UINT8_MAX, &first) || index_of(ctx, argv[4], UINT16_MAX, &id) ||
        index_of(ctx, argv[7], source.len, &end) || index_of(ctx, argv[6], end, &start))
        return JS_EXCEPTION;
    size_t rest = topic.len + (id ? 2 : 0) + (end - start);
    if (rest > LONGEST_REMAINING || LONGEST_FIXED_HEADER + rest > target.len - at)
        return JS_ThrowRangeError(ctx, "codec: there is no room for the packet");
    uint8_t *p = target.p + at;
    *p++ = (uint8_t)first;
    for (size_t left = rest; ; left >>= 7) {
        *p++ = (uint8_t)(left > 0x7f ? left | 0x80 : left);
        if (left <= 0x7f)
            break;
    }
    memcpy(p, topic.p, topic.len);
    p += topic.len;
    if (id) {
        write_u16(p, (uint32_t)id);
        p += 2;
    }
    memmove(p, source.p + start, end - start);
    return JS_NewInt64(ctx, p + (end - start) - target.p);
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
    JS_CFUNC_DEF("readdressFrames", 4, readdress_frames),
    JS_CFUNC_DEF("writePublish", 8, write_publish),
    JS_CFUNC_DEF("countPubacks", 2, count_pubacks),
};

int gw_init_codec(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

/* Frames between cells and MQTT packets, as bytes that another process or the broker wrote. */
#include <string.h>

#include "binding.h"
#include "engine.h"
#include "fuzz.h"

enum { FIELDS = 3, TOPIC_FIELDS = 4, ROOM = 8 };

/* A Uint32Array of its own for what scanFrames finds. */
static JSValue new_fields(void)
{
    JSValueConst length = JS_NewInt32(fuzz_context, FIELDS * ROOM);
    return JS_NewTypedArray(fuzz_context, 1, &length, JS_TYPED_ARRAY_UINT32);
}

static int64_t number_of(JSValue value)
{
    int64_t number = INT64_MIN;
    if (!JS_IsException(value))
        fuzz_require(JS_ToInt64(fuzz_context, &number, value) == 0, "no number");
    JS_FreeValue(fuzz_context, value);
    return number;
}

/* A Uint32Array of values from the input; `mask` keeps most of them in a range that means something. */
static JSValue fields(uint32_t count, uint32_t mask)
{
    JSValueConst length = JS_NewInt32(fuzz_context, (int32_t)count);
    JSValue array = JS_NewTypedArray(fuzz_context, 1, &length, JS_TYPED_ARRAY_UINT32);
    size_t size;
    uint32_t *p = (uint32_t *)(void *)(uintptr_t)fuzz_bytes(array, &size);
    for (uint32_t i = 0; i < count; i++)
        p[i] = fuzz_u8() & 1 ? fuzz_u32() : fuzz_u8() & mask;
    return array;
}

/* Every frame found lies inside, one behind the other. */
static void scan(JSValueConst bytes, JSValue at)
{
    size_t length, size;
    fuzz_bytes(bytes, &length);
    JSValue found = new_fields();
    int64_t count = number_of(FUZZ_CALL("codec", "scanFrames", fuzz_dup(bytes), at, fuzz_dup(found)));
    fuzz_require(count <= ROOM, "more frames than there is room for");
    const uint32_t *frames = (const uint32_t *)(const void *)fuzz_bytes(found, &size);
    for (int64_t i = 0; i < count; i++) {
        const uint32_t *each = frames + i * FIELDS;
        fuzz_require(each[0] < each[1] && each[1] <= length, "a frame outside of the bytes");
        fuzz_require(i == 0 || each[0] == each[1 - FIELDS], "frames that overlap or leave gaps");
    }
    if (count > 0) {
        JSValue to = JS_NewInt64(fuzz_context, count), from = JS_NewInt32(fuzz_context, 0);
        JSValue routes = fields(6, 7);
        fuzz_free(FUZZ_CALL("codec", "routeFrames", fuzz_dup(bytes), fuzz_dup(found), from, to, routes));
        JSValue again = JS_NewInt64(fuzz_context, frames[0]);
        fuzz_require(number_of(FUZZ_CALL("codec", "scanFrames", fuzz_dup(bytes), again, fuzz_dup(found))) == count,
                     "frames are not sound any more after they were routed");
    }
    fuzz_free(found);
}

/* PUBLISH packets: the cursor stays inside of the target, whatever tables, frames and cursors say. */
static void publish(void)
{
    JSValue topics = JS_NewObject(fuzz_context), target = fuzz_piece(), bytes = fuzz_piece();
    uint32_t count = fuzz_below(4);
    JS_SetPropertyStr(fuzz_context, topics, "bytes", fuzz_piece());
    JS_SetPropertyStr(fuzz_context, topics, "entries", fields(TOPIC_FIELDS * count + (fuzz_u8() & 7 ? 0 : 1), 15));
    JSValue cursor = fields(fuzz_u8() & 7 ? 4 : 3, 63), found = fields(FIELDS * fuzz_below(4), 63);
    JSValue ring = fields(1u << fuzz_below(4), 0), from = fuzz_number(), to = fuzz_number();
    size_t room, size;
    fuzz_bytes(target, &room);
    int64_t next = number_of(FUZZ_CALL("codec", "writePublishes", fuzz_dup(target), fuzz_dup(cursor), topics, bytes, found,
                                       from, to, fuzz_dup(ring)));
    const uint32_t *after = (const uint32_t *)(const void *)fuzz_bytes(cursor, &size);
    if (next != INT64_MIN)
        fuzz_require(next >= 0 && after[0] <= room && after[1] <= 0xffff, "the cursor left the target");
    fuzz_free(ring);
    fuzz_free(cursor);
    fuzz_free(target);
}

void fuzz_one(void)
{
    switch (fuzz_below(5)) {
    case 0: {
        JSValue at = fuzz_number(), bytes = fuzz_rest();
        scan(bytes, at);
        fuzz_free(bytes);
        break;
    }
    case 1: {
        JSValue target = fuzz_piece(), at = fuzz_number(), port = fuzz_number();
        int64_t end = number_of(FUZZ_CALL("codec", "writeFrame", fuzz_dup(target), fuzz_dup(at), port, fuzz_text(fuzz_left())));
        if (end > 0)
            scan(target, fuzz_dup(at));
        fuzz_free(at);
        fuzz_free(target);
        break;
    }
    case 2: {
        JSValue bytes = fuzz_piece(), found = fuzz_piece(), from = fuzz_number(), to = fuzz_number();
        fuzz_free(FUZZ_CALL("codec", "routeFrames", bytes, found, from, to, fuzz_piece()));
        break;
    }
    case 3:
        publish();
        break;
    default: {
        JSValue at = fuzz_number(), bytes = fuzz_rest();
        size_t length;
        fuzz_bytes(bytes, &length);
        fuzz_require(number_of(FUZZ_CALL("codec", "countPubacks", bytes, at)) <= (int64_t)length / 4, "more PUBACKs than bytes");
    }
    }
}

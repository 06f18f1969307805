/*
 * buf.readUInt8 … buf.writeDoubleBE: the plain case here, everything that Node refuses or treats specially in
 * buffer.ts, which is called as the `slow` hook with the method's name, the buffer and the arguments.
 */
#include <string.h>

#include "buffer.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "written for little-endian processors"
#endif

enum kind { UNSIGNED, SIGNED, FLOATING, BIG_UNSIGNED, BIG_SIGNED };

static const struct operation {
    const char *read, *write;
    uint8_t size, kind, big_endian;
} operations[] = {
    { "readUInt8", "writeUInt8", 1, UNSIGNED, 0 },
    { "readInt8", "writeInt8", 1, SIGNED, 0 },
    { "readUInt16LE", "writeUInt16LE", 2, UNSIGNED, 0 },
    { "readUInt16BE", "writeUInt16BE", 2, UNSIGNED, 1 },
    { "readInt16LE", "writeInt16LE", 2, SIGNED, 0 },
    { "readInt16BE", "writeInt16BE", 2, SIGNED, 1 },
    { "readUInt32LE", "writeUInt32LE", 4, UNSIGNED, 0 },
    { "readUInt32BE", "writeUInt32BE", 4, UNSIGNED, 1 },
    { "readInt32LE", "writeInt32LE", 4, SIGNED, 0 },
    { "readInt32BE", "writeInt32BE", 4, SIGNED, 1 },
    { "readFloatLE", "writeFloatLE", 4, FLOATING, 0 },
    { "readFloatBE", "writeFloatBE", 4, FLOATING, 1 },
    { "readDoubleLE", "writeDoubleLE", 8, FLOATING, 0 },
    { "readDoubleBE", "writeDoubleBE", 8, FLOATING, 1 },
    { "readBigUInt64LE", "writeBigUInt64LE", 8, BIG_UNSIGNED, 0 },
    { "readBigUInt64BE", "writeBigUInt64BE", 8, BIG_UNSIGNED, 1 },
    { "readBigInt64LE", "writeBigInt64LE", 8, BIG_SIGNED, 0 },
    { "readBigInt64BE", "writeBigInt64BE", 8, BIG_SIGNED, 1 },
};

/* The hook lives as a class prototype: the context keeps and frees it. */
static JSClassID hook_class;
static const JSClassDef hook_def = { .class_name = "GatewayBufferHook" };

static JSValue set_slow_hook(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    JS_SetClassProto(ctx, hook_class, JS_DupValue(ctx, argv[0]));
    return JS_UNDEFINED;
}

JSValue gw_buffer_slow(JSContext *ctx, const char *method, JSValueConst this_value, int argc, JSValueConst *argv)
{
    JSValue hook = JS_GetClassProto(ctx, hook_class);
    JSValue name = JS_NewString(ctx, method);
    JSValueConst args[6] = { name, this_value, JS_UNDEFINED, JS_UNDEFINED, JS_UNDEFINED, JS_UNDEFINED };
    for (int i = 0; i < argc && i < 4; i++)
        args[2 + i] = argv[i];
    JSValue result = JS_Call(ctx, hook, JS_UNDEFINED, 6, args);
    JS_FreeValue(ctx, name);
    JS_FreeValue(ctx, hook);
    return result;
}

/* Where to read or write: false when the offset isn't a plain index with `size` bytes behind it. */
static inline int locate(JSContext *ctx, JSValueConst this_value, JSValueConst index, size_t size, uint8_t **p,
                         size_t *offset)
{
    int64_t at = 0;
    size_t len;
    if (!JS_IsUndefined(index) && !gw_is_integer(index, &at))
        return 0;
    if (gw_bytes_or_none(ctx, this_value, p, &len) || at < 0 || len < size || (uint64_t)at > len - size)
        return 0;
    *offset = (size_t)at;
    *p += at;
    return 1;
}

static inline uint64_t load(const uint8_t *p, size_t size, int big_endian)
{
    uint64_t v = 0;
    memcpy(&v, p, size);
    return big_endian ? __builtin_bswap64(v) >> (64 - 8 * size) : v;
}

static inline void store(uint8_t *p, uint64_t v, size_t size, int big_endian)
{
    if (big_endian)
        v = __builtin_bswap64(v) >> (64 - 8 * size);
    memcpy(p, &v, size);
}

static JSValue read_number(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int magic)
{
    const struct operation *op = &operations[magic];
    uint8_t *p;
    size_t offset;
    if (!locate(ctx, this_value, argv[0], op->size, &p, &offset))
        return gw_buffer_slow(ctx, op->read, this_value, argc, argv);
    switch (op->size) {
    case 1:
        return JS_NewInt32(ctx, op->kind == UNSIGNED ? p[0] : (int8_t)p[0]);
    case 2: {
        uint16_t v = (uint16_t)load(p, 2, op->big_endian);
        return JS_NewInt32(ctx, op->kind == UNSIGNED ? v : (int16_t)v);
    }
    case 4: {
        uint32_t v = (uint32_t)load(p, 4, op->big_endian);
        if (op->kind == FLOATING) {
            float f;
            memcpy(&f, &v, sizeof f);
            return JS_NewFloat64(ctx, f);
        }
        return op->kind == UNSIGNED ? JS_NewUint32(ctx, v) : JS_NewInt32(ctx, (int32_t)v);
    }
    default: {
        uint64_t v = load(p, 8, op->big_endian);
        if (op->kind == FLOATING) {
            double d;
            memcpy(&d, &v, sizeof d);
            return JS_NewFloat64(ctx, d);
        }
        return op->kind == BIG_UNSIGNED ? JS_NewBigUint64(ctx, v) : JS_NewBigInt64(ctx, (int64_t)v);
    }
    }
}

static JSValue write_number(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int magic)
{
    const struct operation *op = &operations[magic];
    uint8_t *p;
    size_t offset;
    uint64_t bits;
    double d = 0;
    int64_t integer = 0;
    /* Conversion may run JavaScript: before the pointer is taken. */
    if (JS_VALUE_GET_TAG(argv[0]) == JS_TAG_INT) {
        integer = JS_VALUE_GET_INT(argv[0]);
        d = (double)integer;
    } else {
        if (JS_ToFloat64(ctx, &d, argv[0]))
            return JS_EXCEPTION;
        if (op->kind != FLOATING && d == d) {
            if (d < -2147483648.0 || d > 4294967295.0)
                return gw_buffer_slow(ctx, op->write, this_value, argc, argv);
            integer = (int64_t)d;
        }
    }
    if (op->kind != FLOATING) {
        int unused = 64 - 8 * op->size;
        int64_t max = op->kind == UNSIGNED ? (int64_t)(UINT64_MAX >> unused) : INT64_MAX >> unused;
        int64_t min = op->kind == UNSIGNED ? 0 : -max - 1;
        /* Compared before the fraction is cut off: -0.5 is below 0. */
        if (d > (double)max || d < (double)min)
            return gw_buffer_slow(ctx, op->write, this_value, argc, argv);
        bits = (uint64_t)integer;
    } else if (op->size == 4) {
        float f = (float)d;
        uint32_t narrow;
        memcpy(&narrow, &f, sizeof narrow);
        bits = narrow;
    } else {
        memcpy(&bits, &d, sizeof bits);
    }
    if (!locate(ctx, this_value, argv[1], op->size, &p, &offset))
        return gw_buffer_slow(ctx, op->write, this_value, argc, argv);
    store(p, bits, op->size, op->big_endian);
    return JS_NewInt64(ctx, (int64_t)(offset + op->size));
}

/* The range is checked by buffer.ts, which calls this one only with a BigInt that fits. */
static JSValue write_big(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int magic)
{
    const struct operation *op = &operations[magic];
    uint8_t *p;
    size_t offset;
    int64_t v;
    if (JS_ToBigInt64(ctx, &v, argv[0]))
        return JS_EXCEPTION;
    if (!locate(ctx, this_value, argv[1], 8, &p, &offset))
        return gw_buffer_slow(ctx, op->write, this_value, argc, argv);
    store(p, (uint64_t)v, 8, op->big_endian);
    return JS_NewInt64(ctx, (int64_t)(offset + 8));
}

/* readNumber names → functions in `methods`, ready for Buffer.prototype. */
int gw_buffer_numbers_init(JSContext *ctx, JSValueConst object, JSValueConst methods)
{
    JSRuntime *rt = JS_GetRuntime(ctx);
    JS_NewClassID(&hook_class);
    if (!JS_IsRegisteredClass(rt, hook_class) && JS_NewClass(rt, hook_class, &hook_def) < 0)
        return -1;
    if (JS_SetPropertyStr(ctx, object, "setSlowHook", JS_NewCFunction(ctx, set_slow_hook, "setSlowHook", 1)) < 0)
        return -1;
    for (int i = 0; i < GW_COUNT(operations); i++) {
        const struct operation *op = &operations[i];
        JSCFunctionMagic *write = op->kind >= BIG_UNSIGNED ? write_big : write_number;
        JSValue reader = JS_NewCFunctionMagic(ctx, read_number, op->read, 1, JS_CFUNC_generic_magic, i);
        JSValue writer = JS_NewCFunctionMagic(ctx, write, op->write, 2, JS_CFUNC_generic_magic, i);
        if (JS_SetPropertyStr(ctx, methods, op->read, reader) < 0 ||
            JS_SetPropertyStr(ctx, methods, op->write, writer) < 0)
            return -1;
    }
    return 0;
}

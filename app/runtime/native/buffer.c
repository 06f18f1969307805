/*
 * Buffer's memory: allocation, views, copy, concat, compare, fill. buffer.ts checks arguments where Node does; what
 * is left here is what keeps memory safe.
 */
#include "buffer.h"

#include <string.h>

#include "modules.h"

/* Learned from an instance: QuickJS's header doesn't name its built-in classes. */
static JSClassID uint8array_class;

int gw_is_uint8array(JSValueConst value)
{
    return JS_IsObject(value) && JS_GetClassID(value) == uint8array_class;
}

/* view(arrayBuffer, offset, length): a Buffer that shares memory. */
static JSValue view(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    (void)this_val;
    (void)argc;
    int64_t offset, len;
    size_t size;
    if (JS_GetArrayBuffer(ctx, &size, argv[0]) == NULL)
        return JS_EXCEPTION;
    if (!gw_is_integer(argv[1], &offset) || !gw_is_integer(argv[2], &len) || offset < 0 || len < 0 ||
        offset > (int64_t)size || len > (int64_t)size - offset)
        return JS_ThrowRangeError(ctx, "invalid view");
    return gw_view_buffer(ctx, argv[0], (size_t)offset, (size_t)len);
}

/* An index as Array.prototype.slice takes it: integer part, negative counts from the end, clamped to 0..len. */
static int relative_index(JSContext *ctx, JSValueConst value, size_t len, size_t fallback, size_t *out)
{
    double d;
    if (JS_IsUndefined(value)) {
        *out = fallback;
        return 0;
    }
    if (JS_VALUE_GET_TAG(value) == JS_TAG_INT)
        d = JS_VALUE_GET_INT(value);
    else if (JS_ToFloat64(ctx, &d, value))
        return -1;
    if (d != d)
        d = 0;
    if (d < 0)
        d = d > -(double)len ? (double)len + (double)(int64_t)d : 0;
    *out = d >= (double)len ? len : (size_t)d;
    return 0;
}

/* buf.subarray(start, end) and buf.slice(start, end): shared memory in both cases. */
static JSValue subarray(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    size_t offset, len, start, end;
    JSValue buffer = JS_GetTypedArrayBuffer(ctx, this_val, &offset, &len, NULL);
    (void)argc;
    if (JS_IsException(buffer))
        return buffer;
    JSValue result = JS_EXCEPTION;
    if (!relative_index(ctx, argv[0], len, 0, &start) && !relative_index(ctx, argv[1], len, len, &end))
        result = gw_view_buffer(ctx, buffer, offset + start, end > start ? end - start : 0);
    JS_FreeValue(ctx, buffer);
    return result;
}

/* Copies what exists of source[from, end) and fits at target[to]; overlap is fine. */
static int64_t copy_range(gw_slice source, gw_slice target, int64_t to, int64_t from, int64_t end)
{
    if (end > (int64_t)source.len)
        end = (int64_t)source.len;
    if (to >= (int64_t)target.len || from >= end)
        return 0;
    int64_t count = end - from;
    if (count > (int64_t)target.len - to)
        count = (int64_t)target.len - to;
    memmove(target.p + to, source.p + from, (size_t)count);
    return count;
}

static int item_bytes(JSContext *ctx, JSValueConst item, gw_slice *out)
{
    return gw_is_uint8array(item) ? gw_bytes_or_none(ctx, item, &out->p, &out->len) : -1;
}

static JSAtom length_atom;

/* Buffer.concat(list, totalLength) */
static JSValue concat(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    int64_t count, total = 0;
    gw_slice bytes;
    if (JS_IsArray(ctx, argv[0]) != 1)
        return gw_buffer_slow(ctx, "concat", this_val, argc, argv);
    JSValue length = JS_GetProperty(ctx, argv[0], length_atom);
    if (JS_IsException(length) || JS_ToInt64(ctx, &count, length))
        return JS_EXCEPTION;
    JS_FreeValue(ctx, length);
    if (JS_IsUndefined(argv[1]) || count == 0) {
        for (int64_t i = 0; i < count; i++) {
            JSValue item = JS_GetPropertyUint32(ctx, argv[0], (uint32_t)i);
            if (JS_IsException(item))
                return item;
            int failed = item_bytes(ctx, item, &bytes);
            JS_FreeValue(ctx, item);
            if (failed)
                return gw_buffer_slow(ctx, "concat", this_val, argc, argv);
            total += (int64_t)bytes.len;
        }
    } else if (!gw_is_integer(argv[1], &total)) {
        total = -1;
    }
    if (total < 0 || total > INT32_MAX)
        return gw_buffer_slow(ctx, "concat", this_val, argc, argv);
    uint8_t *to;
    JSValue result = gw_alloc_buffer(ctx, (size_t)total, &to);
    if (JS_IsException(result))
        return result;
    size_t at = 0;
    for (int64_t i = 0; i < count; i++) {
        JSValue item = JS_GetPropertyUint32(ctx, argv[0], (uint32_t)i);
        if (JS_IsException(item) || item_bytes(ctx, item, &bytes)) {
            JS_FreeValue(ctx, result);
            if (JS_IsException(item))
                return item;
            JS_FreeValue(ctx, item);
            return gw_buffer_slow(ctx, "concat", this_val, argc, argv);
        }
        size_t n = bytes.len < (size_t)total - at ? bytes.len : (size_t)total - at;
        if (n)
            memcpy(to + at, bytes.p, n);
        at += n;
        JS_FreeValue(ctx, item);
    }
    memset(to + at, 0, (size_t)total - at);
    return result;
}

static int order(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    size_t common = a_len < b_len ? a_len : b_len;
    int c = common ? memcmp(a, b, common) : 0;
    if (c == 0)
        c = a_len < b_len ? -1 : a_len > b_len;
    return c < 0 ? -1 : c > 0;
}

/* compare(a, b) → -1, 0, 1. */
static JSValue compare(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    (void)this_val;
    (void)argc;
    gw_slice a, b;
    if (gw_bytes(ctx, argv[0], &a.p, &a.len) || gw_bytes(ctx, argv[1], &b.p, &b.len))
        return JS_EXCEPTION;
    return JS_NewInt32(ctx, order(a.p, a.len, b.p, b.len));
}

/* fillBytes(buf, pattern or byte, start, end): the range is in bounds. An empty pattern fills with zero. */
static JSValue fill_bytes(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    (void)this_val;
    (void)argc;
    gw_slice to, pattern;
    int64_t start, end;
    if (gw_bytes(ctx, argv[0], &to.p, &to.len))
        return JS_EXCEPTION;
    if (!gw_is_integer(argv[2], &start) || !gw_is_integer(argv[3], &end) || start < 0 || end > (int64_t)to.len)
        return JS_ThrowRangeError(ctx, "invalid range");
    if (start >= end)
        return JS_UNDEFINED;
    size_t count = (size_t)(end - start);
    uint8_t *p = to.p + start;
    if (JS_VALUE_GET_TAG(argv[1]) == JS_TAG_INT) {
        memset(p, JS_VALUE_GET_INT(argv[1]) & 0xff, count);
        return JS_UNDEFINED;
    }
    if (gw_bytes(ctx, argv[1], &pattern.p, &pattern.len))
        return JS_EXCEPTION;
    if (pattern.len == 0) {
        memset(p, 0, count);
        return JS_UNDEFINED;
    }
    size_t done = pattern.len < count ? pattern.len : count;
    memmove(p, pattern.p, done);
    while (done < count) {
        size_t n = done < count - done ? done : count - done;
        memcpy(p + done, p, n);
        done += n;
    }
    return JS_UNDEFINED;
}

/* swap(buf, width): the length is a multiple of width. */
static JSValue swap(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    (void)this_val;
    (void)argc;
    gw_slice b;
    int64_t width;
    if (gw_bytes(ctx, argv[0], &b.p, &b.len))
        return JS_EXCEPTION;
    if (!gw_is_integer(argv[1], &width) || width < 2 || width > 8 || b.len % (size_t)width)
        return JS_ThrowRangeError(ctx, "invalid width");
    for (size_t i = 0; i < b.len; i += (size_t)width)
        for (size_t low = i, high = i + (size_t)width - 1; low < high; low++, high--) {
            uint8_t t = b.p[low];
            b.p[low] = b.p[high];
            b.p[high] = t;
        }
    return JS_UNDEFINED;
}

/* buf.copy(target, targetStart, sourceStart, sourceEnd) */
static JSValue copy(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    gw_slice source, target;
    int64_t to = 0, from = 0, end;
    if (gw_bytes_or_none(ctx, this_value, &source.p, &source.len) || !gw_is_uint8array(argv[0]) ||
        gw_bytes_or_none(ctx, argv[0], &target.p, &target.len))
        return gw_buffer_slow(ctx, "copy", this_value, argc, argv);
    end = (int64_t)source.len;
    if ((!JS_IsUndefined(argv[1]) && !gw_is_integer(argv[1], &to)) ||
        (!JS_IsUndefined(argv[2]) && !gw_is_integer(argv[2], &from)) ||
        (!JS_IsUndefined(argv[3]) && !gw_is_integer(argv[3], &end)) || to < 0 || from < 0 ||
        from > (int64_t)source.len || end < 0)
        return gw_buffer_slow(ctx, "copy", this_value, argc, argv);
    return JS_NewInt64(ctx, copy_range(source, target, to, from, end));
}

/* buf.equals(other) */
static JSValue equals(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    gw_slice a, b;
    if (gw_bytes_or_none(ctx, this_value, &a.p, &a.len) || !gw_is_uint8array(argv[0]) ||
        gw_bytes_or_none(ctx, argv[0], &b.p, &b.len))
        return gw_buffer_slow(ctx, "equals", this_value, argc, argv);
    return JS_NewBool(ctx, a.len == b.len && memcmp(a.p, b.p, a.len) == 0);
}

/* Buffer.allocUnsafe(size) */
static JSValue alloc_unsafe(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    int64_t size;
    uint8_t *p;
    if (!gw_is_integer(argv[0], &size) || size < 0 || size > INT32_MAX)
        return gw_buffer_slow(ctx, "allocUnsafe", this_value, argc, argv);
    return gw_alloc_buffer(ctx, (size_t)size, &p);
}

/* Buffer.alloc(size, fill, encoding) */
static JSValue alloc(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    int64_t size;
    uint8_t *p;
    int plain = JS_IsUndefined(argv[1]) ||
                (JS_VALUE_GET_TAG(argv[1]) == JS_TAG_INT && JS_VALUE_GET_INT(argv[1]) == 0);
    if (!plain || !gw_is_integer(argv[0], &size) || size < 0 || size > INT32_MAX)
        return gw_buffer_slow(ctx, "alloc", this_value, argc, argv);
    JSValue buffer = gw_alloc_buffer(ctx, (size_t)size, &p);
    if (!JS_IsException(buffer))
        memset(p, 0, (size_t)size);
    return buffer;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("allocUnsafe", 1, alloc_unsafe),
    JS_CFUNC_DEF("alloc", 3, alloc),
    JS_CFUNC_DEF("view", 3, view),
    JS_CFUNC_DEF("concat", 2, concat),
    JS_CFUNC_DEF("compare", 2, compare),
    JS_CFUNC_DEF("fillBytes", 4, fill_bytes),
    JS_CFUNC_DEF("swap", 2, swap),
};

static const JSCFunctionListEntry method_functions[] = {
    JS_CFUNC_DEF("subarray", 2, subarray),
    JS_CFUNC_DEF("slice", 2, subarray),
    JS_CFUNC_DEF("copy", 4, copy),
    JS_CFUNC_DEF("equals", 1, equals),
};

int gw_init_buffer(JSContext *ctx, JSValueConst object)
{
    JSValueConst no_length = JS_UNDEFINED;
    JSValue sample = JS_NewTypedArray(ctx, 1, &no_length, JS_TYPED_ARRAY_UINT8);
    if (JS_IsException(sample))
        return -1;
    uint8array_class = JS_GetClassID(sample);
    JS_FreeValue(ctx, sample);
    length_atom = JS_NewAtom(ctx, "length");
    JSValue methods = JS_NewObject(ctx);
    if (JS_IsException(methods))
        return -1;
    gw_set_functions(ctx, object, functions);
    gw_set_functions(ctx, methods, method_functions);
    int failed = gw_buffer_numbers_init(ctx, object, methods) || gw_buffer_text_init(ctx, object, methods) ||
                 gw_buffer_search_init(ctx, object);
    if (failed) {
        JS_FreeValue(ctx, methods);
        return -1;
    }
    return JS_SetPropertyStr(ctx, object, "methods", methods) < 0 ? -1 : 0;
}

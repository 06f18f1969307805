/*
 * Buffer's memory: allocation, views, copy, concat, compare, fill. buffer.ts checks arguments where Node does; what
 * is left here is what keeps memory safe.
 */
#include "buffer.h"

#include <string.h>

#include "modules.h"

/* allocate(size, zeroed): size is checked by buffer.ts. */
static JSValue allocate(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    (void)this_val;
    (void)argc;
    int64_t size;
    if (!gw_is_integer(argv[0], &size) || size < 0)
        return JS_ThrowRangeError(ctx, "invalid size");
    uint8_t *p;
    JSValue buffer = gw_alloc_buffer(ctx, (size_t)size, &p);
    if (!JS_IsException(buffer) && JS_VALUE_GET_TAG(argv[1]) == JS_TAG_BOOL && JS_VALUE_GET_BOOL(argv[1]))
        memset(p, 0, (size_t)size);
    return buffer;
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

/* copyBytes(source, target, targetStart, sourceStart, sourceEnd): integers in range; overlap is fine. */
static JSValue copy_bytes(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    (void)this_val;
    (void)argc;
    gw_slice source, target;
    int64_t to, from, end;
    if (gw_bytes(ctx, argv[0], &source.p, &source.len) || gw_bytes(ctx, argv[1], &target.p, &target.len))
        return JS_EXCEPTION;
    if (!gw_is_integer(argv[2], &to) || !gw_is_integer(argv[3], &from) || !gw_is_integer(argv[4], &end) || to < 0 ||
        from < 0)
        return JS_ThrowRangeError(ctx, "invalid range");
    if (end > (int64_t)source.len)
        end = (int64_t)source.len;
    if (to >= (int64_t)target.len || from >= end)
        return JS_NewInt32(ctx, 0);
    int64_t count = end - from;
    if (count > (int64_t)target.len - to)
        count = (int64_t)target.len - to;
    memmove(target.p + to, source.p + from, (size_t)count);
    return JS_NewInt32(ctx, (int32_t)count);
}

/* concat(list, totalLength or undefined): undefined when an element is no typed array, for buffer.ts to refuse. */
static JSValue concat(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    (void)this_val;
    (void)argc;
    int64_t count, total = 0;
    gw_slice bytes;
    JSValue length = JS_GetPropertyStr(ctx, argv[0], "length");
    if (JS_IsException(length) || JS_ToInt64(ctx, &count, length))
        return JS_EXCEPTION;
    JS_FreeValue(ctx, length);
    if (JS_IsUndefined(argv[1])) {
        for (int64_t i = 0; i < count; i++) {
            JSValue item = JS_GetPropertyUint32(ctx, argv[0], (uint32_t)i);
            if (JS_IsException(item))
                return item;
            int failed = gw_bytes_or_none(ctx, item, &bytes.p, &bytes.len);
            JS_FreeValue(ctx, item);
            if (failed)
                return JS_UNDEFINED;
            total += (int64_t)bytes.len;
        }
    } else if (!gw_is_integer(argv[1], &total) || total < 0) {
        return JS_UNDEFINED;
    }
    uint8_t *to;
    JSValue result = gw_alloc_buffer(ctx, (size_t)total, &to);
    if (JS_IsException(result))
        return result;
    size_t at = 0;
    for (int64_t i = 0; i < count; i++) {
        JSValue item = JS_GetPropertyUint32(ctx, argv[0], (uint32_t)i);
        if (JS_IsException(item) || gw_bytes_or_none(ctx, item, &bytes.p, &bytes.len)) {
            JS_FreeValue(ctx, result);
            if (JS_IsException(item))
                return item;
            JS_FreeValue(ctx, item);
            return JS_UNDEFINED;
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

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("allocate", 2, allocate),
    JS_CFUNC_DEF("view", 3, view),
    JS_CFUNC_DEF("copyBytes", 5, copy_bytes),
    JS_CFUNC_DEF("concat", 2, concat),
    JS_CFUNC_DEF("compare", 2, compare),
    JS_CFUNC_DEF("fillBytes", 4, fill_bytes),
    JS_CFUNC_DEF("swap", 2, swap),
};

static const JSCFunctionListEntry method_functions[] = {
    JS_CFUNC_DEF("subarray", 2, subarray),
    JS_CFUNC_DEF("slice", 2, subarray),
};

int gw_init_buffer(JSContext *ctx, JSValueConst object)
{
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

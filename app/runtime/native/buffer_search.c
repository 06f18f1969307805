/* indexOf, lastIndexOf, includes. */
#include <math.h>
#include <string.h>

#include "buffer.h"

/* Node's IndexOfOffset: where the search starts, or -1 when there is nothing to find. */
static int64_t start_of(int64_t length, double offset, int64_t needle, int forward)
{
    if (offset < 0) {
        if (offset + (double)length >= 0)
            return length + (int64_t)offset;
        return forward || needle == 0 ? 0 : -1;
    }
    if (offset + (double)needle <= (double)length)
        return (int64_t)offset;
    if (needle == 0)
        return length;
    return forward ? -1 : length - 1;
}

static int64_t find_byte(gw_slice hay, int byte, double offset, int forward)
{
    int64_t start = start_of((int64_t)hay.len, offset, 1, forward);
    if (start < 0 || hay.len == 0)
        return -1;
    const uint8_t *hit = forward ? memchr(hay.p + start, byte, hay.len - (size_t)start)
                                 : memrchr(hay.p, byte, (size_t)start + 1);
    return hit ? hit - hay.p : -1;
}

static int64_t find_bytes(gw_slice hay, gw_slice needle, double offset, int forward, size_t step)
{
    int64_t start = start_of((int64_t)hay.len, offset, (int64_t)needle.len, forward);
    if (needle.len == 0)
        return start;
    if (start < 0 || needle.len > hay.len)
        return -1;
    size_t last = hay.len - needle.len;
    if (step == 1 && forward) {
        const uint8_t *hit = memmem(hay.p + start, hay.len - (size_t)start, needle.p, needle.len);
        return hit ? hit - hay.p : -1;
    }
    size_t at = (size_t)start / step * step;
    if (forward) {
        for (; at <= last; at += step)
            if (memcmp(hay.p + at, needle.p, needle.len) == 0)
                return (int64_t)at;
        return -1;
    }
    if (at > last)
        at = last / step * step;
    for (;; at -= step) {
        if (memcmp(hay.p + at, needle.p, needle.len) == 0)
            return (int64_t)at;
        if (at < step)
            return -1;
    }
}

/* search(buf, byte or bytes, offset, forward, step) → index or -1; step is 2 for UTF-16. */
static JSValue search(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_slice hay, needle;
    double offset;
    int64_t step;
    int forward = JS_ToBool(ctx, argv[3]);
    if (forward < 0 || JS_ToFloat64(ctx, &offset, argv[2]) || gw_bytes(ctx, argv[0], &hay.p, &hay.len))
        return JS_EXCEPTION;
    if (!gw_is_integer(argv[4], &step) || step < 1 || step > 2)
        return JS_ThrowRangeError(ctx, "invalid step");
    offset = trunc(offset);
    int64_t found;
    if (JS_VALUE_GET_TAG(argv[1]) == JS_TAG_INT) {
        found = find_byte(hay, JS_VALUE_GET_INT(argv[1]) & 0xff, offset, forward);
    } else {
        if (gw_bytes(ctx, argv[1], &needle.p, &needle.len))
            return JS_EXCEPTION;
        found = find_bytes(hay, needle, offset, forward, (size_t)step);
    }
    return JS_NewInt64(ctx, found);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("search", 5, search),
};

int gw_buffer_search_init(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

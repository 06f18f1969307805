/* Shared by the files that make up the `buffer` module. */
#ifndef GW_BUFFER_H
#define GW_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include "binding.h"

typedef struct {
    uint8_t *p;
    size_t len;
} gw_slice;

/* Reads an argument that is an integer number (not a string, not fractional); returns 0 when it is not one. */
static inline int gw_is_integer(JSValueConst value, int64_t *out)
{
    if (JS_VALUE_GET_TAG(value) == JS_TAG_INT) {
        *out = JS_VALUE_GET_INT(value);
        return 1;
    }
    if (JS_TAG_IS_FLOAT64(JS_VALUE_GET_TAG(value))) {
        double d = JS_VALUE_GET_FLOAT64(value);
        if (d >= -9007199254740991.0 && d <= 9007199254740991.0 && d == (double)(int64_t)d) {
            *out = (int64_t)d;
            return 1;
        }
    }
    return 0;
}

/* True for Uint8Array and its subclasses (Buffer). */
int gw_is_uint8array(JSValueConst value);

/* Calls buffer.ts for whatever the native method doesn't handle; it throws or returns the method's result. */
JSValue gw_buffer_slow(JSContext *ctx, const char *method, JSValueConst this_value, int argc, JSValueConst *argv);

/* Parts of the `buffer` binding, one per file; `methods` holds what goes onto Buffer.prototype as it is. */
int gw_buffer_numbers_init(JSContext *ctx, JSValueConst object, JSValueConst methods);
int gw_buffer_text_init(JSContext *ctx, JSValueConst object, JSValueConst methods);
int gw_buffer_search_init(JSContext *ctx, JSValueConst object);

#endif

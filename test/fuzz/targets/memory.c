/* Buffer's numbers, copies and searches at any offset: what readUInt32BE and its kin do with indexes from the network. */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

static const char *const numbers[] = {
    "UInt8",    "Int8",     "UInt16LE",    "UInt16BE",    "Int16LE",    "Int16BE",    "UInt32LE", "UInt32BE", "Int32LE",
    "Int32BE",  "FloatLE",  "FloatBE",     "DoubleLE",    "DoubleBE",   "BigUInt64LE", "BigUInt64BE", "BigInt64LE",
    "BigInt64BE",
};
#define NUMBERS (sizeof numbers / sizeof numbers[0])

static JSValue method(const char *name, JSValueConst self, int argc, JSValue *argv)
{
    return fuzz_method("buffer", "methods", name, self, argc, argv);
}

/* What was written is read again. */
static void number_there_and_back(JSValueConst bytes)
{
    uint32_t which = fuzz_below(NUMBERS);
    char name[24];
    JSValue offset = fuzz_number(), value = fuzz_number();
    snprintf(name, sizeof name, "write%s", numbers[which]);
    JSValue end = method(name, bytes, 2, (JSValue[]){ fuzz_dup(value), fuzz_dup(offset) });
    snprintf(name, sizeof name, "read%s", numbers[which]);
    JSValue got = method(name, bytes, 1, (JSValue[]){ fuzz_dup(offset) });
    if (JS_VALUE_GET_TAG(end) == JS_TAG_INT && JS_VALUE_GET_TAG(value) == JS_TAG_INT && which < 14) {
        double expected = JS_VALUE_GET_INT(value), found;
        fuzz_require(JS_ToFloat64(fuzz_context, &found, got) == 0, "a number that was written can't be read");
        if (numbers[which][0] == 'F')
            expected = (float)expected;
        fuzz_require(found == expected, "another number came back than was written");
    }
    fuzz_free(got);
    fuzz_free(end);
    fuzz_free(value);
    fuzz_free(offset);
}

void fuzz_one(void)
{
    JSValue bytes = fuzz_piece();
    switch (fuzz_below(9)) {
    case 0:
    case 1:
        number_there_and_back(bytes);
        break;
    case 2: {
        JSValue other = fuzz_piece();
        JSValue arguments[] = { other, fuzz_number(), fuzz_number(), fuzz_number() };
        fuzz_free(method("copy", bytes, 4, arguments));
        break;
    }
    case 3: {
        JSValue arguments[] = { fuzz_number(), fuzz_number() };
        JSValue part = method(fuzz_u8() & 1 ? "subarray" : "slice", bytes, 2, arguments);
        if (JS_IsObject(part)) { /* every byte of it is there */
            size_t length;
            const uint8_t *p = fuzz_bytes(part, &length);
            volatile uint8_t sum = 0;
            for (size_t i = 0; i < length; i++)
                sum ^= p[i];
        }
        fuzz_free(part);
        break;
    }
    case 4: {
        JSValue list = JS_NewArray(fuzz_context);
        uint32_t count = fuzz_below(5);
        for (uint32_t i = 0; i < count; i++)
            JS_SetPropertyUint32(fuzz_context, list, i, fuzz_u8() & 7 ? fuzz_piece() : fuzz_number());
        fuzz_free(FUZZ_CALL("buffer", "concat", list, fuzz_number()));
        break;
    }
    case 5: {
        JSValue needle = fuzz_u8() & 1 ? fuzz_piece() : fuzz_number(), from = fuzz_number();
        JSValue forward = JS_NewBool(fuzz_context, fuzz_u8() & 1), step = JS_NewInt32(fuzz_context, 1 + (fuzz_u8() & 1));
        fuzz_free(FUZZ_CALL("buffer", "search", fuzz_dup(bytes), needle, from, forward, step));
        break;
    }
    case 6: {
        JSValue pattern = fuzz_u8() & 1 ? fuzz_piece() : fuzz_number();
        fuzz_free(FUZZ_CALL("buffer", "fillBytes", fuzz_dup(bytes), pattern, fuzz_number(), fuzz_number()));
        break;
    }
    case 7:
        fuzz_free(FUZZ_CALL("buffer", "swap", fuzz_dup(bytes), fuzz_number()));
        fuzz_free(FUZZ_CALL("buffer", "compare", fuzz_dup(bytes), fuzz_piece()));
        break;
    default: {
        JSValue memory = JS_GetTypedArrayBuffer(fuzz_context, bytes, NULL, NULL, NULL);
        fuzz_free(FUZZ_CALL("buffer", "view", memory, fuzz_number(), fuzz_number()));
        fuzz_free(method("equals", bytes, 1, (JSValue[]){ fuzz_piece() }));
    }
    }
    fuzz_free(bytes);
}

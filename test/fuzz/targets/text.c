/* Strings from and to bytes: UTF-8, Latin-1, ASCII, hex, base64, UTF-16, as payloads and host names arrive. */
#include <string.h>

#include "fuzz.h"

static const char *const encodings[] = { "utf8", "latin1", "ascii", "hex", "base64", "base64url", "ucs2", "no such" };

static JSValue name_of(uint32_t index)
{
    return JS_NewString(fuzz_context, encodings[index]);
}

/* What is well-formed comes back as it was; the lossless encodings give every byte string back. */
static void there_and_back(JSValueConst bytes, uint32_t encoding)
{
    JSValue text = fuzz_method("buffer", "methods", "toString", bytes, 1, (JSValue[]){ name_of(encoding) });
    JSValue again = FUZZ_CALL("buffer", "from", fuzz_dup(text), name_of(encoding));
    if (!JS_IsString(text) || !JS_IsObject(again)) {
        fuzz_free(again);
        fuzz_free(text);
        return;
    }
    size_t length, again_length;
    const uint8_t *p = fuzz_bytes(bytes, &length), *q = fuzz_bytes(again, &again_length);
    bool same = length == again_length && memcmp(p, q, length) == 0;
    JSValue whole = FUZZ_CALL("buffer", "utf8Decode", fuzz_dup(bytes), JS_TRUE, JS_TRUE);
    if (encoding == 0 && JS_IsString(whole))
        fuzz_require(same, "well-formed UTF-8 changed");
    if (encoding == 0 && !JS_IsString(whole))
        fuzz_require(!same || memmem(p, length, "\xef\xbf\xbd", 3) != NULL, "ill-formed UTF-8 was not replaced");
    if (encoding == 1 || (encoding >= 3 && encoding <= 5) || (encoding == 6 && length % 2 == 0))
        fuzz_require(same, "a lossless encoding lost something");
    fuzz_free(whole);
    fuzz_free(again);
    fuzz_free(text);
}

void fuzz_one(void)
{
    uint32_t kind = fuzz_below(6), encoding = fuzz_below(8);
    switch (kind) {
    case 0: {
        JSValue bytes = fuzz_rest();
        there_and_back(bytes, encoding);
        fuzz_free(bytes);
        break;
    }
    case 1: {
        JSValue text = fuzz_text(fuzz_left());
        JSValue counted = FUZZ_CALL("buffer", "byteLength", fuzz_dup(text), name_of(encoding));
        JSValue bytes = FUZZ_CALL("buffer", "from", fuzz_dup(text), name_of(encoding));
        if (JS_IsObject(bytes) && JS_IsNumber(counted) && (encoding < 3 || encoding == 6)) {
            int64_t number;
            size_t length;
            fuzz_bytes(bytes, &length);
            fuzz_require(JS_ToInt64(fuzz_context, &number, counted) == 0 && (size_t)number == length,
                         "byteLength is not the length of from()");
        }
        fuzz_free(counted);
        fuzz_free(bytes);
        fuzz_free(text);
        break;
    }
    case 2: {
        JSValue target = fuzz_piece(), offset = fuzz_number(), length = fuzz_number();
        JSValue arguments[] = { fuzz_text(fuzz_left()), offset, length, name_of(encoding) };
        fuzz_free(fuzz_method("buffer", "methods", "write", target, 4, arguments));
        fuzz_free(target);
        break;
    }
    case 3: {
        JSValue start = fuzz_number(), end = fuzz_number(), bytes = fuzz_rest();
        fuzz_free(fuzz_method("buffer", "methods", "toString", bytes, 3, (JSValue[]){ name_of(encoding), start, end }));
        fuzz_free(bytes);
        break;
    }
    case 4: {
        JSValue fatal = JS_NewBool(fuzz_context, fuzz_u8() & 1), bom = JS_NewBool(fuzz_context, fuzz_u8() & 1);
        fuzz_free(FUZZ_CALL("buffer", "utf8Decode", fuzz_rest(), fatal, bom));
        break;
    }
    default:
        fuzz_free(FUZZ_CALL("buffer", "isEncoding", fuzz_text(fuzz_left())));
    }
}

/* Buffer's encodings: strings into bytes and back. */
#include <string.h>
#include <strings.h>

#include "buffer.h"
#include "digits.h"
#include "utf8.h"

enum encoding { UTF8, LATIN1, ASCII, HEX, BASE64, BASE64URL, UCS2, UNKNOWN };

static enum encoding encoding_named(const char *name, size_t len)
{
    static const struct {
        const char *name;
        enum encoding encoding;
    } names[] = {
        { "utf8", UTF8 },     { "utf-8", UTF8 },   { "hex", HEX },       { "base64", BASE64 },
        { "latin1", LATIN1 }, { "ascii", ASCII },  { "binary", LATIN1 }, { "base64url", BASE64URL },
        { "ucs2", UCS2 },     { "utf16le", UCS2 }, { "ucs-2", UCS2 },    { "utf-16le", UCS2 },
    };
    for (int i = 0; i < GW_COUNT(names); i++)
        if (strlen(names[i].name) == len && strncasecmp(names[i].name, name, len) == 0)
            return names[i].encoding;
    return UNKNOWN;
}

/* Returns -1 with an exception pending; an unknown name is no exception. */
static int encoding_of(JSContext *ctx, JSValueConst value, enum encoding *out)
{
    if (JS_IsUndefined(value)) {
        *out = UTF8;
        return 0;
    }
    size_t len;
    const char *name = JS_ToCStringLen(ctx, &len, value);
    if (!name)
        return -1;
    *out = encoding_named(name, len);
    JS_FreeCString(ctx, name);
    return 0;
}

/* The most bytes that this text can become; exact for all but base64 and hex. */
static size_t encoded_size(const gw_utf8 *text, enum encoding encoding)
{
    switch (encoding) {
    case UTF8:
        return text->len;
    case HEX:
        return gw_wtf8_units(text->bytes, text->len) / 2;
    case BASE64:
    case BASE64URL:
        return (gw_base64_digits(text->bytes, text->len) * 3 + 3) / 4;
    case UCS2:
        return gw_wtf8_units(text->bytes, text->len) * 2;
    default:
        return gw_wtf8_units(text->bytes, text->len);
    }
}

/* Writes whole characters only, at most `room` bytes. */
static size_t encode(uint8_t *to, size_t room, const gw_utf8 *text, enum encoding encoding)
{
    const uint8_t *p = text->bytes, *end = p + text->len;
    uint32_t state = 0;
    size_t n = 0;
    switch (encoding) {
    case UTF8:
        n = text->len;
        if (n > room) {
            n = room;
            while (n && (p[n] & 0xc0) == 0x80)
                n--;
        }
        memcpy(to, p, n);
        return n;
    case HEX:
        return gw_hex_decode(to, room, p, text->len);
    case BASE64:
    case BASE64URL:
        return gw_base64_decode(to, room, p, text->len);
    case UCS2:
        for (; (p < end || state) && n + 2 <= room; n += 2) {
            uint16_t unit = gw_wtf8_next(&p, &state);
            to[n] = (uint8_t)unit;
            to[n + 1] = (uint8_t)(unit >> 8);
        }
        return n;
    default:
        for (; (p < end || state) && n < room; n++)
            to[n] = (uint8_t)gw_wtf8_next(&p, &state);
        return n;
    }
}

/* UTF-8 replaces lone surrogates; the others look at UTF-16 code units. */
static int text_of(JSContext *ctx, JSValueConst string, enum encoding encoding, gw_utf8 *text)
{
    return encoding == UTF8 ? gw_utf8_of(ctx, string, text) : gw_wtf8_of(ctx, string, text);
}

/* Buffer.from(string, encoding) and Buffer.from(Uint8Array); the other shapes are the slow hook's. */
static JSValue from(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    enum encoding encoding = UTF8;
    gw_utf8 text;
    if (!JS_IsString(argv[0])) {
        uint8_t *p;
        size_t len;
        if (gw_is_uint8array(argv[0]) && gw_bytes_or_none(ctx, argv[0], &p, &len) == 0) {
            uint8_t *to;
            JSValue copy = gw_alloc_buffer(ctx, len, &to);
            if (!JS_IsException(copy))
                memcpy(to, p, len);
            return copy;
        }
        return gw_buffer_slow(ctx, "from", this_value, argc, argv);
    }
    if (JS_IsString(argv[1]) && encoding_of(ctx, argv[1], &encoding))
        return JS_EXCEPTION;
    if (encoding == UNKNOWN)
        return gw_buffer_slow(ctx, "from", this_value, argc, argv);
    if (text_of(ctx, argv[0], encoding, &text))
        return JS_EXCEPTION;
    size_t room = encoded_size(&text, encoding);
    uint8_t *bytes = js_malloc(ctx, room ? room : 1);
    size_t n = bytes ? encode(bytes, room, &text, encoding) : 0;
    gw_utf8_release(ctx, &text);
    return bytes ? gw_adopt_buffer(ctx, bytes, n) : JS_EXCEPTION;
}

/* Buffer.byteLength(string, encoding); an unknown encoding counts as UTF-8, as in Node. */
static JSValue byte_length(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    enum encoding encoding = UTF8;
    gw_utf8 text;
    if (!JS_IsString(argv[0])) {
        uint8_t *p;
        size_t len;
        if (gw_bytes_or_none(ctx, argv[0], &p, &len) == 0)
            return JS_NewInt64(ctx, (int64_t)len);
        return gw_buffer_slow(ctx, "byteLength", this_value, argc, argv);
    }
    if ((JS_IsString(argv[1]) && encoding_of(ctx, argv[1], &encoding)) || gw_wtf8_of(ctx, argv[0], &text))
        return JS_EXCEPTION;
    size_t n = encoding == BASE64 || encoding == BASE64URL ? gw_base64_digits(text.bytes, text.len) * 3 / 4
                                                           : encoded_size(&text, encoding == UNKNOWN ? UTF8 : encoding);
    gw_utf8_release(ctx, &text);
    return JS_NewInt64(ctx, (int64_t)n);
}

/* isEncoding(string) */
static JSValue is_encoding(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    size_t len;
    const char *name = JS_ToCStringLen(ctx, &len, argv[0]);
    if (!name)
        return JS_EXCEPTION;
    int known = encoding_named(name, len) != UNKNOWN;
    JS_FreeCString(ctx, name);
    return JS_NewBool(ctx, known);
}

/* buf.write(string, offset, length, encoding) in all its shapes that need no check by buffer.ts. */
static JSValue write_text(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    int64_t offset = 0, length = INT64_MAX;
    enum encoding encoding = UTF8;
    uint8_t *p;
    size_t len;
    gw_utf8 text;
    JSValueConst name = argv[3];
    if (!JS_IsString(argv[0]))
        return gw_buffer_slow(ctx, "write", this_value, argc, argv);
    if (JS_IsUndefined(argv[1])) {
        /* As in Node.js: without an offset nothing behind it counts. */
        name = JS_UNDEFINED;
    } else if (JS_IsString(argv[1]) && JS_IsUndefined(argv[2])) {
        name = argv[1];
    } else {
        if (!gw_is_integer(argv[1], &offset))
            return gw_buffer_slow(ctx, "write", this_value, argc, argv);
        if (JS_IsString(argv[2]))
            name = argv[2];
        else if (!JS_IsUndefined(argv[2]) && !gw_is_integer(argv[2], &length))
            return gw_buffer_slow(ctx, "write", this_value, argc, argv);
    }
    if (encoding_of(ctx, name, &encoding) || text_of(ctx, argv[0], encoding, &text))
        return JS_EXCEPTION;
    JSValue result;
    if (encoding == UNKNOWN || gw_bytes_or_none(ctx, this_value, &p, &len) || offset < 0 || offset > (int64_t)len ||
        length < 0 || (length != INT64_MAX && length > (int64_t)len)) {
        result = gw_buffer_slow(ctx, "write", this_value, argc, argv);
    } else {
        size_t room = len - (size_t)offset;
        if ((uint64_t)length < room)
            room = (size_t)length;
        result = JS_NewInt64(ctx, (int64_t)encode(p + offset, room, &text, encoding));
    }
    gw_utf8_release(ctx, &text);
    return result;
}

static JSValue decode(JSContext *ctx, const uint8_t *p, size_t len, enum encoding encoding)
{
    size_t n = 0;
    if (encoding == UTF8)
        return gw_utf8_to_string(ctx, p, len);
    if (len == 0)
        return JS_NewStringLen(ctx, "", 0);
    if (encoding == LATIN1 && gw_ascii_prefix(p, len) == len)
        return JS_NewStringLen(ctx, (const char *)p, len);
    /* At most four characters for three bytes (base64), two for one (hex, Latin-1 as UTF-8), three for two (UTF-16). */
    char *to = js_malloc(ctx, 2 * len + 4);
    if (!to)
        return JS_EXCEPTION;
    switch (encoding) {
    case HEX:
        for (size_t i = 0; i < len; i++) {
            to[n++] = "0123456789abcdef"[p[i] >> 4];
            to[n++] = "0123456789abcdef"[p[i] & 15];
        }
        break;
    case BASE64:
    case BASE64URL:
        n = gw_base64_encode(to, p, len, encoding == BASE64URL);
        break;
    case ASCII:
        for (; n < len; n++)
            to[n] = (char)(p[n] & 0x7f);
        break;
    case UCS2:
        for (size_t i = 0; i + 1 < len; i += 2) {
            uint32_t c = p[i] | (uint32_t)p[i + 1] << 8;
            if (c >= 0xd800 && c < 0xdc00 && i + 3 < len) {
                uint32_t low = p[i + 2] | (uint32_t)p[i + 3] << 8;
                if (low >= 0xdc00 && low < 0xe000) {
                    c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
                    i += 2;
                }
            }
            if (c < 0x80) {
                to[n++] = (char)c;
            } else if (c < 0x800) {
                to[n++] = (char)(0xc0 | c >> 6);
                to[n++] = (char)(0x80 | (c & 0x3f));
            } else {
                if (c < 0x10000) {
                    to[n++] = (char)(0xe0 | c >> 12);
                } else {
                    to[n++] = (char)(0xf0 | c >> 18);
                    to[n++] = (char)(0x80 | (c >> 12 & 0x3f));
                }
                to[n++] = (char)(0x80 | (c >> 6 & 0x3f));
                to[n++] = (char)(0x80 | (c & 0x3f));
            }
        }
        break;
    default:
        for (size_t i = 0; i < len; i++) {
            if (p[i] < 0x80) {
                to[n++] = (char)p[i];
            } else {
                to[n++] = (char)(0xc0 | p[i] >> 6);
                to[n++] = (char)(0x80 | (p[i] & 0x3f));
            }
        }
        break;
    }
    JSValue string = JS_NewStringLen(ctx, to, n);
    js_free(ctx, to);
    return string;
}

/* An end of the range of buf.toString: out of range is clamped, a fraction is cut off. */
static int clamp_index(JSContext *ctx, JSValueConst value, size_t fallback, size_t len, size_t *out)
{
    double d;
    if (JS_VALUE_GET_TAG(value) == JS_TAG_INT) {
        int32_t i = JS_VALUE_GET_INT(value);
        *out = i < 0 ? 0 : (size_t)i < len ? (size_t)i : len;
        return 0;
    }
    if (JS_IsUndefined(value)) {
        *out = fallback;
        return 0;
    }
    if (JS_ToFloat64(ctx, &d, value))
        return -1;
    *out = d > 0 ? d < (double)len ? (size_t)d : len : 0;
    return 0;
}

/* buf.toString(encoding, start, end) */
static JSValue to_string(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    enum encoding encoding;
    uint8_t *p;
    size_t len, start, end;
    if (gw_bytes(ctx, this_value, &p, &len))
        return JS_EXCEPTION;
    if (clamp_index(ctx, argv[1], 0, len, &start) || clamp_index(ctx, argv[2], len, len, &end) ||
        encoding_of(ctx, argv[0], &encoding))
        return JS_EXCEPTION;
    if (end <= start)
        return JS_NewStringLen(ctx, "", 0);
    if (encoding == UNKNOWN)
        return gw_buffer_slow(ctx, "toString", this_value, argc, argv);
    /* The conversions above may have run JavaScript. */
    if (gw_bytes(ctx, this_value, &p, &len))
        return JS_EXCEPTION;
    if (end > len)
        return JS_ThrowRangeError(ctx, "the Buffer was detached");
    return decode(ctx, p + start, end - start, encoding);
}

/* utf8Decode(bytes, fatal, ignoreBOM) for TextDecoder; undefined when fatal and ill-formed. */
static JSValue utf8_decode(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    uint8_t *p;
    size_t len;
    int fatal = JS_ToBool(ctx, argv[1]), keep_bom = JS_ToBool(ctx, argv[2]);
    if (fatal < 0 || keep_bom < 0 || gw_bytes(ctx, argv[0], &p, &len))
        return JS_EXCEPTION;
    if (fatal && gw_utf8_valid_prefix(p, len) != len)
        return JS_UNDEFINED;
    if (!keep_bom && len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
        len -= 3;
    }
    return gw_utf8_to_string(ctx, p, len);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("from", 3, from),
    JS_CFUNC_DEF("byteLength", 2, byte_length),
    JS_CFUNC_DEF("isEncoding", 1, is_encoding),
    JS_CFUNC_DEF("utf8Decode", 3, utf8_decode),
};

static const JSCFunctionListEntry method_functions[] = {
    JS_CFUNC_DEF("write", 4, write_text),
    JS_CFUNC_DEF("toString", 3, to_string),
};

int gw_buffer_text_init(JSContext *ctx, JSValueConst object, JSValueConst methods)
{
    gw_set_functions(ctx, object, functions);
    gw_set_functions(ctx, methods, method_functions);
    return 0;
}

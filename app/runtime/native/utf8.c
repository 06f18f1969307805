#include "utf8.h"

#include <string.h>

size_t gw_ascii_prefix(const uint8_t *p, size_t len)
{
    size_t i = 0;
    for (; i + sizeof(size_t) <= len; i += sizeof(size_t)) {
        size_t word;
        memcpy(&word, p + i, sizeof word);
        if (word & (size_t)0x8080808080808080ull)
            break;
    }
    while (i < len && p[i] < 0x80)
        i++;
    return i;
}

/*
 * Length of the well-formed sequence at `p` (Unicode table 3-7), or minus the length of the maximal ill-formed
 * subpart that one U+FFFD stands for.
 */
static int sequence(const uint8_t *p, size_t len)
{
    uint8_t lead = p[0], low = 0x80, high = 0xbf;
    int need;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf) {
        need = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        need = 2;
        if (lead == 0xe0)
            low = 0xa0;
        else if (lead == 0xed)
            high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        need = 3;
        if (lead == 0xf0)
            low = 0x90;
        else if (lead == 0xf4)
            high = 0x8f;
    } else {
        return -1;
    }
    for (int i = 1; i <= need; i++) {
        if ((size_t)i >= len || p[i] < low || p[i] > high)
            return -i;
        low = 0x80;
        high = 0xbf;
    }
    return need + 1;
}

size_t gw_utf8_valid_prefix(const uint8_t *p, size_t len)
{
    size_t i = 0;
    for (;;) {
        i += gw_ascii_prefix(p + i, len - i);
        if (i >= len)
            return len;
        int n = sequence(p + i, len - i);
        if (n < 0)
            return i;
        i += (size_t)n;
    }
}

JSValue gw_utf8_to_string(JSContext *ctx, const uint8_t *p, size_t len)
{
    size_t good = gw_utf8_valid_prefix(p, len);
    if (good == len)
        return JS_NewStringLen(ctx, (const char *)p, len);
    /* One ill-formed byte becomes three: the worst case is three times the rest. */
    uint8_t *fixed = js_malloc(ctx, good + (len - good) * 3);
    if (!fixed)
        return JS_EXCEPTION;
    memcpy(fixed, p, good);
    size_t to = good;
    for (size_t from = good; from < len;) {
        int n = sequence(p + from, len - from);
        if (n > 0) {
            memcpy(fixed + to, p + from, (size_t)n);
            to += (size_t)n;
            from += (size_t)n;
        } else {
            memcpy(fixed + to, "\xef\xbf\xbd", 3);
            to += 3;
            from += (size_t)-n;
        }
    }
    JSValue string = JS_NewStringLen(ctx, (const char *)fixed, to);
    js_free(ctx, fixed);
    return string;
}

int gw_wtf8_of(JSContext *ctx, JSValueConst string, gw_utf8 *out)
{
    out->owned = NULL;
    out->cstring = JS_ToCStringLen(ctx, &out->len, string);
    if (!out->cstring)
        return -1;
    out->bytes = (const uint8_t *)out->cstring;
    return 0;
}

int gw_utf8_of(JSContext *ctx, JSValueConst string, gw_utf8 *out)
{
    if (gw_wtf8_of(ctx, string, out))
        return -1;
    /* A lone surrogate is ED A0..BF xx, as long as the U+FFFD that replaces it. */
    const uint8_t *end = out->bytes + out->len;
    for (const uint8_t *p = out->bytes; p && (p = memchr(p, 0xed, (size_t)(end - p))) != NULL; p++) {
        if (p + 2 >= end || p[1] < 0xa0)
            continue;
        if (!out->owned) {
            size_t at = (size_t)(p - out->bytes);
            out->owned = js_malloc(ctx, out->len);
            if (!out->owned) {
                JS_FreeCString(ctx, out->cstring);
                return -1;
            }
            memcpy(out->owned, out->bytes, out->len);
            out->bytes = out->owned;
            end = out->owned + out->len;
            p = out->owned + at;
        }
        memcpy(out->owned + (p - out->bytes), "\xef\xbf\xbd", 3);
    }
    return 0;
}

void gw_utf8_release(JSContext *ctx, gw_utf8 *text)
{
    js_free(ctx, text->owned);
    JS_FreeCString(ctx, text->cstring);
}

uint16_t gw_wtf8_next(const uint8_t **pp, uint32_t *state)
{
    if (*state) {
        uint16_t low = (uint16_t)*state;
        *state = 0;
        return low;
    }
    const uint8_t *p = *pp;
    uint32_t c = p[0];
    if (c < 0x80) {
        *pp = p + 1;
    } else if (c < 0xe0) {
        c = (c & 0x1f) << 6 | (p[1] & 0x3f);
        *pp = p + 2;
    } else if (c < 0xf0) {
        c = (c & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        *pp = p + 3;
    } else {
        c = (c & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 | (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
        *pp = p + 4;
        c -= 0x10000;
        *state = 0xdc00 | (c & 0x3ff);
        c = 0xd800 | c >> 10;
    }
    return (uint16_t)c;
}

size_t gw_wtf8_units(const uint8_t *p, size_t len)
{
    size_t units = 0;
    for (size_t i = 0; i < len; i++)
        units += (p[i] & 0xc0) != 0x80 ? 1u + (p[i] >= 0xf0) : 0u;
    return units;
}

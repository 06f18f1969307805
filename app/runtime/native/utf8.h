/* UTF-8 as the WHATWG Encoding Standard and Node's Buffer understand it. */
#ifndef GW_UTF8_H
#define GW_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include "quickjs.h"

/* Number of bytes at the start of `p` that are plain ASCII. */
size_t gw_ascii_prefix(const uint8_t *p, size_t len);

/* Number of bytes at the start of `p` that are well-formed UTF-8; `len` when all of it is. */
size_t gw_utf8_valid_prefix(const uint8_t *p, size_t len);

/* Decodes with U+FFFD for every maximal ill-formed subpart, as `buf.toString("utf8")` does. */
JSValue gw_utf8_to_string(JSContext *ctx, const uint8_t *p, size_t len);

/*
 * The UTF-8 bytes of a JavaScript string, lone surrogates replaced by U+FFFD. Free with gw_utf8_release.
 * `owned` says whether `bytes` is our own copy. Returns -1 with a pending exception.
 */
typedef struct {
    const uint8_t *bytes;
    size_t len;
    const char *cstring;
    uint8_t *owned;
} gw_utf8;

int gw_utf8_of(JSContext *ctx, JSValueConst string, gw_utf8 *out);
void gw_utf8_release(JSContext *ctx, gw_utf8 *text);

/*
 * The same string with lone surrogates kept (WTF-8): what UTF-16 and Latin-1 conversions start from.
 * gw_wtf8_next returns the next UTF-16 code unit; `state` starts as 0.
 */
int gw_wtf8_of(JSContext *ctx, JSValueConst string, gw_utf8 *out);
uint16_t gw_wtf8_next(const uint8_t **p, uint32_t *state);
size_t gw_wtf8_units(const uint8_t *p, size_t len);

#endif

/*
 * What every fuzz target stands on: one JavaScript context with the native modules, an input that is eaten piece by
 * piece, and judgements beyond the sanitizers'. A target is one file in targets/ that defines fuzz_one.
 */
#ifndef GW_FUZZ_H
#define GW_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

extern JSContext *fuzz_context;

/* The target. `fuzz_prepare` is called once, before the first input; targets that need nothing leave it out. */
void fuzz_one(void);
void fuzz_prepare(void);

/* The current input: each call takes from its front; what is no longer there reads as zeros. */
uint8_t fuzz_u8(void);
uint32_t fuzz_u32(void);
/* A number below `limit`. */
uint32_t fuzz_below(uint32_t limit);
/* The next bytes, at most `wanted`; *length says how many there are. Copied nowhere: use fuzz_buffer for C under test. */
const uint8_t *fuzz_take(size_t wanted, size_t *length);
size_t fuzz_left(void);

/* Up to `wanted` bytes of the input as a Uint8Array of exactly that size: one byte too far is caught. */
JSValue fuzz_buffer(size_t wanted);
/* The same behind a two-byte length: for targets that need several pieces. */
JSValue fuzz_piece(void);
/* All that is left. */
JSValue fuzz_rest(void);
/* A number as JavaScript may hand one over: small, negative, huge, fractional, NaN, or no number at all. */
JSValue fuzz_number(void);
/* Text of the next `wanted` bytes, ill-formed UTF-8 and lone surrogates included. */
JSValue fuzz_text(size_t wanted);

/* Calls `__gateway.MODULE.FUNCTION`. Frees the arguments. An exception is kept back: the result is JS_EXCEPTION. */
JSValue fuzz_call(const char *module, const char *function, int argc, JSValue *argv);
/* The same with `this`: methods that buffer.ts puts onto Buffer.prototype. */
JSValue fuzz_method(const char *module, const char *group, const char *function, JSValueConst self, int argc, JSValue *argv);
#define FUZZ_CALL(module, function, ...) \
    fuzz_call(module, function, (int)(sizeof((JSValue[]){ __VA_ARGS__ }) / sizeof(JSValue)), (JSValue[]){ __VA_ARGS__ })

void fuzz_free(JSValue value);
static inline JSValue fuzz_dup(JSValueConst value)
{
    return JS_DupValue(fuzz_context, value);
}
int64_t fuzz_length_of(JSValueConst array);
JSValue fuzz_item(JSValueConst array, uint32_t index);
/* Bytes of a Buffer that a function returned. */
const uint8_t *fuzz_bytes(JSValueConst buffer, size_t *length);

/* Ends the run with a finding when `holds` is false. */
void fuzz_require(bool holds, const char *what);

#endif

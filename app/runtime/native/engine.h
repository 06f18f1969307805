/*
 * The few things this runtime needs of QuickJS that its public header lacks. engine.c compiles quickjs.c as it is and
 * adds these functions, so a change of QuickJS's internals breaks the build here and nowhere else.
 */
#ifndef GW_ENGINE_H
#define GW_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

/* Bytes behind a typed array, DataView or ArrayBuffer; -1 (nothing thrown) for anything else. */
int gw_engine_bytes(JSContext *ctx, JSValueConst value, uint8_t **data, size_t *length);

/* Borrows the characters of a string that is one piece of 8-bit ones (Latin-1); -1 (nothing thrown) for any other value. */
int gw_engine_latin1(JSValueConst value, const uint8_t **data, size_t *length);

/* A Uint8Array view whose prototype is the one registered below (Buffer.prototype). */
JSValue gw_engine_new_view(JSContext *ctx, JSValueConst array_buffer, size_t offset, size_t length);
void gw_engine_set_view_prototype(JSContext *ctx, JSValueConst prototype);

/* Throws a plain Error with a stack trace; the message may have any length. */
void gw_engine_throw_error(JSContext *ctx, const char *message);

/*
 * After fork, in the child: forgets the parent's pending promise jobs, and ends stack traces at the current call. The
 * parent's frames stay on the stack, never returned to: closures refer to variables in them.
 */
void gw_engine_forget_jobs(JSContext *ctx);

/*
 * Everything that exists now is kept for good, and the collector never looks at it again: cells that are forked from
 * here on share its pages, and their collections take as long as what they made themselves. The first call counts.
 */
void gw_engine_freeze(JSRuntime *rt);

/*
 * Collects when the heap has grown by half a megabyte; does nothing before the freeze. QuickJS alone waits until it has
 * grown by half, with all that is frozen counted in: 60 lost connections' worth of garbage, which looks like a leak.
 */
void gw_engine_tidy(JSRuntime *rt);

/* Collects now, and counts from here. */
void gw_engine_collect(JSRuntime *rt);

/* Undoes the freeze, for a leak check at the end. */
void gw_engine_thaw(JSRuntime *rt);

/* Takes the names of local variables out of a compiled function and those in it: only eval would look at them. */
void gw_engine_drop_names(JSContext *ctx, JSValueConst function);

/* Bytes allocated by the JavaScript heap. */
size_t gw_engine_heap_used(JSRuntime *rt);

#endif

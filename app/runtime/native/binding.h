/*
 * What every native module needs to talk to JavaScript: bytes in and out, and errors as Node.js shapes them.
 */
#ifndef GW_BINDING_H
#define GW_BINDING_H

#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

#define GW_COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum gw_error_kind { GW_ERROR, GW_TYPE_ERROR, GW_RANGE_ERROR };

/*
 * Borrows the bytes of a typed array, DataView or ArrayBuffer. The pointer is valid until JavaScript runs again.
 * Returns 0, or -1 with a TypeError (code ERR_INVALID_ARG_TYPE) thrown.
 */
int gw_bytes(JSContext *ctx, JSValueConst value, uint8_t **data, size_t *length);

/* Like gw_bytes, but returns -1 without throwing when the value isn't made of bytes. */
int gw_bytes_or_none(JSContext *ctx, JSValueConst value, uint8_t **data, size_t *length);

/* A new Buffer (a Uint8Array before Buffer is installed) with a copy of the bytes. */
JSValue gw_new_buffer(JSContext *ctx, const void *data, size_t length);

/* A new Buffer that owns `data` (from js_malloc); frees it also when it fails. */
JSValue gw_adopt_buffer(JSContext *ctx, uint8_t *data, size_t length);

/* A new Buffer of `length` uninitialised bytes; *data points at them. */
JSValue gw_alloc_buffer(JSContext *ctx, size_t length, uint8_t **data);

/* A view of [offset, offset + length) of an ArrayBuffer as a Buffer, without copying. */
JSValue gw_view_buffer(JSContext *ctx, JSValueConst array_buffer, size_t offset, size_t length);

/* Throws `kind` with the given `code` property. Always returns JS_EXCEPTION. */
JSValue gw_throw_code(JSContext *ctx, enum gw_error_kind kind, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * The Error of a failed system call as Node.js shapes it: message "CODE: text, syscall 'path'", errno (negative), code,
 * syscall, path. `error` is the positive errno; `path` may be NULL.
 */
JSValue gw_new_errno(JSContext *ctx, int error, const char *syscall, const char *path);
JSValue gw_throw_errno(JSContext *ctx, int error, const char *syscall, const char *path);

/* "ECONNREFUSED" for ECONNREFUSED; NULL when there is no name. */
const char *gw_errno_name(int error);

/* Function objects for a table, set on `object`. */
#define gw_set_functions(ctx, object, table) JS_SetPropertyFunctionList(ctx, object, table, GW_COUNT(table))

#endif

/* Bytes and errors between C and JavaScript. */
#include "binding.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "modules.h"

static void free_bytes(JSRuntime *rt, void *opaque, void *data)
{
    (void)opaque;
    js_free_rt(rt, data);
}

int gw_bytes_or_none(JSContext *ctx, JSValueConst value, uint8_t **data, size_t *length)
{
    return gw_engine_bytes(ctx, value, data, length);
}

int gw_bytes(JSContext *ctx, JSValueConst value, uint8_t **data, size_t *length)
{
    if (gw_engine_bytes(ctx, value, data, length) == 0)
        return 0;
    gw_throw_code(ctx, GW_TYPE_ERROR, "ERR_INVALID_ARG_TYPE",
                  "The argument must be an instance of Buffer, TypedArray, DataView or ArrayBuffer.");
    return -1;
}

JSValue gw_view_buffer(JSContext *ctx, JSValueConst array_buffer, size_t offset, size_t length)
{
    return gw_engine_new_view(ctx, array_buffer, offset, length);
}

JSValue gw_adopt_buffer(JSContext *ctx, uint8_t *data, size_t length)
{
    JSValue array_buffer = JS_NewArrayBuffer(ctx, data, length, free_bytes, NULL, 0);
    if (JS_IsException(array_buffer)) {
        js_free(ctx, data);
        return array_buffer;
    }
    JSValue buffer = gw_engine_new_view(ctx, array_buffer, 0, length);
    JS_FreeValue(ctx, array_buffer);
    return buffer;
}

JSValue gw_alloc_buffer(JSContext *ctx, size_t length, uint8_t **data)
{
    uint8_t *bytes = js_malloc(ctx, length > 0 ? length : 1);
    if (bytes == NULL)
        return JS_EXCEPTION;
    *data = bytes;
    return gw_adopt_buffer(ctx, bytes, length);
}

JSValue gw_new_buffer(JSContext *ctx, const void *data, size_t length)
{
    uint8_t *bytes;
    JSValue buffer = gw_alloc_buffer(ctx, length, &bytes);
    if (!JS_IsException(buffer) && length > 0)
        memcpy(bytes, data, length);
    return buffer;
}

JSValue gw_throw_code(JSContext *ctx, enum gw_error_kind kind, const char *code, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);

    if (kind == GW_TYPE_ERROR)
        JS_ThrowTypeError(ctx, "%s", message);
    else if (kind == GW_RANGE_ERROR)
        JS_ThrowRangeError(ctx, "%s", message);
    else
        gw_engine_throw_error(ctx, message);
    JSValue error = JS_GetException(ctx);
    if (JS_IsObject(error))
        JS_DefinePropertyValueStr(ctx, error, "code", JS_NewString(ctx, code), JS_PROP_C_W_E);
    return JS_Throw(ctx, error);
}

const char *gw_errno_name(int error)
{
    switch (error) {
#define NAME(code) \
    case code:     \
        return #code
        NAME(E2BIG);
        NAME(EACCES);
        NAME(EADDRINUSE);
        NAME(EADDRNOTAVAIL);
        NAME(EAFNOSUPPORT);
        NAME(EAGAIN);
        NAME(EALREADY);
        NAME(EBADF);
        NAME(EBUSY);
        NAME(ECANCELED);
        NAME(ECHILD);
        NAME(ECONNABORTED);
        NAME(ECONNREFUSED);
        NAME(ECONNRESET);
        NAME(EDESTADDRREQ);
        NAME(EDOM);
        NAME(EEXIST);
        NAME(EFAULT);
        NAME(EFBIG);
        NAME(EHOSTDOWN);
        NAME(EHOSTUNREACH);
        NAME(EILSEQ);
        NAME(EINPROGRESS);
        NAME(EINTR);
        NAME(EINVAL);
        NAME(EIO);
        NAME(EISCONN);
        NAME(EISDIR);
        NAME(ELOOP);
        NAME(EMFILE);
        NAME(EMLINK);
        NAME(EMSGSIZE);
        NAME(ENAMETOOLONG);
        NAME(ENETDOWN);
        NAME(ENETRESET);
        NAME(ENETUNREACH);
        NAME(ENFILE);
        NAME(ENOBUFS);
        NAME(ENODEV);
        NAME(ENOENT);
        NAME(ENOEXEC);
        NAME(ENOMEM);
        NAME(ENOPROTOOPT);
        NAME(ENOSPC);
        NAME(ENOSYS);
        NAME(ENOTCONN);
        NAME(ENOTDIR);
        NAME(ENOTEMPTY);
        NAME(ENOTSOCK);
        NAME(ENOTSUP);
        NAME(ENOTTY);
        NAME(ENXIO);
        NAME(EOVERFLOW);
        NAME(EPERM);
        NAME(EPIPE);
        NAME(EPROTO);
        NAME(EPROTONOSUPPORT);
        NAME(EPROTOTYPE);
        NAME(ERANGE);
        NAME(EROFS);
        NAME(ESHUTDOWN);
        NAME(ESPIPE);
        NAME(ESRCH);
        NAME(ETIMEDOUT);
        NAME(ETXTBSY);
        NAME(EXDEV);
#undef NAME
    default:
        return NULL;
    }
}

/* libuv's texts, which are what Node.js puts into messages. */
static const char *errno_text(int error)
{
    switch (error) {
    case EACCES:
        return "permission denied";
    case EADDRINUSE:
        return "address already in use";
    case EADDRNOTAVAIL:
        return "address not available";
    case EBADF:
        return "bad file descriptor";
    case EBUSY:
        return "resource busy or locked";
    case ECONNREFUSED:
        return "connection refused";
    case ECONNRESET:
        return "connection reset by peer";
    case EEXIST:
        return "file already exists";
    case EFBIG:
        return "file too large";
    case EHOSTUNREACH:
        return "host is unreachable";
    case EINVAL:
        return "invalid argument";
    case EIO:
        return "i/o error";
    case EISDIR:
        return "illegal operation on a directory";
    case ELOOP:
        return "too many symbolic links encountered";
    case EMFILE:
        return "too many open files";
    case ENAMETOOLONG:
        return "name too long";
    case ENETUNREACH:
        return "network is unreachable";
    case ENOENT:
        return "no such file or directory";
    case ENOSPC:
        return "no space left on device";
    case ENOTCONN:
        return "socket is not connected";
    case ENOTDIR:
        return "not a directory";
    case ENOTEMPTY:
        return "directory not empty";
    case EPERM:
        return "operation not permitted";
    case EPIPE:
        return "broken pipe";
    case EROFS:
        return "read-only file system";
    case ETIMEDOUT:
        return "connection timed out";
    case EXDEV:
        return "cross-device link not permitted";
    default:
        return strerror(error);
    }
}

JSValue gw_new_errno(JSContext *ctx, int error, const char *syscall, const char *path)
{
    const char *name = gw_errno_name(error);
    char unknown[24];
    if (name == NULL) {
        snprintf(unknown, sizeof(unknown), "ERRNO_%d", error);
        name = unknown;
    }
    char message[512];
    if (path != NULL)
        snprintf(message, sizeof(message), "%s: %s, %s '%s'", name, errno_text(error), syscall, path);
    else
        snprintf(message, sizeof(message), "%s: %s, %s", name, errno_text(error), syscall);

    gw_engine_throw_error(ctx, message);
    JSValue object = JS_GetException(ctx);
    if (!JS_IsObject(object))
        return object;
    JS_DefinePropertyValueStr(ctx, object, "errno", JS_NewInt32(ctx, -error), JS_PROP_C_W_E);
    JS_DefinePropertyValueStr(ctx, object, "code", JS_NewString(ctx, name), JS_PROP_C_W_E);
    JS_DefinePropertyValueStr(ctx, object, "syscall", JS_NewString(ctx, syscall), JS_PROP_C_W_E);
    if (path != NULL)
        JS_DefinePropertyValueStr(ctx, object, "path", JS_NewString(ctx, path), JS_PROP_C_W_E);
    return object;
}

JSValue gw_throw_errno(JSContext *ctx, int error, const char *syscall, const char *path)
{
    return JS_Throw(ctx, gw_new_errno(ctx, error, syscall, path));
}

static JSValue core_set_buffer_prototype(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    if (argc < 1 || !JS_IsObject(argv[0]))
        return JS_ThrowTypeError(ctx, "setBufferPrototype: an object is needed");
    gw_engine_set_view_prototype(ctx, argv[0]);
    return JS_UNDEFINED;
}

/* errnoName(number) for a positive or negative errno */
static JSValue core_errno_name(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t number;
    if (argc < 1 || JS_ToInt32(ctx, &number, argv[0]) != 0)
        return JS_EXCEPTION;
    if (number < 0)
        number = -number;
    const char *name = gw_errno_name(number);
    char unknown[24];
    snprintf(unknown, sizeof(unknown), "ERRNO_%d", (int)number);
    return JS_NewString(ctx, name != NULL ? name : unknown);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("errnoName", 1, core_errno_name),
    JS_CFUNC_DEF("setBufferPrototype", 1, core_set_buffer_prototype),
};

int gw_init_core(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

/* System calls on open files. See fs.c for those on paths. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "binding.h"
#include "modules.h"

#define FUNCTION(name) static JSValue name(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
#define UNUSED_CALL ((void)this_value, (void)argc)

/* The result of a call without a value: undefined, or the system error thrown. */
static JSValue finish(JSContext *ctx, int status, const char *syscall, const char *path)
{
    return status < 0 ? gw_throw_errno(ctx, errno, syscall, path) : JS_UNDEFINED;
}

static int argument(JSContext *ctx, JSValueConst value, int32_t *number)
{
    return JS_ToInt32(ctx, number, value);
}

FUNCTION(fs_open)
{
    UNUSED_CALL;
    int32_t flags;
    int32_t mode;
    if (argument(ctx, argv[1], &flags) != 0 || argument(ctx, argv[2], &mode) != 0)
        return JS_EXCEPTION;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    int fd = open(path, flags | O_CLOEXEC, (mode_t)mode);
    JSValue result = fd < 0 ? gw_throw_errno(ctx, errno, "open", path) : JS_NewInt32(ctx, fd);
    JS_FreeCString(ctx, path);
    return result;
}

FUNCTION(fs_close)
{
    UNUSED_CALL;
    int32_t fd;
    if (argument(ctx, argv[0], &fd) != 0)
        return JS_EXCEPTION;
    return finish(ctx, close(fd), "close", NULL);
}

/* A slice [offset, offset + length) of the bytes in argv[1]; throws ERR_OUT_OF_RANGE. */
static int slice(JSContext *ctx, JSValueConst *argv, uint8_t **data, size_t *length)
{
    int64_t offset;
    int64_t wanted;
    if (gw_bytes(ctx, argv[1], data, length) != 0 || JS_ToInt64(ctx, &offset, argv[2]) != 0 ||
        JS_ToInt64(ctx, &wanted, argv[3]) != 0)
        return -1;
    if (offset < 0 || wanted < 0 || (uint64_t)offset > *length || (uint64_t)wanted > *length - (size_t)offset) {
        gw_throw_code(ctx, GW_RANGE_ERROR, "ERR_OUT_OF_RANGE",
                      "The value of \"length\" is out of range. It must be <= %zu. Received %lld", *length - (size_t)offset,
                      (long long)wanted);
        return -1;
    }
    *data += offset;
    *length = (size_t)wanted;
    return 0;
}

/*
 * As in Node.js on Linux the kernel has its way: what is open for appending is appended to, whatever the position. The
 * pwrite() of musl 1.2.6 and later asks for the contrary.
 */
static ssize_t write_at(int fd, const uint8_t *data, size_t length, int64_t position)
{
#if defined(__i386__)
    return syscall(SYS_pwrite64, fd, data, length, (long)(uint32_t)position, (long)(position >> 32));
#else
    return syscall(SYS_pwrite64, fd, data, length, position);
#endif
}

/* read(fd, bytes, offset, length, position or null) and write with the same arguments. */
static JSValue transfer(JSContext *ctx, JSValueConst *argv, int writing)
{
    int32_t fd;
    uint8_t *data;
    size_t length;
    int64_t position = -1;
    if (argument(ctx, argv[0], &fd) != 0 || slice(ctx, argv, &data, &length) != 0)
        return JS_EXCEPTION;
    if (JS_IsNumber(argv[4]) && JS_ToInt64(ctx, &position, argv[4]) != 0)
        return JS_EXCEPTION;
    ssize_t done;
    do {
        if (writing)
            done = position < 0 ? write(fd, data, length) : write_at(fd, data, length, position);
        else
            done = position < 0 ? read(fd, data, length) : pread(fd, data, length, (off_t)position);
    } while (done < 0 && errno == EINTR);
    if (done < 0)
        return gw_throw_errno(ctx, errno, writing ? "write" : "read", NULL);
    return JS_NewInt64(ctx, done);
}

FUNCTION(fs_read)
{
    UNUSED_CALL;
    return transfer(ctx, argv, 0);
}

FUNCTION(fs_write)
{
    UNUSED_CALL;
    return transfer(ctx, argv, 1);
}

/* Everything from the descriptor's position to its end, as a Buffer. */
FUNCTION(fs_read_all)
{
    UNUSED_CALL;
    int32_t fd;
    struct stat status;
    if (argument(ctx, argv[0], &fd) != 0)
        return JS_EXCEPTION;
    if (fstat(fd, &status) != 0)
        return gw_throw_errno(ctx, errno, "fstat", NULL);
    if (S_ISDIR(status.st_mode))
        return gw_throw_errno(ctx, EISDIR, "read", NULL);
    size_t capacity = S_ISREG(status.st_mode) && status.st_size > 0 ? (size_t)status.st_size + 1 : 8192;
    size_t used = 0;
    uint8_t *bytes = js_malloc(ctx, capacity);
    if (bytes == NULL)
        return JS_EXCEPTION;
    for (;;) {
        ssize_t got = read(fd, bytes + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int error = errno;
            js_free(ctx, bytes);
            return gw_throw_errno(ctx, error, "read", NULL);
        }
        if (got == 0)
            break;
        used += (size_t)got;
        if (used == capacity) {
            capacity *= 2;
            uint8_t *larger = js_realloc(ctx, bytes, capacity);
            if (larger == NULL) {
                js_free(ctx, bytes);
                return JS_EXCEPTION;
            }
            bytes = larger;
        }
    }
    if (capacity - used > 4096) {
        uint8_t *smaller = js_realloc(ctx, bytes, used > 0 ? used : 1);
        if (smaller != NULL)
            bytes = smaller;
    }
    return gw_adopt_buffer(ctx, bytes, used);
}

FUNCTION(fs_truncate)
{
    UNUSED_CALL;
    int32_t fd;
    int64_t length;
    if (argument(ctx, argv[0], &fd) != 0 || JS_ToInt64(ctx, &length, argv[1]) != 0)
        return JS_EXCEPTION;
    return finish(ctx, ftruncate(fd, (off_t)length), "ftruncate", NULL);
}

FUNCTION(fs_fsync)
{
    UNUSED_CALL;
    int32_t fd;
    if (argument(ctx, argv[0], &fd) != 0)
        return JS_EXCEPTION;
    return finish(ctx, fsync(fd), "fsync", NULL);
}

FUNCTION(fs_fdatasync)
{
    UNUSED_CALL;
    int32_t fd;
    if (argument(ctx, argv[0], &fd) != 0)
        return JS_EXCEPTION;
    return finish(ctx, fdatasync(fd), "fdatasync", NULL);
}

FUNCTION(fs_isatty)
{
    UNUSED_CALL;
    int32_t fd;
    if (argument(ctx, argv[0], &fd) != 0)
        return JS_EXCEPTION;
    return JS_NewBool(ctx, isatty(fd));
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("open", 3, fs_open),
    JS_CFUNC_DEF("close", 1, fs_close),
    JS_CFUNC_DEF("read", 5, fs_read),
    JS_CFUNC_DEF("write", 5, fs_write),
    JS_CFUNC_DEF("readAll", 1, fs_read_all),
    JS_CFUNC_DEF("ftruncate", 2, fs_truncate),
    JS_CFUNC_DEF("fsync", 1, fs_fsync),
    JS_CFUNC_DEF("fdatasync", 1, fs_fdatasync),
    JS_CFUNC_DEF("isatty", 1, fs_isatty),
};

int gw_init_fs_io(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

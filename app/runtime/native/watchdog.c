/* The hardware watchdog (Linux' watchdog API): resets the device unless it is written to in time. */
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "binding.h"
#include "modules.h"

/* From here on the device is reset when nothing is written for `seconds`. Returns the descriptor, or -1 with errno set. */
static int start(const char *path, int *seconds, int *flags)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    *flags = 0;
    if (ioctl(fd, WDIOC_SETTIMEOUT, seconds) == 0 &&
        (ioctl(fd, WDIOC_GETBOOTSTATUS, flags) == 0 || errno == ENOTTY || errno == EOPNOTSUPP))
        return fd;
    int error = errno;
    /* 'V' is the magic character that stops it again. */
    if (write(fd, "V", 1) != 1)
        errno = error;
    close(fd);
    errno = error;
    return -1;
}

/* open(path, seconds) → [descriptor, seconds that the hardware can do, whether it caused the last reset] */
static JSValue watchdog_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t seconds;
    int flags;
    if (argc < 2 || JS_ToInt32(ctx, &seconds, argv[1]) != 0)
        return JS_EXCEPTION;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    int fd = start(path, &seconds, &flags);
    JSValue result = fd < 0 ? gw_throw_errno(ctx, errno, "watchdog", path) : JS_NewArray(ctx);
    JS_FreeCString(ctx, path);
    if (fd < 0 || JS_IsException(result))
        return result;
    JS_DefinePropertyValueUint32(ctx, result, 0, JS_NewInt32(ctx, fd), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, result, 1, JS_NewInt32(ctx, seconds), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, result, 2, JS_NewBool(ctx, (flags & WDIOF_CARDRESET) != 0), JS_PROP_C_W_E);
    return result;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("open", 2, watchdog_open),
};

int gw_init_watchdog(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

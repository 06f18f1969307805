/* Non-blocking reading and writing of descriptors (pipes, a serial line) as FdReader and FdWriter need it. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "binding.h"
#include "loop.h"
#include "modules.h"
#include "signals.h"

#define READ_SIZE 65536

typedef struct {
    gw_poll poll;
    JSValue self;
    JSValue callback;
    bool writing;
} channel;

static JSClassID channel_class;
static uint8_t read_buffer[READ_SIZE];

static void release(JSContext *ctx, channel *item)
{
    JSValue self = item->self;
    JSValue callback = item->callback;
    item->self = JS_UNDEFINED;
    item->callback = JS_UNDEFINED;
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, self);
}

static void channel_forget(gw_poll *poll)
{
    release(gw_loop_context(), (channel *)poll);
}

static void channel_finalizer(JSRuntime *rt, JSValue value)
{
    channel *item = JS_GetOpaque(value, channel_class);
    if (item == NULL)
        return;
    if (item->poll.fd >= 0) {
        int fd = item->poll.fd;
        gw_poll_remove(&item->poll);
        close(fd);
    }
    JS_FreeValueRT(rt, item->callback);
    js_free_rt(rt, item);
}

static void channel_mark(JSRuntime *rt, JSValueConst value, JS_MarkFunc *mark)
{
    channel *item = JS_GetOpaque(value, channel_class);
    if (item != NULL)
        JS_MarkValue(rt, item->callback, mark);
}

static void tell(channel *item, int argc, JSValueConst *argv)
{
    JSContext *ctx = gw_loop_context();
    JSValue callback = JS_DupValue(ctx, item->callback);
    JSValue self = JS_DupValue(ctx, item->self);
    gw_loop_call(callback, JS_UNDEFINED, argc, argv);
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, self);
}

/* reader: callback(chunk), callback(null) at the end, callback(negative errno). */
static void on_readable(channel *item)
{
    JSContext *ctx = gw_loop_context();
    ssize_t got = read(item->poll.fd, read_buffer, sizeof(read_buffer));
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    int error = got < 0 ? errno : 0;
    if (got <= 0 && gw_poll_want(&item->poll, 0) != 0)
        perror("gateway-runtime: epoll_ctl");
    JSValue value;
    if (got > 0)
        value = gw_new_buffer(ctx, read_buffer, (size_t)got);
    else
        value = got == 0 ? JS_NULL : JS_NewInt32(ctx, -error);
    if (JS_IsException(value)) {
        gw_loop_uncaught();
        return;
    }
    tell(item, 1, (JSValueConst *)&value);
    JS_FreeValue(ctx, value);
}

static void on_event(gw_poll *poll, uint32_t events)
{
    (void)events;
    channel *item = (channel *)poll;
    if (!item->writing) {
        on_readable(item);
        return;
    }
    if (gw_poll_want(poll, 0) != 0)
        perror("gateway-runtime: epoll_ctl");
    tell(item, 0, NULL);
}

/* reader(fd, callback) and writer(fd, callback when writable again) */
static JSValue channel_new(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int writing)
{
    (void)this_value;
    int32_t fd;
    if (argc < 2 || JS_ToInt32(ctx, &fd, argv[0]) != 0)
        return JS_EXCEPTION;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return gw_throw_errno(ctx, errno, "fcntl", NULL);
    JSValue self = JS_NewObjectClass(ctx, (int)channel_class);
    channel *item = JS_IsException(self) ? NULL : js_mallocz(ctx, sizeof(*item));
    if (item == NULL) {
        JS_FreeValue(ctx, self);
        return JS_EXCEPTION;
    }
    item->self = JS_DupValue(ctx, self);
    item->callback = JS_DupValue(ctx, argv[1]);
    item->writing = writing != 0;
    gw_poll_init(&item->poll, fd, on_event, channel_forget);
    JS_SetOpaque(self, item);
    return self;
}

static channel *opened(JSContext *ctx, JSValueConst this_value)
{
    channel *item = JS_GetOpaque2(ctx, this_value, channel_class);
    if (item != NULL && item->poll.fd < 0) {
        gw_throw_errno(ctx, EBADF, "fdio", NULL);
        return NULL;
    }
    return item;
}

/* watch(on): a reader reads from now on or pauses; a writer waits once for room. */
static JSValue channel_watch(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    channel *item = opened(ctx, this_value);
    if (item == NULL || argc < 1)
        return JS_EXCEPTION;
    uint32_t events = item->writing ? EPOLLOUT : EPOLLIN;
    if (gw_poll_want(&item->poll, JS_ToBool(ctx, argv[0]) == 1 ? events : 0) != 0)
        return gw_throw_errno(ctx, errno, "epoll_ctl", NULL);
    return JS_UNDEFINED;
}

/* write(bytes) → bytes taken (0: full), or a negative errno. */
static JSValue channel_write(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    channel *item = opened(ctx, this_value);
    uint8_t *data;
    size_t length;
    if (item == NULL || argc < 1 || gw_bytes(ctx, argv[0], &data, &length) != 0)
        return JS_EXCEPTION;
    ssize_t written;
    do {
        written = write(item->poll.fd, data, length);
    } while (written < 0 && errno == EINTR);
    if (written < 0)
        return JS_NewInt32(ctx, errno == EAGAIN ? 0 : -errno);
    return JS_NewInt64(ctx, written);
}

static JSValue channel_close(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)argc;
    (void)argv;
    channel *item = JS_GetOpaque2(ctx, this_value, channel_class);
    if (item == NULL)
        return JS_EXCEPTION;
    if (item->poll.fd >= 0) {
        int fd = item->poll.fd;
        gw_poll_remove(&item->poll);
        item->poll.fd = -1;
        close(fd);
        release(ctx, item);
    }
    return JS_UNDEFINED;
}

static JSValue channel_reference(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    channel *item = JS_GetOpaque2(ctx, this_value, channel_class);
    if (item == NULL || argc < 1)
        return JS_EXCEPTION;
    gw_poll_reference(&item->poll, JS_ToBool(ctx, argv[0]) == 1);
    return JS_UNDEFINED;
}

/* writeAll(fd, bytes): waits for room on a full pipe. */
static JSValue fdio_write_all(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t fd;
    uint8_t *data;
    size_t length;
    if (argc < 2 || JS_ToInt32(ctx, &fd, argv[0]) != 0 || gw_bytes(ctx, argv[1], &data, &length) != 0)
        return JS_EXCEPTION;
    int error = gw_write_all(fd, data, length);
    return error == 0 ? JS_UNDEFINED : gw_throw_errno(ctx, error, "write", NULL);
}

static const JSCFunctionListEntry methods[] = {
    JS_CFUNC_DEF("watch", 1, channel_watch),
    JS_CFUNC_DEF("write", 1, channel_write),
    JS_CFUNC_DEF("close", 0, channel_close),
    JS_CFUNC_DEF("reference", 1, channel_reference),
};

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_MAGIC_DEF("reader", 2, channel_new, 0),
    JS_CFUNC_MAGIC_DEF("writer", 2, channel_new, 1),
    JS_CFUNC_DEF("writeAll", 2, fdio_write_all),
};

int gw_init_fdio(JSContext *ctx, JSValueConst object)
{
    static const JSClassDef definition = {"FdHandle", channel_finalizer, channel_mark, NULL, NULL};
    JS_NewClassID(&channel_class);
    if (JS_NewClass(JS_GetRuntime(ctx), channel_class, &definition) != 0)
        return -1;
    JSValue prototype = JS_NewObject(ctx);
    if (JS_IsException(prototype))
        return -1;
    gw_set_functions(ctx, prototype, methods);
    JS_SetClassProto(ctx, channel_class, prototype);
    gw_set_functions(ctx, object, functions);
    return 0;
}

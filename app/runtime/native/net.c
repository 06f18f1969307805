/* Outgoing TCP connections. A handle reports everything through one callback(event, value); node/net.ts makes a
 * Duplex stream of it. There is no listening socket in this runtime, on purpose (design: one way by construction). */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "binding.h"
#include "connection.h"
#include "modules.h"
#include "net.h"

#define READ_SIZE 65536


static JSClassID connection_class;
static uint8_t read_buffer[READ_SIZE];

static void release(JSContext *ctx, gw_connection *item)
{
    JSValue self = item->self;
    JSValue callback = item->callback;
    JSValue chunks = item->chunks;
    item->self = JS_UNDEFINED;
    item->callback = JS_UNDEFINED;
    item->chunks = JS_UNDEFINED;
    JS_FreeValue(ctx, chunks);
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, self);
}

static void connection_close(JSContext *ctx, gw_connection *item)
{
    if (item->poll.fd < 0)
        return;
    int fd = item->poll.fd;
    gw_poll_remove(&item->poll);
    item->poll.fd = -1;
    item->connecting = false;
    item->reading = false;
    item->writing = false;
    close(fd);
    release(ctx, item);
}

static void connection_forget(gw_poll *poll)
{
    gw_connection *item = (gw_connection *)poll;
    item->connecting = false;
    item->reading = false;
    item->writing = false;
    release(gw_loop_context(), item);
}

static void connection_finalizer(JSRuntime *rt, JSValue value)
{
    gw_connection *item = JS_GetOpaque(value, connection_class);
    if (item == NULL)
        return;
    if (item->poll.fd >= 0) {
        int fd = item->poll.fd;
        gw_poll_remove(&item->poll);
        close(fd);
    }
    JS_FreeValueRT(rt, item->chunks);
    JS_FreeValueRT(rt, item->callback);
    js_free_rt(rt, item);
}

static void connection_mark(JSRuntime *rt, JSValueConst value, JS_MarkFunc *mark)
{
    gw_connection *item = JS_GetOpaque(value, connection_class);
    if (item != NULL) {
        JS_MarkValue(rt, item->callback, mark);
        JS_MarkValue(rt, item->chunks, mark);
    }
}

int gw_connection_want(gw_connection *item)
{
    uint32_t events = 0;
    if (item->reading && !item->connecting)
        events |= EPOLLIN | EPOLLRDHUP;
    if (item->writing || item->connecting)
        events |= EPOLLOUT;
    return gw_poll_want(&item->poll, events);
}

void gw_connection_tell(gw_connection *item, enum gw_net_event event, JSValue value)
{
    JSContext *ctx = gw_loop_context();
    JSValue callback = JS_DupValue(ctx, item->callback);
    JSValue self = JS_DupValue(ctx, item->self);
    JSValueConst arguments[] = {JS_NewInt32(ctx, event), value};
    gw_loop_call(callback, self, 2, arguments);
    JS_FreeValue(ctx, value);
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, self);
}

static JSValue error_number(int error)
{
    return JS_NewInt32(gw_loop_context(), -error);
}

static void stop_reading(gw_connection *item)
{
    item->reading = false;
    if (gw_connection_want(item) != 0)
        perror("gateway-runtime: epoll_ctl");
}

static void read_some(gw_connection *item)
{
    JSContext *ctx = gw_loop_context();
    ssize_t got;
    do {
        got = read(item->poll.fd, read_buffer, sizeof(read_buffer));
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        JSValue buffer = gw_new_buffer(ctx, read_buffer, (size_t)got);
        if (JS_IsException(buffer)) {
            JS_FreeValue(ctx, JS_GetException(ctx));
            stop_reading(item);
            gw_connection_tell(item, ON_READ_ERROR, error_number(ENOBUFS));
        } else {
            gw_connection_tell(item, ON_DATA, buffer);
        }
    } else if (got == 0) {
        stop_reading(item);
        gw_connection_tell(item, ON_END, JS_UNDEFINED);
    } else if (errno != EAGAIN) {
        int error = errno;
        stop_reading(item);
        gw_connection_tell(item, ON_READ_ERROR, error_number(error));
    }
}

static void finish_connecting(gw_connection *item)
{
    int error = 0;
    socklen_t length = sizeof(error);
    if (getsockopt(item->poll.fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    if (error == EINPROGRESS)
        return;
    item->connecting = false;
    if (gw_connection_want(item) != 0 && error == 0)
        error = errno;
    gw_connection_tell(item, ON_CONNECT, error_number(error));
}

static void on_event(gw_poll *poll, uint32_t events)
{
    gw_connection *item = (gw_connection *)poll;
    JSContext *ctx = gw_loop_context();
    /* The callbacks may drop the last reference. */
    JSValue self = JS_DupValue(ctx, item->self);
    if (item->connecting) {
        finish_connecting(item);
    } else {
        if (item->reading && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
            read_some(item);
        if (item->writing && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
            gw_connection_continue_writing(item);
    }
    JS_FreeValue(ctx, self);
}

/* A non-blocking socket with its connection under way, or -errno. */
static int start_connection(const char *address, int port)
{
    struct sockaddr_storage target;
    socklen_t length;
    if (gw_socket_address(address, port, &target, &length) != 0)
        return -EINVAL;
    int fd = socket(target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int status;
    do {
        status = connect(fd, (struct sockaddr *)&target, length);
    } while (status != 0 && errno == EINTR);
    if (status != 0 && errno != EINPROGRESS) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

static JSValue new_connection(JSContext *ctx, int fd, JSValueConst callback)
{
    JSValue self = JS_NewObjectClass(ctx, (int)connection_class);
    gw_connection *item = JS_IsException(self) ? NULL : js_mallocz(ctx, sizeof(*item));
    if (item == NULL) {
        JS_FreeValue(ctx, self);
        close(fd);
        return JS_EXCEPTION;
    }
    item->self = JS_DupValue(ctx, self);
    item->callback = JS_DupValue(ctx, callback);
    item->chunks = JS_UNDEFINED;
    item->connecting = true;
    gw_poll_init(&item->poll, fd, on_event, connection_forget);
    JS_SetOpaque(self, item);
    if (gw_connection_want(item) != 0) {
        int error = errno;
        connection_close(ctx, item);
        JS_FreeValue(ctx, self);
        return gw_throw_errno(ctx, error, "epoll_ctl", NULL);
    }
    return self;
}

/* connect(address, port, callback) → handle, or a negative errno when it fails at once. */
static JSValue net_connect(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t port;
    if (argc < 3 || JS_ToInt32(ctx, &port, argv[1]) != 0)
        return JS_EXCEPTION;
    const char *address = JS_ToCString(ctx, argv[0]);
    if (address == NULL)
        return JS_EXCEPTION;
    int fd = start_connection(address, port);
    JS_FreeCString(ctx, address);
    return fd < 0 ? JS_NewInt32(ctx, fd) : new_connection(ctx, fd, argv[2]);
}

gw_connection *gw_connection_opened(JSContext *ctx, JSValueConst this_value)
{
    gw_connection *item = JS_GetOpaque2(ctx, this_value, connection_class);
    if (item != NULL && item->poll.fd < 0) {
        gw_throw_errno(ctx, EBADF, "socket", NULL);
        return NULL;
    }
    return item;
}

/* setCallback(callback): who hears of events from now on. */
static JSValue connection_set_callback(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    gw_connection *item = gw_connection_opened(ctx, this_value);
    if (item == NULL || argc < 1)
        return JS_EXCEPTION;
    JSValue before = item->callback;
    item->callback = JS_DupValue(ctx, argv[0]);
    JS_FreeValue(ctx, before);
    return JS_UNDEFINED;
}

enum method { START, STOP, SHUTDOWN, CLOSE, RESET, REF, UNREF };

static JSValue connection_do(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int method)
{
    (void)argc;
    (void)argv;
    gw_connection *item = JS_GetOpaque2(ctx, this_value, connection_class);
    if (item == NULL)
        return JS_EXCEPTION;
    if (item->poll.fd < 0)
        return JS_NewInt32(ctx, method == CLOSE || method >= REF ? 0 : -EBADF);
    int status = 0;
    switch (method) {
    case START:
    case STOP:
        item->reading = method == START;
        status = gw_connection_want(item);
        break;
    case SHUTDOWN:
        status = shutdown(item->poll.fd, SHUT_WR);
        break;
    case RESET: {
        struct linger abort_now = {.l_onoff = 1, .l_linger = 0};
        status = setsockopt(item->poll.fd, SOL_SOCKET, SO_LINGER, &abort_now, sizeof(abort_now));
        connection_close(ctx, item);
        break;
    }
    case CLOSE:
        connection_close(ctx, item);
        break;
    default:
        gw_poll_reference(&item->poll, method == REF);
        break;
    }
    return JS_NewInt32(ctx, status == 0 ? 0 : -errno);
}

static JSValue connection_no_delay(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    gw_connection *item = gw_connection_opened(ctx, this_value);
    if (item == NULL || argc < 1)
        return JS_EXCEPTION;
    int on = JS_ToBool(ctx, argv[0]) == 1;
    int status = setsockopt(item->poll.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return JS_NewInt32(ctx, status == 0 ? 0 : -errno);
}

/* setKeepAlive(on, seconds before the first probe; 0: the system's default) */
static JSValue connection_keep_alive(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    gw_connection *item = gw_connection_opened(ctx, this_value);
    int32_t seconds;
    if (item == NULL || argc < 2 || JS_ToInt32(ctx, &seconds, argv[1]) != 0)
        return JS_EXCEPTION;
    int on = JS_ToBool(ctx, argv[0]) == 1;
    int status = setsockopt(item->poll.fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    if (status == 0 && on && seconds > 0)
        status = setsockopt(item->poll.fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
    return JS_NewInt32(ctx, status == 0 ? 0 : -errno);
}

/* [address, port, family (4 or 6)] of one end, or undefined when it isn't connected. */
static JSValue connection_name(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int remote)
{
    (void)argc;
    (void)argv;
    gw_connection *item = gw_connection_opened(ctx, this_value);
    return item == NULL ? JS_EXCEPTION : gw_socket_name(ctx, item->poll.fd, remote);
}

static const JSCFunctionListEntry methods[] = {
    JS_CFUNC_DEF("write", 1, gw_connection_write),
    JS_CFUNC_DEF("setCallback", 1, connection_set_callback),
    JS_CFUNC_DEF("tryWrite", 1, gw_connection_try_write),
    JS_CFUNC_MAGIC_DEF("start", 0, connection_do, START),
    JS_CFUNC_MAGIC_DEF("stop", 0, connection_do, STOP),
    JS_CFUNC_MAGIC_DEF("shutdown", 0, connection_do, SHUTDOWN),
    JS_CFUNC_MAGIC_DEF("close", 0, connection_do, CLOSE),
    JS_CFUNC_MAGIC_DEF("reset", 0, connection_do, RESET),
    JS_CFUNC_MAGIC_DEF("ref", 0, connection_do, REF),
    JS_CFUNC_MAGIC_DEF("unref", 0, connection_do, UNREF),
    JS_CFUNC_DEF("setNoDelay", 1, connection_no_delay),
    JS_CFUNC_DEF("setKeepAlive", 2, connection_keep_alive),
    JS_CFUNC_MAGIC_DEF("localName", 0, connection_name, 0),
    JS_CFUNC_MAGIC_DEF("remoteName", 0, connection_name, 1),
};

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("connect", 3, net_connect),
    JS_CFUNC_DEF("isIP", 1, gw_socket_is_ip),
};

int gw_init_net(JSContext *ctx, JSValueConst object)
{
    static const JSClassDef definition = {"TcpHandle", connection_finalizer, connection_mark, NULL, NULL};
    JS_NewClassID(&connection_class);
    if (JS_NewClass(JS_GetRuntime(ctx), connection_class, &definition) != 0)
        return -1;
    JSValue prototype = JS_NewObject(ctx);
    if (JS_IsException(prototype))
        return -1;
    gw_set_functions(ctx, prototype, methods);
    JS_SetClassProto(ctx, connection_class, prototype);
    gw_set_functions(ctx, object, functions);
    return 0;
}

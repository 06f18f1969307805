/* Outgoing TCP connections. A handle reports everything through one callback(event, value); node/net.ts makes a
 * Duplex stream of it. There is no listening socket in this runtime, on purpose (design: one way by construction). */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "binding.h"
#include "loop.h"
#include "modules.h"
#include "net.h"

#define READ_SIZE 65536
#define MAX_CHUNKS 64

/* Events of the callback; node/net.ts has the same numbers. */
enum event { ON_CONNECT = 0, ON_DATA = 1, ON_END = 2, ON_READ_ERROR = 3, ON_WRITTEN = 4 };

typedef struct {
    gw_poll poll;
    JSValue self; /* holds the object while the descriptor is open */
    JSValue callback;
    JSValue chunks; /* array of Buffers being written, or undefined */
    uint32_t chunk_index;
    size_t chunk_offset;
    bool connecting;
    bool reading;
    bool writing;
} connection;

static JSClassID connection_class;
static uint8_t read_buffer[READ_SIZE];

static void release(JSContext *ctx, connection *item)
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

static void connection_close(JSContext *ctx, connection *item)
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
    connection *item = (connection *)poll;
    item->connecting = false;
    item->reading = false;
    item->writing = false;
    release(gw_loop_context(), item);
}

static void connection_finalizer(JSRuntime *rt, JSValue value)
{
    connection *item = JS_GetOpaque(value, connection_class);
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
    connection *item = JS_GetOpaque(value, connection_class);
    if (item != NULL) {
        JS_MarkValue(rt, item->callback, mark);
        JS_MarkValue(rt, item->chunks, mark);
    }
}

static int want(connection *item)
{
    uint32_t events = 0;
    if (item->reading && !item->connecting)
        events |= EPOLLIN | EPOLLRDHUP;
    if (item->writing || item->connecting)
        events |= EPOLLOUT;
    return gw_poll_want(&item->poll, events);
}

/* Calls callback(event, value), which may close the connection. Frees the value. */
static void tell(connection *item, enum event event, JSValue value)
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

static void stop_reading(connection *item)
{
    item->reading = false;
    if (want(item) != 0)
        perror("gateway-runtime: epoll_ctl");
}

static void read_some(connection *item)
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
            tell(item, ON_READ_ERROR, error_number(ENOBUFS));
        } else {
            tell(item, ON_DATA, buffer);
        }
    } else if (got == 0) {
        stop_reading(item);
        tell(item, ON_END, JS_UNDEFINED);
    } else if (errno != EAGAIN) {
        int error = errno;
        stop_reading(item);
        tell(item, ON_READ_ERROR, error_number(error));
    }
}

/* Fills `vector` from the chunks not yet written. Returns the count, or -1 with an exception pending. */
static int gather(JSContext *ctx, connection *item, struct iovec vector[MAX_CHUNKS])
{
    JSValue length_value = JS_GetPropertyStr(ctx, item->chunks, "length");
    uint32_t length;
    if (JS_ToUint32(ctx, &length, length_value) != 0)
        return -1;
    int count = 0;
    for (uint32_t i = item->chunk_index; i < length && count < MAX_CHUNKS; i++) {
        JSValue chunk = JS_GetPropertyUint32(ctx, item->chunks, i);
        uint8_t *data;
        size_t size;
        int status = gw_bytes(ctx, chunk, &data, &size);
        /* The array keeps the chunk alive. */
        JS_FreeValue(ctx, chunk);
        if (status != 0)
            return -1;
        size_t skip = i == item->chunk_index ? item->chunk_offset : 0;
        vector[count].iov_base = data + skip;
        vector[count].iov_len = size - skip;
        count++;
    }
    return count;
}

static void advance(connection *item, const struct iovec *vector, int count, size_t written)
{
    for (int i = 0; i < count; i++) {
        if (written < vector[i].iov_len) {
            item->chunk_offset += written;
            return;
        }
        written -= vector[i].iov_len;
        item->chunk_index++;
        item->chunk_offset = 0;
    }
}

/* Writes until done (0), the socket is full (1), or it fails (-errno). -EFAULT: an exception is pending. */
static int write_some(JSContext *ctx, connection *item)
{
    for (;;) {
        struct iovec vector[MAX_CHUNKS];
        int count = gather(ctx, item, vector);
        if (count < 0)
            return -EFAULT;
        if (count == 0)
            return 0;
        struct msghdr message = {.msg_iov = vector, .msg_iovlen = (size_t)count};
        ssize_t written = sendmsg(item->poll.fd, &message, MSG_NOSIGNAL);
        if (written >= 0)
            advance(item, vector, count, (size_t)written);
        else if (errno == EAGAIN)
            return 1;
        else if (errno != EINTR)
            return -errno;
    }
}

static void finish_writing(JSContext *ctx, connection *item)
{
    item->writing = false;
    JS_FreeValue(ctx, item->chunks);
    item->chunks = JS_UNDEFINED;
}

static void continue_writing(connection *item)
{
    JSContext *ctx = gw_loop_context();
    int status = write_some(ctx, item);
    if (status == 1)
        return;
    if (status == -EFAULT && JS_HasException(ctx))
        JS_FreeValue(ctx, JS_GetException(ctx));
    finish_writing(ctx, item);
    if (want(item) != 0)
        status = -errno;
    tell(item, ON_WRITTEN, JS_NewInt32(ctx, status));
}

static void finish_connecting(connection *item)
{
    int error = 0;
    socklen_t length = sizeof(error);
    if (getsockopt(item->poll.fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    if (error == EINPROGRESS)
        return;
    item->connecting = false;
    if (want(item) != 0 && error == 0)
        error = errno;
    tell(item, ON_CONNECT, error_number(error));
}

static void on_event(gw_poll *poll, uint32_t events)
{
    connection *item = (connection *)poll;
    JSContext *ctx = gw_loop_context();
    /* The callbacks may drop the last reference. */
    JSValue self = JS_DupValue(ctx, item->self);
    if (item->connecting) {
        finish_connecting(item);
    } else {
        if (item->reading && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
            read_some(item);
        if (item->writing && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
            continue_writing(item);
    }
    JS_FreeValue(ctx, self);
}

int gw_socket_address(const char *text, int port, struct sockaddr_storage *address, socklen_t *length)
{
    memset(address, 0, sizeof(*address));
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        *length = sizeof(*v4);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        *length = sizeof(*v6);
        return 0;
    }
    return -1;
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
    connection *item = JS_IsException(self) ? NULL : js_mallocz(ctx, sizeof(*item));
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
    if (want(item) != 0) {
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

/* The open connection `this`; NULL with EBADF thrown when it is closed. */
static connection *opened(JSContext *ctx, JSValueConst this_value)
{
    connection *item = JS_GetOpaque2(ctx, this_value, connection_class);
    if (item != NULL && item->poll.fd < 0) {
        gw_throw_errno(ctx, EBADF, "socket", NULL);
        return NULL;
    }
    return item;
}

/* write(array of Buffers) → 0 all written, 1 ON_WRITTEN will follow, or a negative errno. */
static JSValue connection_write(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    connection *item = opened(ctx, this_value);
    if (item == NULL || argc < 1)
        return JS_EXCEPTION;
    if (item->writing)
        return JS_ThrowInternalError(ctx, "net: a write is already under way");
    item->chunks = JS_DupValue(ctx, argv[0]);
    item->chunk_index = 0;
    item->chunk_offset = 0;
    int status = write_some(ctx, item);
    if (status == -EFAULT && JS_HasException(ctx)) {
        finish_writing(ctx, item);
        return JS_EXCEPTION;
    }
    if (status != 1) {
        finish_writing(ctx, item);
        return JS_NewInt32(ctx, status);
    }
    item->writing = true;
    return want(item) != 0 ? gw_throw_errno(ctx, errno, "epoll_ctl", NULL) : JS_NewInt32(ctx, 1);
}

/* tryWrite(bytes) → how many were taken now (0: full, or a write is under way), or a negative errno. Keeps nothing. */
static JSValue connection_try_write(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    connection *item = opened(ctx, this_value);
    uint8_t *data;
    size_t length;
    if (item == NULL || argc < 1 || gw_bytes(ctx, argv[0], &data, &length) != 0)
        return JS_EXCEPTION;
    if (item->writing || item->connecting)
        return JS_NewInt32(ctx, 0);
    ssize_t written;
    do {
        written = send(item->poll.fd, data, length, MSG_NOSIGNAL);
    } while (written < 0 && errno == EINTR);
    if (written < 0)
        return JS_NewInt32(ctx, errno == EAGAIN ? 0 : -errno);
    return JS_NewInt64(ctx, written);
}

/* setCallback(callback): who hears of events from now on. */
static JSValue connection_set_callback(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    connection *item = opened(ctx, this_value);
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
    connection *item = JS_GetOpaque2(ctx, this_value, connection_class);
    if (item == NULL)
        return JS_EXCEPTION;
    if (item->poll.fd < 0)
        return JS_NewInt32(ctx, method == CLOSE || method >= REF ? 0 : -EBADF);
    int status = 0;
    switch (method) {
    case START:
    case STOP:
        item->reading = method == START;
        status = want(item);
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
    connection *item = opened(ctx, this_value);
    if (item == NULL || argc < 1)
        return JS_EXCEPTION;
    int on = JS_ToBool(ctx, argv[0]) == 1;
    int status = setsockopt(item->poll.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return JS_NewInt32(ctx, status == 0 ? 0 : -errno);
}

/* setKeepAlive(on, seconds before the first probe; 0: the system's default) */
static JSValue connection_keep_alive(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    connection *item = opened(ctx, this_value);
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
    connection *item = opened(ctx, this_value);
    if (item == NULL)
        return JS_EXCEPTION;
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    int status = remote ? getpeername(item->poll.fd, (struct sockaddr *)&address, &length)
                        : getsockname(item->poll.fd, (struct sockaddr *)&address, &length);
    if (status != 0)
        return JS_UNDEFINED;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
    bool is_v4 = address.ss_family == AF_INET;
    const void *bytes = is_v4 ? (const void *)&v4->sin_addr : (const void *)&v6->sin6_addr;
    char text[INET6_ADDRSTRLEN];
    if (inet_ntop(address.ss_family, bytes, text, sizeof(text)) == NULL)
        return JS_UNDEFINED;
    JSValue result = JS_NewArray(ctx);
    if (JS_IsException(result))
        return result;
    int port = ntohs(is_v4 ? v4->sin_port : v6->sin6_port);
    JS_DefinePropertyValueUint32(ctx, result, 0, JS_NewString(ctx, text), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, result, 1, JS_NewInt32(ctx, port), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, result, 2, JS_NewInt32(ctx, is_v4 ? 4 : 6), JS_PROP_C_W_E);
    return result;
}

/* isIP(text) → 0, 4 or 6 */
static JSValue net_is_ip(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    if (argc < 1 || !JS_IsString(argv[0]))
        return JS_NewInt32(ctx, 0);
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
    if (text == NULL)
        return JS_EXCEPTION;
    char copy[64];
    int family = 0;
    if (length < sizeof(copy) && strlen(text) == length) {
        memcpy(copy, text, length + 1);
        unsigned char bytes[16];
        char *zone = strchr(copy, '%');
        if (inet_pton(AF_INET, copy, bytes) == 1)
            family = 4;
        if (zone != NULL && zone[1] != '\0')
            *zone = '\0';
        if (family == 0 && inet_pton(AF_INET6, copy, bytes) == 1)
            family = 6;
    }
    JS_FreeCString(ctx, text);
    return JS_NewInt32(ctx, family);
}

static const JSCFunctionListEntry methods[] = {
    JS_CFUNC_DEF("write", 1, connection_write),
    JS_CFUNC_DEF("setCallback", 1, connection_set_callback),
    JS_CFUNC_DEF("tryWrite", 1, connection_try_write),
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
    JS_CFUNC_DEF("isIP", 1, net_is_ip),
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

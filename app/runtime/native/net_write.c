/* Writing to a connection: at once what fits, the rest when there is room. See connection.h. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "binding.h"
#include "connection.h"

#define MAX_CHUNKS 64

/* Fills `vector` from the chunks not yet written. Returns the count, or -1 with an exception pending. */
static int gather(JSContext *ctx, gw_connection *item, struct iovec vector[MAX_CHUNKS])
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

static void advance(gw_connection *item, const struct iovec *vector, int count, size_t written)
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
static int write_some(JSContext *ctx, gw_connection *item)
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

static void finish_writing(JSContext *ctx, gw_connection *item)
{
    item->writing = false;
    JS_FreeValue(ctx, item->chunks);
    item->chunks = JS_UNDEFINED;
}

void gw_connection_continue_writing(gw_connection *item)
{
    JSContext *ctx = gw_loop_context();
    int status = write_some(ctx, item);
    if (status == 1)
        return;
    if (status == -EFAULT && JS_HasException(ctx))
        JS_FreeValue(ctx, JS_GetException(ctx));
    finish_writing(ctx, item);
    if (gw_connection_want(item) != 0)
        status = -errno;
    gw_connection_tell(item, ON_WRITTEN, JS_NewInt32(ctx, status));
}

JSValue gw_connection_write(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    gw_connection *item = gw_connection_opened(ctx, this_value);
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
    return gw_connection_want(item) != 0 ? gw_throw_errno(ctx, errno, "epoll_ctl", NULL) : JS_NewInt32(ctx, 1);
}

JSValue gw_connection_try_write(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    gw_connection *item = gw_connection_opened(ctx, this_value);
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

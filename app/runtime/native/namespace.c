/* Sockets of another network namespace. See namespace.h. */
#include "namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OWN_NAMESPACE "/proc/thread-self/ns/net"

static int make_inside(int inside, int outside, int (*make)(void))
{
    if (setns(inside, CLONE_NEWNET) != 0)
        return -1;
    int fd = make();
    int error = errno;
    if (setns(outside, CLONE_NEWNET) != 0) {
        /* Everything from here on would happen on the wrong side. */
        perror("gateway-runtime: setns");
        abort();
    }
    errno = error;
    return fd;
}

static int socket_inside(const char *path, int (*make)(void))
{
    int inside = open(path, O_RDONLY | O_CLOEXEC);
    int outside = inside < 0 ? -1 : open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC);
    int fd = outside < 0 ? -1 : make_inside(inside, outside, make);
    int error = errno;
    if (inside >= 0)
        close(inside);
    if (outside >= 0)
        close(outside);
    errno = error;
    return fd;
}

JSValue gw_socket_inside(JSContext *ctx, int argc, JSValueConst *argv, int (*make)(void), const char *call)
{
    const char *path = argc < 1 ? NULL : JS_ToCString(ctx, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    int fd = socket_inside(path, make);
    JSValue result = fd < 0 ? gw_throw_errno(ctx, errno, call, path) : JS_NewInt32(ctx, fd);
    JS_FreeCString(ctx, path);
    return result;
}

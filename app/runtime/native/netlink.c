/*
 * A socket that hears what the kernel says about links and addresses of one network namespace (rtnetlink(7)). Only the
 * supervisor has one. What comes out of it is read and taken apart in JavaScript (app/supervisor/rtnetlink.ts).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "binding.h"
#include "modules.h"

#define OWN_NAMESPACE "/proc/thread-self/ns/net"

/* A bound socket of the current namespace, or -1 with errno set. */
static int bound_socket(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* A socket belongs to the namespace in which it was made, wherever the process goes afterwards. */
static int socket_inside(int inside, int outside)
{
    if (setns(inside, CLONE_NEWNET) != 0)
        return -1;
    int fd = bound_socket();
    int error = errno;
    if (setns(outside, CLONE_NEWNET) != 0) {
        /* Everything from here on would happen on the wrong side. */
        perror("gateway-runtime: setns");
        abort();
    }
    errno = error;
    return fd;
}

/* open(path of the namespace) → descriptor */
static JSValue netlink_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    const char *path = argc < 1 ? NULL : JS_ToCString(ctx, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    int inside = open(path, O_RDONLY | O_CLOEXEC);
    int outside = inside < 0 ? -1 : open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC);
    int fd = outside < 0 ? -1 : socket_inside(inside, outside);
    int error = errno;
    if (inside >= 0)
        close(inside);
    if (outside >= 0)
        close(outside);
    JSValue result = fd < 0 ? gw_throw_errno(ctx, error, "netlink", path) : JS_NewInt32(ctx, fd);
    JS_FreeCString(ctx, path);
    return result;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("open", 1, netlink_open),
};

int gw_init_netlink(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

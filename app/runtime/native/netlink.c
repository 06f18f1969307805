/*
 * A socket that hears what the kernel says about links and addresses of one network namespace (rtnetlink(7)). Only the
 * supervisor has one. What comes out of it is read and taken apart in JavaScript (app/supervisor/rtnetlink.ts).
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "modules.h"
#include "namespace.h"

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

/* open(path of the namespace) → descriptor */
static JSValue netlink_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    return gw_socket_inside(ctx, argc, argv, bound_socket, "netlink");
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("open", 1, netlink_open),
};

int gw_init_netlink(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

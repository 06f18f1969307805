/* Socket addresses. */
#ifndef GW_NET_H
#define GW_NET_H

#include <sys/socket.h>

#include "quickjs.h"

/* The socket address of a literal IPv4 or IPv6 address. Returns 0, or -1 when the text is neither. */
int gw_socket_address(const char *text, int port, struct sockaddr_storage *address, socklen_t *length);

/* [address, port, family (4 or 6)] of the own or the remote end; undefined when there is none. */
JSValue gw_socket_name(JSContext *ctx, int fd, int remote);

/* isIP(text) → 0, 4 or 6 */
JSValue gw_socket_is_ip(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);

#endif

/* Socket addresses. */
#ifndef GW_NET_H
#define GW_NET_H

#include <sys/socket.h>

/* The socket address of a literal IPv4 or IPv6 address. Returns 0, or -1 when the text is neither. */
int gw_socket_address(const char *text, int port, struct sockaddr_storage *address, socklen_t *length);

#endif

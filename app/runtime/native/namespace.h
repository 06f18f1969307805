/* Sockets of another network namespace. */
#ifndef GW_NAMESPACE_H
#define GW_NAMESPACE_H

#include "binding.h"

/*
 * Calls `make` in the network namespace bound at the path in argv[0] and comes back. A socket belongs to the namespace in
 * which it was made, wherever the process goes afterwards. Returns the descriptor, or throws with errno and the name of the
 * `call`; `make` returns -1 with errno set when it fails.
 */
JSValue gw_socket_inside(JSContext *ctx, int argc, JSValueConst *argv, int (*make)(void), const char *call);

#endif

/* Sockets of another network namespace. */
#ifndef GW_NAMESPACE_H
#define GW_NAMESPACE_H

/*
 * Calls `make` in the network namespace bound at `path` and comes back. A socket belongs to the namespace in which it was
 * made, wherever the process goes afterwards. Returns what `make` returned, or -1 with errno set.
 */
int gw_socket_inside(const char *path, int (*make)(void));

#endif

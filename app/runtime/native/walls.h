/* The single walls that confine.c puts up. Each returns 0, or -1 with errno set and *step naming the failed call. */
#ifndef GW_WALLS_H
#define GW_WALLS_H

#include <stdint.h>

/* landlock.c: from now on only these paths, read-only or for writing; no TCP socket may be bound. */
int gw_wall_files(char *const *read_paths, char *const *write_paths, const char **step);

/* seccomp.c: from now on only the system calls of the role's list. The process needs no_new_privs. */
int gw_wall_syscalls(const char *role, const char **step);
/* Whether there is a list of that name. */
int gw_wall_has_role(const char *role);

#endif

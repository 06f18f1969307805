/* Child processes: how they end, and programs that are run to their end. */
#ifndef GW_CHILDREN_H
#define GW_CHILDREN_H

#include <sys/types.h>

#include "quickjs.h"

/* A child that keeps the loop alive until it is reaped. Returns 0 or -1. */
int gw_children_add(pid_t pid);
/* In a forked child: the parent's children are not its own. */
void gw_children_forget(void);

/* reap() → [pid, exit code or -1, signal or 0] of a child that has ended; undefined when there is none. */
JSValue gw_children_reap(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);
/* run(argv) → [exit code or -1, signal or 0]: runs a program to its end, no input, output to stderr. */
JSValue gw_children_run(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);

#endif

/* Signals as events of the loop, and writes that don't give up half way. */
#ifndef GW_SIGNALS_H
#define GW_SIGNALS_H

#include <stddef.h>

#include "quickjs.h"

/* watchSignal(number, watch): from now on (or no longer) the hook `signal(number)` is called for it. */
JSValue gw_signals_watch(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);
/* kill(pid, number) */
JSValue gw_signals_kill(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);
/* Back to default dispositions and an empty mask; in a forked child, after the loop forgot its descriptors. */
void gw_signals_forget(void);

/* Writes everything, waiting on a full pipe. Returns 0 or an errno. */
int gw_write_all(int fd, const void *data, size_t length);

#endif

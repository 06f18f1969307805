/* One outgoing TCP connection: shared by net.c (life, reading) and net_write.c. */
#ifndef GW_CONNECTION_H
#define GW_CONNECTION_H

#include <stdbool.h>

#include "loop.h"
#include "quickjs.h"

/* Events of the callback; node/net/handle.ts has the same numbers. */
enum gw_net_event { ON_CONNECT = 0, ON_DATA = 1, ON_END = 2, ON_READ_ERROR = 3, ON_WRITTEN = 4 };

typedef struct {
    gw_poll poll;
    JSValue self; /* holds the object while the descriptor is open */
    JSValue callback;
    JSValue chunks; /* array of Buffers being written, or undefined */
    uint32_t chunk_index;
    size_t chunk_offset;
    bool connecting;
    bool reading;
    bool writing;
} gw_connection;

/* The open connection `value`; NULL with EBADF thrown when it is closed. */
gw_connection *gw_connection_opened(JSContext *ctx, JSValueConst value);
/* Watches for what the connection waits for now. Returns 0 or -1 with errno set. */
int gw_connection_want(gw_connection *item);
/* Calls callback(event, value), which may close the connection. Frees the value. */
void gw_connection_tell(gw_connection *item, enum gw_net_event event, JSValue value);

/* write(array of Buffers) → 0 all written, 1 ON_WRITTEN will follow, or a negative errno. */
JSValue gw_connection_write(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);
/* tryWrite(bytes) → how many were taken now (0: full, or a write is under way), or a negative errno. Keeps nothing. */
JSValue gw_connection_try_write(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);
/* There is room again for the write under way. */
void gw_connection_continue_writing(gw_connection *item);

#endif

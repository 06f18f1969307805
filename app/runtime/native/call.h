/* A function with its arguments, waiting to be called: what timers, immediates and ticks have in common. */
#ifndef GW_CALL_H
#define GW_CALL_H

#include "quickjs.h"

#define GW_INLINE_ARGUMENTS 4

typedef struct {
    JSValue function;
    int argc;
    JSValue argv[GW_INLINE_ARGUMENTS];
    JSValue *more; /* all arguments, when they are more than fit inline */
} gw_call;

/* Returns 0, or -1 with an exception pending. argc may be negative: none. */
int gw_call_init(JSContext *ctx, gw_call *target, JSValueConst function, int argc, JSValueConst *argv);
JSValue *gw_call_arguments(gw_call *target);
void gw_call_free(JSRuntime *rt, gw_call *target);
void gw_call_mark(JSRuntime *rt, gw_call *target, JS_MarkFunc *mark);
/* 0 for a function; otherwise -1 with Node's TypeError pending. */
int gw_call_require_function(JSContext *ctx, JSValueConst value);

/* A class of objects with native methods, whose prototype is registered. Returns 0 or -1. */
int gw_new_class(JSContext *ctx, JSClassID *id, const JSClassDef *definition, const JSCFunctionListEntry *methods,
                 int count);

#endif

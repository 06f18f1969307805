/* process.nextTick and queueMicrotask. */
#include "binding.h"
#include "call.h"
#include "loop.h"
#include "modules.h"

/* A ring of calls: nextTick is the hottest queue of Node's streams. */
static struct {
    gw_call *ring;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t head;
    uint32_t count;
} ticks;

static int ticks_grow(JSContext *ctx)
{
    uint32_t capacity = ticks.capacity > 0 ? ticks.capacity * 2 : 64;
    gw_call *ring = js_malloc(ctx, sizeof(*ring) * capacity);
    if (ring == NULL)
        return -1;
    for (uint32_t i = 0; i < ticks.count; i++)
        ring[i] = ticks.ring[(ticks.head + i) & (ticks.capacity - 1)];
    js_free(ctx, ticks.ring);
    ticks.ring = ring;
    ticks.capacity = capacity;
    ticks.head = 0;
    return 0;
}

static JSValue next_tick(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    if (gw_call_require_function(ctx, argc > 0 ? argv[0] : JS_UNDEFINED) != 0)
        return JS_EXCEPTION;
    if (ticks.count == ticks.capacity && ticks_grow(ctx) != 0)
        return JS_EXCEPTION;
    gw_call *slot = &ticks.ring[(ticks.head + ticks.count) & (ticks.capacity - 1)];
    if (gw_call_init(ctx, slot, argv[0], argc - 1, argv + 1) != 0)
        return JS_EXCEPTION;
    ticks.count++;
    return JS_UNDEFINED;
}

static gw_call take_tick(void)
{
    gw_call taken = ticks.ring[ticks.head];
    ticks.head = (ticks.head + 1) & (ticks.capacity - 1);
    ticks.count--;
    return taken;
}

int gw_ticks_run(void)
{
    JSContext *ctx = gw_loop_context();
    int done = 0;
    while (ticks.count > 0) {
        gw_call current = take_tick();
        JSValue result = JS_Call(ctx, current.function, JS_UNDEFINED, current.argc, gw_call_arguments(&current));
        if (JS_IsException(result))
            gw_loop_uncaught();
        JS_FreeValue(ctx, result);
        gw_call_free(JS_GetRuntime(ctx), &current);
        done++;
    }
    return done;
}

void gw_ticks_forget(void)
{
    JSRuntime *rt = JS_GetRuntime(gw_loop_context());
    while (ticks.count > 0) {
        gw_call current = take_tick();
        gw_call_free(rt, &current);
    }
    js_free_rt(rt, ticks.ring);
    ticks.ring = NULL;
    ticks.capacity = 0;
    ticks.head = 0;
}

static JSValue run_microtask(JSContext *ctx, int argc, JSValueConst *argv)
{
    (void)argc;
    JSValue result = JS_Call(ctx, argv[0], JS_UNDEFINED, 0, NULL);
    return result;
}

static JSValue queue_microtask(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    if (gw_call_require_function(ctx, argc > 0 ? argv[0] : JS_UNDEFINED) != 0)
        return JS_EXCEPTION;
    return JS_EnqueueJob(ctx, run_microtask, 1, argv) != 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("nextTick", 1, next_tick),
    JS_CFUNC_DEF("queueMicrotask", 1, queue_microtask),
};

int gw_init_ticks(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

/* setTimeout and setInterval, and the hooks that the loop calls. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "binding.h"
#include "call.h"
#include "loop.h"
#include "modules.h"

#define MAX_DELAY 2147483647.0

typedef struct {
    JSValue self; /* keeps the object alive while the timer is armed; JS_UNDEFINED otherwise */
    gw_call call;
    uint64_t due;
    uint64_t sequence;
    double delay;
    int heap_index; /* -1: not armed */
    uint32_t id;
    bool repeats;
    bool referenced;
    bool cleared; /* refresh() re-arms a timer that has fired, but not a cleared one */
} timer;

static JSClassID timer_class;

static struct {
    timer **heap;
    int count;
    int capacity;
    int referenced;
    uint64_t sequence;
    uint32_t last_id;
} timers;

/* The binary heap: earliest due first, then in the order of arming. */

static bool is_before(const timer *a, const timer *b)
{
    return a->due < b->due || (a->due == b->due && a->sequence < b->sequence);
}

static void heap_place(int index, timer *item)
{
    timers.heap[index] = item;
    item->heap_index = index;
}

static void heap_up(int index, timer *item)
{
    while (index > 0) {
        int parent = (index - 1) / 2;
        if (!is_before(item, timers.heap[parent]))
            break;
        heap_place(index, timers.heap[parent]);
        index = parent;
    }
    heap_place(index, item);
}

static void heap_down(int index, timer *item)
{
    for (;;) {
        int child = 2 * index + 1;
        if (child >= timers.count)
            break;
        if (child + 1 < timers.count && is_before(timers.heap[child + 1], timers.heap[child]))
            child++;
        if (!is_before(timers.heap[child], item))
            break;
        heap_place(index, timers.heap[child]);
        index = child;
    }
    heap_place(index, item);
}

static void heap_remove(timer *item)
{
    int index = item->heap_index;
    item->heap_index = -1;
    timer *last = timers.heap[--timers.count];
    if (last == item)
        return;
    if (index > 0 && is_before(last, timers.heap[(index - 1) / 2]))
        heap_up(index, last);
    else
        heap_down(index, last);
}

static int timer_arm(JSContext *ctx, timer *item, JSValueConst self)
{
    if (timers.count == timers.capacity) {
        int capacity = timers.capacity > 0 ? timers.capacity * 2 : 32;
        timer **heap = realloc(timers.heap, sizeof(*heap) * (size_t)capacity);
        if (heap == NULL) {
            JS_ThrowOutOfMemory(ctx);
            return -1;
        }
        timers.heap = heap;
        timers.capacity = capacity;
    }
    /* Counted from this call, however long the callback has been at work: a timer is never early. */
    item->due = gw_loop_clock() + (uint64_t)item->delay;
    item->sequence = timers.sequence++;
    heap_up(timers.count++, item);
    if (item->referenced)
        timers.referenced++;
    if (JS_IsUndefined(item->self))
        item->self = JS_DupValue(ctx, self);
    return 0;
}

/* Takes the timer off the heap; the caller frees the returned reference when done with it. */
static JSValue timer_disarm(timer *item)
{
    if (item->heap_index >= 0) {
        heap_remove(item);
        if (item->referenced)
            timers.referenced--;
    }
    JSValue self = item->self;
    item->self = JS_UNDEFINED;
    return self;
}

static void timer_finalizer(JSRuntime *rt, JSValue value)
{
    timer *item = JS_GetOpaque(value, timer_class);
    if (item != NULL) {
        gw_call_free(rt, &item->call);
        js_free_rt(rt, item);
    }
}

static void timer_mark(JSRuntime *rt, JSValueConst value, JS_MarkFunc *mark)
{
    timer *item = JS_GetOpaque(value, timer_class);
    if (item != NULL)
        gw_call_mark(rt, &item->call, mark);
}

static int read_delay(JSContext *ctx, JSValueConst value, double *delay)
{
    double number;
    if (JS_ToFloat64(ctx, &number, value) != 0)
        return -1;
    *delay = number >= 1 && number <= MAX_DELAY ? trunc(number) : 1;
    return 0;
}

static JSValue timer_new(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int repeats)
{
    (void)this_value;
    double delay = 1;
    if (gw_call_require_function(ctx, argc > 0 ? argv[0] : JS_UNDEFINED) != 0 ||
        (argc > 1 && read_delay(ctx, argv[1], &delay) != 0))
        return JS_EXCEPTION;
    JSValue self = JS_NewObjectClass(ctx, (int)timer_class);
    if (JS_IsException(self))
        return self;
    timer *item = js_mallocz(ctx, sizeof(*item));
    if (item == NULL)
        goto fail;
    item->self = JS_UNDEFINED;
    item->call.function = JS_UNDEFINED;
    item->heap_index = -1;
    item->delay = delay;
    item->repeats = repeats != 0;
    item->referenced = true;
    item->id = ++timers.last_id;
    JS_SetOpaque(self, item);
    if (gw_call_init(ctx, &item->call, argv[0], argc - 2, argv + 2) != 0 || timer_arm(ctx, item, self) != 0)
        goto fail;
    return self;
fail:
    JS_FreeValue(ctx, self);
    return JS_EXCEPTION;
}

static void timer_stop(JSContext *ctx, timer *item)
{
    item->repeats = false;
    item->cleared = true;
    JS_FreeValue(ctx, timer_disarm(item));
}

static JSValue timer_clear(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    if (argc < 1 || JS_IsUndefined(argv[0]) || JS_IsNull(argv[0]))
        return JS_UNDEFINED;
    timer *item = JS_GetOpaque(argv[0], timer_class);
    if (item == NULL && (JS_IsNumber(argv[0]) || JS_IsString(argv[0]))) {
        double id;
        if (JS_ToFloat64(ctx, &id, argv[0]) != 0)
            return JS_EXCEPTION;
        for (int i = 0; i < timers.count && item == NULL; i++) {
            if (timers.heap[i]->id == id)
                item = timers.heap[i];
        }
    }
    if (item != NULL)
        timer_stop(ctx, item);
    return JS_UNDEFINED;
}

enum timer_method { TIMER_REF, TIMER_UNREF, TIMER_HAS_REF, TIMER_REFRESH, TIMER_CLOSE, TIMER_ID };

static JSValue timer_method(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int method)
{
    (void)argc;
    (void)argv;
    timer *item = JS_GetOpaque2(ctx, this_value, timer_class);
    if (item == NULL)
        return JS_EXCEPTION;
    switch (method) {
    case TIMER_REF:
    case TIMER_UNREF: {
        bool referenced = method == TIMER_REF;
        if (item->heap_index >= 0 && item->referenced != referenced)
            timers.referenced += referenced ? 1 : -1;
        item->referenced = referenced;
        break;
    }
    case TIMER_HAS_REF:
        return JS_NewBool(ctx, item->referenced);
    case TIMER_REFRESH:
        if (!item->cleared) {
            JSValue kept = timer_disarm(item);
            int status = timer_arm(ctx, item, this_value);
            JS_FreeValue(ctx, kept);
            if (status != 0)
                return JS_EXCEPTION;
        }
        break;
    case TIMER_CLOSE:
        timer_stop(ctx, item);
        break;
    default:
        return JS_NewUint32(ctx, item->id);
    }
    return JS_DupValue(ctx, this_value);
}

void gw_timers_run(void)
{
    JSContext *ctx = gw_loop_context();
    uint64_t now = gw_loop_now();
    /* Timers armed by these callbacks wait for the next turn. */
    uint64_t newest = timers.sequence;
    while (timers.count > 0) {
        timer *item = timers.heap[0];
        if (item->due > now || item->sequence >= newest)
            return;
        JSValue self = timer_disarm(item);
        gw_loop_call(item->call.function, self, item->call.argc, gw_call_arguments(&item->call));
        if (item->repeats && item->heap_index < 0 && timer_arm(ctx, item, self) != 0)
            gw_loop_uncaught();
        JS_FreeValue(ctx, self);
    }
}

bool gw_timers_alive(void)
{
    return timers.referenced > 0;
}

int gw_timers_timeout(void)
{
    if (timers.count == 0)
        return -1;
    uint64_t due = timers.heap[0]->due;
    if (due <= gw_loop_now())
        return 0;
    uint64_t now = gw_loop_clock();
    return due <= now ? 0 : (int)(due - now);
}

void gw_timers_forget(void)
{
    JSContext *ctx = gw_loop_context();
    while (timers.count > 0)
        timer_stop(ctx, timers.heap[timers.count - 1]);
    free(timers.heap);
    timers.heap = NULL;
    timers.capacity = 0;
}

static JSValue set_hooks(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)ctx;
    (void)this_value;
    gw_loop_set_hooks(argc > 0 ? argv[0] : JS_UNDEFINED);
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry methods[] = {
    JS_CFUNC_MAGIC_DEF("ref", 0, timer_method, TIMER_REF),
    JS_CFUNC_MAGIC_DEF("unref", 0, timer_method, TIMER_UNREF),
    JS_CFUNC_MAGIC_DEF("hasRef", 0, timer_method, TIMER_HAS_REF),
    JS_CFUNC_MAGIC_DEF("refresh", 0, timer_method, TIMER_REFRESH),
    JS_CFUNC_MAGIC_DEF("close", 0, timer_method, TIMER_CLOSE),
    JS_CFUNC_MAGIC_DEF("[Symbol.toPrimitive]", 0, timer_method, TIMER_ID),
};

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_MAGIC_DEF("setTimeout", 2, timer_new, 0),
    JS_CFUNC_MAGIC_DEF("setInterval", 2, timer_new, 1),
    JS_CFUNC_DEF("clearTimeout", 1, timer_clear),
    JS_CFUNC_DEF("clearInterval", 1, timer_clear),
    JS_CFUNC_DEF("setHooks", 1, set_hooks),
};

int gw_init_timers(JSContext *ctx, JSValueConst object)
{
    static const JSClassDef definition = {"Timeout", timer_finalizer, timer_mark, NULL, NULL};
    if (gw_new_class(ctx, &timer_class, &definition, methods, GW_COUNT(methods)) != 0)
        return -1;
    gw_set_functions(ctx, object, functions);
    return 0;
}

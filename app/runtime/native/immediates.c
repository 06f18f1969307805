/* setImmediate: a queue that is served once a turn of the loop. */
#include "binding.h"
#include "call.h"
#include "loop.h"
#include "modules.h"

typedef struct immediate immediate;
struct immediate {
    immediate *next;
    JSValue self;
    gw_call call;
    bool queued;
    bool referenced;
};

static JSClassID immediate_class;

static struct {
    immediate *first;
    immediate *last;
    int referenced;
} immediates;

bool gw_immediates_waiting(void)
{
    return immediates.first != NULL;
}

bool gw_immediates_alive(void)
{
    return immediates.referenced > 0;
}

static void immediate_finalizer(JSRuntime *rt, JSValue value)
{
    immediate *item = JS_GetOpaque(value, immediate_class);
    if (item != NULL) {
        gw_call_free(rt, &item->call);
        js_free_rt(rt, item);
    }
}

static void immediate_mark(JSRuntime *rt, JSValueConst value, JS_MarkFunc *mark)
{
    immediate *item = JS_GetOpaque(value, immediate_class);
    if (item != NULL)
        gw_call_mark(rt, &item->call, mark);
}

static JSValue immediate_new(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    if (gw_call_require_function(ctx, argc > 0 ? argv[0] : JS_UNDEFINED) != 0)
        return JS_EXCEPTION;
    JSValue self = JS_NewObjectClass(ctx, (int)immediate_class);
    if (JS_IsException(self))
        return self;
    immediate *item = js_mallocz(ctx, sizeof(*item));
    if (item == NULL) {
        JS_FreeValue(ctx, self);
        return JS_EXCEPTION;
    }
    item->self = JS_UNDEFINED;
    item->call.function = JS_UNDEFINED;
    JS_SetOpaque(self, item);
    if (gw_call_init(ctx, &item->call, argv[0], argc - 1, argv + 1) != 0) {
        JS_FreeValue(ctx, self);
        return JS_EXCEPTION;
    }
    item->queued = true;
    item->referenced = true;
    item->self = JS_DupValue(ctx, self);
    immediates.referenced++;
    if (immediates.last != NULL)
        immediates.last->next = item;
    else
        immediates.first = item;
    immediates.last = item;
    return self;
}

/* A cleared immediate stays in the queue, without a function, until its turn. */
static void immediate_cancel(immediate *item)
{
    if (!item->queued)
        return;
    item->queued = false;
    if (item->referenced)
        immediates.referenced--;
}

static JSValue immediate_clear(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)ctx;
    (void)this_value;
    immediate *item = argc > 0 ? JS_GetOpaque(argv[0], immediate_class) : NULL;
    if (item != NULL)
        immediate_cancel(item);
    return JS_UNDEFINED;
}

enum method { REF, UNREF, HAS_REF };

static JSValue immediate_method(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int method)
{
    (void)argc;
    (void)argv;
    immediate *item = JS_GetOpaque2(ctx, this_value, immediate_class);
    if (item == NULL)
        return JS_EXCEPTION;
    if (method == HAS_REF)
        return JS_NewBool(ctx, item->referenced);
    bool referenced = method == REF;
    if (item->queued && item->referenced != referenced)
        immediates.referenced += referenced ? 1 : -1;
    item->referenced = referenced;
    return JS_DupValue(ctx, this_value);
}

void gw_immediates_run(void)
{
    JSContext *ctx = gw_loop_context();
    immediate *item = immediates.first;
    immediates.first = NULL;
    immediates.last = NULL;
    while (item != NULL) {
        immediate *next = item->next;
        JSValue self = item->self;
        item->self = JS_UNDEFINED;
        item->next = NULL;
        if (item->queued) {
            immediate_cancel(item);
            gw_loop_call(item->call.function, self, item->call.argc, gw_call_arguments(&item->call));
        }
        JS_FreeValue(ctx, self);
        item = next;
    }
}

void gw_immediates_forget(void)
{
    JSContext *ctx = gw_loop_context();
    immediate *item = immediates.first;
    immediates.first = NULL;
    immediates.last = NULL;
    while (item != NULL) {
        immediate *next = item->next;
        JSValue self = item->self;
        item->self = JS_UNDEFINED;
        immediate_cancel(item);
        JS_FreeValue(ctx, self);
        item = next;
    }
}

static const JSCFunctionListEntry methods[] = {
    JS_CFUNC_MAGIC_DEF("ref", 0, immediate_method, REF),
    JS_CFUNC_MAGIC_DEF("unref", 0, immediate_method, UNREF),
    JS_CFUNC_MAGIC_DEF("hasRef", 0, immediate_method, HAS_REF),
};

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("setImmediate", 1, immediate_new),
    JS_CFUNC_DEF("clearImmediate", 1, immediate_clear),
};

int gw_init_immediates(JSContext *ctx, JSValueConst object)
{
    static const JSClassDef definition = {"Immediate", immediate_finalizer, immediate_mark, NULL, NULL};
    if (gw_new_class(ctx, &immediate_class, &definition, methods, GW_COUNT(methods)) != 0)
        return -1;
    gw_set_functions(ctx, object, functions);
    return 0;
}

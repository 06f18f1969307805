/* QuickJS itself, plus accessors into it. See engine.h. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wcast-function-type"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wunused-function"
#include "cutils.h"
/*
 * quickjs.c asks for the leading zeros of 0 when a BigInt's highest limb is 0 (2n ** 63n to text), which is undefined
 * and sizes a buffer by chance.
 */
static inline int gw_clz32(uint32_t a)
{
    return a ? clz32(a) : 32;
}
static inline int gw_clz64(uint64_t a)
{
    return a ? clz64(a) : 64;
}
#define clz32 gw_clz32
#define clz64 gw_clz64
#include "quickjs.c"
#pragma GCC diagnostic pop

#include "engine.h"

/* Buffer.prototype once installed. One context per process, so one static is enough. */
static JSValue view_prototype;

int gw_engine_bytes(JSContext *ctx, JSValueConst value, uint8_t **data, size_t *length)
{
    (void)ctx;
    if (JS_VALUE_GET_TAG(value) != JS_TAG_OBJECT)
        return -1;
    JSObject *object = JS_VALUE_GET_OBJ(value);
    if (object->class_id >= JS_CLASS_UINT8C_ARRAY && object->class_id <= JS_CLASS_DATAVIEW) {
        JSTypedArray *view = object->u.typed_array;
        JSArrayBuffer *array_buffer = view->buffer->u.array_buffer;
        if (array_buffer->detached)
            return -1;
        *data = array_buffer->data + view->offset;
        *length = view->length;
        return 0;
    }
    if (object->class_id == JS_CLASS_ARRAY_BUFFER || object->class_id == JS_CLASS_SHARED_ARRAY_BUFFER) {
        JSArrayBuffer *array_buffer = object->u.array_buffer;
        if (array_buffer->detached)
            return -1;
        *data = array_buffer->data;
        *length = (size_t)array_buffer->byte_length;
        return 0;
    }
    return -1;
}

int gw_engine_latin1(JSValueConst value, const uint8_t **data, size_t *length)
{
    if (JS_VALUE_GET_TAG(value) != JS_TAG_STRING)
        return -1;
    const JSString *string = JS_VALUE_GET_STRING(value);
    if (string->is_wide_char)
        return -1;
    *data = string->u.str8;
    *length = string->len;
    return 0;
}

JSValue gw_engine_new_view(JSContext *ctx, JSValueConst array_buffer, size_t offset, size_t length)
{
    JSValue view;
    if (!JS_IsObject(view_prototype))
        view = JS_NewObjectClass(ctx, JS_CLASS_UINT8_ARRAY);
    else
        view = JS_NewObjectProtoClass(ctx, view_prototype, JS_CLASS_UINT8_ARRAY);
    if (JS_IsException(view))
        return view;
    if (typed_array_init(ctx, view, JS_DupValue(ctx, array_buffer), offset, length)) {
        JS_FreeValue(ctx, view);
        return JS_EXCEPTION;
    }
    return view;
}

void gw_engine_set_view_prototype(JSContext *ctx, JSValueConst prototype)
{
    JS_FreeValue(ctx, view_prototype);
    view_prototype = JS_DupValue(ctx, prototype);
}

void gw_engine_throw_error(JSContext *ctx, const char *message)
{
    JSValue error = JS_NewObjectClass(ctx, JS_CLASS_ERROR);
    if (JS_IsException(error))
        return;
    JS_DefinePropertyValue(ctx, error, JS_ATOM_message, JS_NewString(ctx, message),
                           JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
    build_backtrace(ctx, error, NULL, 0, 0, 0);
    JS_Throw(ctx, error);
}

void gw_engine_forget_jobs(JSContext *ctx)
{
    JSRuntime *rt = ctx->rt;
    struct list_head *link, *next;
    list_for_each_safe(link, next, &rt->job_list) {
        JSJobEntry *job = list_entry(link, JSJobEntry, link);
        list_del(&job->link);
        for (int i = 0; i < job->argc; i++)
            JS_FreeValue(ctx, job->argv[i]);
        js_free(ctx, job);
    }
    /* Stack traces of the cell end here. */
    if (rt->current_stack_frame != NULL)
        rt->current_stack_frame->js_mode |= JS_MODE_BACKTRACE_BARRIER;
}

void gw_engine_drop_names(JSContext *ctx, JSValueConst function)
{
    JSFunctionBytecode *code = JS_VALUE_GET_PTR(function);
    /* Releases of QuickJS after 2025-04-26 have another type here, and need these names in a running function. */
    if (!__builtin_types_compatible_p(__typeof__(code->vardefs), JSVarDef *))
        return;
    if (code->vardefs != NULL) {
        for (int i = 0; i < code->arg_count + code->var_count; i++)
            JS_FreeAtom(ctx, code->vardefs[i].var_name);
        code->vardefs = NULL;
    }
    for (int i = 0; i < code->closure_var_count; i++) {
        JS_FreeAtom(ctx, code->closure_var[i].var_name);
        code->closure_var[i].var_name = JS_ATOM_NULL;
    }
    for (int i = 0; i < code->cpool_count; i++)
        if (JS_VALUE_GET_TAG(code->cpool[i]) == JS_TAG_FUNCTION_BYTECODE)
            gw_engine_drop_names(ctx, code->cpool[i]);
}

/* Objects that the collector does not know; each has one reference more than anybody holds. */
static struct list_head frozen = LIST_HEAD_INIT(frozen);

/*
 * How much a heap may have grown since it was last looked through, and by how much less it must have become for that to
 * count anew: what is only buffered comes and goes and is no reason to look again and again.
 */
enum { GROWN = 512 * 1024, LOWERED = 1024 * 1024 };
static size_t settled;

void gw_engine_freeze(JSRuntime *rt)
{
    if (!list_empty(&frozen))
        return;
    struct list_head *link, *next;
    list_for_each_safe(link, next, &rt->gc_obj_list) {
        list_del(link);
        list_entry(link, JSGCObjectHeader, link)->ref_count++;
        list_add_tail(link, &frozen);
    }
    JS_SetGCThreshold(rt, rt->malloc_state.malloc_size + rt->malloc_state.malloc_size / 2);
    settled = rt->malloc_state.malloc_size;
}

void gw_engine_collect(JSRuntime *rt)
{
    JS_RunGC(rt);
    settled = rt->malloc_state.malloc_size;
}

void gw_engine_tidy(JSRuntime *rt)
{
    if (list_empty(&frozen))
        return;
    size_t used = rt->malloc_state.malloc_size;
    if (used + LOWERED < settled)
        settled = used;
    if (used >= settled + GROWN)
        gw_engine_collect(rt);
}

static void release(JSRuntime *rt, JSGCObjectHeader *object)
{
    switch (object->gc_obj_type) {
    case JS_GC_OBJ_TYPE_JS_OBJECT:
        JS_FreeValueRT(rt, JS_MKPTR(JS_TAG_OBJECT, object));
        break;
    case JS_GC_OBJ_TYPE_FUNCTION_BYTECODE:
        JS_FreeValueRT(rt, JS_MKPTR(JS_TAG_FUNCTION_BYTECODE, object));
        break;
    case JS_GC_OBJ_TYPE_SHAPE:
        js_free_shape(rt, (JSShape *)object);
        break;
    case JS_GC_OBJ_TYPE_VAR_REF:
        free_var_ref(rt, (JSVarRef *)object);
        break;
    case JS_GC_OBJ_TYPE_ASYNC_FUNCTION:
        async_func_free(rt, (JSAsyncFunctionState *)object);
        break;
    case JS_GC_OBJ_TYPE_JS_CONTEXT:
        JS_FreeContext((JSContext *)object);
        break;
    }
}

void gw_engine_thaw(JSRuntime *rt)
{
    while (!list_empty(&frozen)) {
        struct list_head *link = frozen.next;
        list_del(link);
        list_add_tail(link, &rt->gc_obj_list);
        release(rt, list_entry(link, JSGCObjectHeader, link));
    }
}

size_t gw_engine_heap_used(JSRuntime *rt)
{
    return rt->malloc_state.malloc_size;
}

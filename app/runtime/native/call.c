/* Calls that wait. See call.h. */
#include "call.h"

#include "binding.h"

int gw_call_init(JSContext *ctx, gw_call *target, JSValueConst function, int argc, JSValueConst *argv)
{
    target->argc = argc > 0 ? argc : 0;
    target->more = NULL;
    JSValue *slots = target->argv;
    if (target->argc > GW_INLINE_ARGUMENTS) {
        target->more = js_malloc(ctx, sizeof(JSValue) * (size_t)target->argc);
        if (target->more == NULL)
            return -1;
        slots = target->more;
    }
    target->function = JS_DupValue(ctx, function);
    for (int i = 0; i < target->argc; i++)
        slots[i] = JS_DupValue(ctx, argv[i]);
    return 0;
}

JSValue *gw_call_arguments(gw_call *target)
{
    return target->more != NULL ? target->more : target->argv;
}

void gw_call_free(JSRuntime *rt, gw_call *target)
{
    JSValue *slots = gw_call_arguments(target);
    JSValue function = target->function;
    target->function = JS_UNDEFINED;
    for (int i = 0; i < target->argc; i++)
        JS_FreeValueRT(rt, slots[i]);
    js_free_rt(rt, target->more);
    target->more = NULL;
    target->argc = 0;
    JS_FreeValueRT(rt, function);
}

void gw_call_mark(JSRuntime *rt, gw_call *target, JS_MarkFunc *mark)
{
    JS_MarkValue(rt, target->function, mark);
    JSValue *slots = gw_call_arguments(target);
    for (int i = 0; i < target->argc; i++)
        JS_MarkValue(rt, slots[i], mark);
}

int gw_call_require_function(JSContext *ctx, JSValueConst value)
{
    if (JS_IsFunction(ctx, value))
        return 0;
    gw_throw_code(ctx, GW_TYPE_ERROR, "ERR_INVALID_ARG_TYPE", "The \"callback\" argument must be of type function.");
    return -1;
}

int gw_new_class(JSContext *ctx, JSClassID *id, const JSClassDef *definition, const JSCFunctionListEntry *methods,
                 int count)
{
    JS_NewClassID(id);
    if (JS_NewClass(JS_GetRuntime(ctx), *id, definition) != 0)
        return -1;
    JSValue prototype = JS_NewObject(ctx);
    if (JS_IsException(prototype))
        return -1;
    JS_SetPropertyFunctionList(ctx, prototype, methods, count);
    JS_SetClassProto(ctx, *id, prototype);
    return 0;
}

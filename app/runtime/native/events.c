/*
 * EventEmitter.prototype.emit. Streams emit several events per chunk; in bytecode each costs an array of arguments and
 * a call through apply. node/events/emitter.ts has everything else.
 */
#include <string.h>

#include "binding.h"
#include "modules.h"

#define INLINE_LISTENERS 8

static struct {
    JSAtom events; /* "_events" */
    JSAtom length;
    JSAtom error;
} names;

/* Calls the functions of an array as it is now: listeners may add and remove while it runs. */
static JSValue call_all(JSContext *ctx, JSValueConst list, JSValueConst this_value, int argc, JSValueConst *argv)
{
    JSValue length_value = JS_GetProperty(ctx, list, names.length);
    uint32_t length;
    if (JS_ToUint32(ctx, &length, length_value) != 0)
        return JS_EXCEPTION;
    JSValue few[INLINE_LISTENERS];
    JSValue *copy = few;
    if (length > INLINE_LISTENERS) {
        copy = js_malloc(ctx, sizeof(*copy) * length);
        if (copy == NULL)
            return JS_EXCEPTION;
    }
    for (uint32_t i = 0; i < length; i++)
        copy[i] = JS_GetPropertyUint32(ctx, list, i);
    JSValue result = JS_TRUE;
    for (uint32_t i = 0; i < length; i++) {
        if (!JS_IsException(result)) {
            JSValue returned = JS_Call(ctx, copy[i], this_value, argc, argv);
            if (JS_IsException(returned))
                result = JS_EXCEPTION;
            JS_FreeValue(ctx, returned);
        }
        JS_FreeValue(ctx, copy[i]);
    }
    if (copy != few)
        js_free(ctx, copy);
    return result;
}

/* emit(name, …) on any object with a table `_events`; the data is the function for 'error'. */
static JSValue emit(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int magic, JSValue *data)
{
    (void)magic;
    JSAtom name = JS_ValueToAtom(ctx, argc > 0 ? argv[0] : JS_UNDEFINED);
    if (name == JS_ATOM_NULL)
        return JS_EXCEPTION;
    if (name == names.error) {
        JS_FreeAtom(ctx, name);
        return JS_Call(ctx, data[0], this_value, argc, argv);
    }
    JSValue table = JS_GetProperty(ctx, this_value, names.events);
    JSValue listener = JS_IsObject(table) ? JS_GetProperty(ctx, table, name) : JS_UNDEFINED;
    JS_FreeAtom(ctx, name);
    JS_FreeValue(ctx, table);
    if (!JS_IsObject(listener))
        return JS_IsException(listener) ? listener : JS_FALSE;
    JSValue result;
    if (JS_IsFunction(ctx, listener)) {
        JSValue returned = JS_Call(ctx, listener, this_value, argc - 1, argv + 1);
        result = JS_IsException(returned) ? JS_EXCEPTION : JS_TRUE;
        JS_FreeValue(ctx, returned);
    } else {
        result = call_all(ctx, listener, this_value, argc - 1, argv + 1);
    }
    JS_FreeValue(ctx, listener);
    return result;
}

/* emitter(function for 'error') → the method `emit` */
static JSValue events_emitter(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    if (argc < 1 || !JS_IsFunction(ctx, argv[0]))
        return JS_ThrowTypeError(ctx, "emitter: a function is needed");
    return JS_NewCFunctionData(ctx, emit, 1, 0, 1, argv);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("emitter", 1, events_emitter),
};

int gw_init_events(JSContext *ctx, JSValueConst object)
{
    names.events = JS_NewAtom(ctx, "_events");
    names.length = JS_NewAtom(ctx, "length");
    names.error = JS_NewAtom(ctx, "error");
    if (names.events == JS_ATOM_NULL || names.length == JS_ATOM_NULL || names.error == JS_ATOM_NULL)
        return -1;
    gw_set_functions(ctx, object, functions);
    return 0;
}

/* Uncaught exceptions and unhandled rejections. See report.h. */
#include "report.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "loop.h"
#include "process.h"

/* Exit codes of Node.js: 1 uncaught exception, 7 the handler itself failed. */
#define EXIT_UNCAUGHT 1
#define EXIT_HANDLER_FAILED 7

typedef struct rejection {
    struct rejection *next;
    JSValue promise;
    JSValue reason;
} rejection;

static rejection *rejections;

void gw_report_print(JSContext *ctx, JSValueConst error, const char *heading)
{
    const char *text = JS_ToCString(ctx, error);
    fprintf(stderr, "%s%s\n", heading, text != NULL ? text : "[error without text]");
    JS_FreeCString(ctx, text);
    if (!JS_IsObject(error))
        return;
    JSValue stack = JS_GetPropertyStr(ctx, error, "stack");
    if (JS_IsString(stack)) {
        const char *stack_text = JS_ToCString(ctx, stack);
        if (stack_text != NULL)
            fputs(stack_text, stderr);
        JS_FreeCString(ctx, stack_text);
    }
    JS_FreeValue(ctx, stack);
}

static void end_process(JSContext *ctx, JSValueConst error, const char *heading, int code)
{
    gw_report_print(ctx, error, heading);
    gw_process_exit(code);
}

void gw_loop_uncaught(void)
{
    JSContext *ctx = gw_loop_context();
    JSValue error = JS_GetException(ctx);
    JSValue taken = gw_loop_hook("uncaught", 1, (JSValueConst *)&error);
    if (JS_IsException(taken)) {
        JSValue second = JS_GetException(ctx);
        end_process(ctx, second, "Uncaught ", EXIT_HANDLER_FAILED);
    }
    if (JS_ToBool(ctx, taken) != 1)
        end_process(ctx, error, "Uncaught ", EXIT_UNCAUGHT);
    JS_FreeValue(ctx, taken);
    JS_FreeValue(ctx, error);
}

static void free_rejection(JSContext *ctx, rejection *entry)
{
    JS_FreeValue(ctx, entry->promise);
    JS_FreeValue(ctx, entry->reason);
    free(entry);
}

static void track(JSContext *ctx, JSValueConst promise, JSValueConst reason, JS_BOOL handled, void *opaque)
{
    (void)opaque;
    if (!handled) {
        rejection *entry = malloc(sizeof(*entry));
        if (entry == NULL)
            abort();
        entry->promise = JS_DupValue(ctx, promise);
        entry->reason = JS_DupValue(ctx, reason);
        entry->next = NULL;
        rejection **end = &rejections;
        while (*end != NULL)
            end = &(*end)->next;
        *end = entry;
        return;
    }
    for (rejection **link = &rejections; *link != NULL; link = &(*link)->next) {
        if (JS_VALUE_GET_PTR((*link)->promise) == JS_VALUE_GET_PTR(promise)) {
            rejection *entry = *link;
            *link = entry->next;
            free_rejection(ctx, entry);
            return;
        }
    }
}

void gw_report_open(JSRuntime *runtime)
{
    JS_SetHostPromiseRejectionTracker(runtime, track, NULL);
}

void gw_report_rejections(void)
{
    JSContext *ctx = gw_loop_context();
    while (rejections != NULL) {
        rejection *entry = rejections;
        rejections = entry->next;
        JSValueConst arguments[] = {entry->reason, entry->promise};
        JSValue taken = gw_loop_hook("rejection", 2, arguments);
        if (JS_IsException(taken)) {
            gw_loop_uncaught();
        } else if (JS_ToBool(ctx, taken) != 1) {
            end_process(ctx, entry->reason, "Unhandled rejection: ", EXIT_UNCAUGHT);
        }
        JS_FreeValue(ctx, taken);
        free_rejection(ctx, entry);
    }
}

void gw_report_forget(void)
{
    while (rejections != NULL) {
        rejection *entry = rejections;
        rejections = entry->next;
        free_rejection(gw_loop_context(), entry);
    }
}

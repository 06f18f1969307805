/*
 * gateway-bytecode [--strip] IN.js OUT.qbc: compiles one script to bytecode for gateway-runtime. File and line are kept for
 * stack traces unless --strip is given. The source text itself and the names of local variables are never kept.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "qbc.h"
#include "quickjs.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int write_file(const char *path, const uint8_t *payload, size_t length)
{
    uint8_t header[GW_QBC_HEADER];
    gw_qbc_write_header(header, payload, length);
    FILE *file = fopen(path, "wbe");
    if (file == NULL)
        return -1;
    int failed = fwrite(header, sizeof(header), 1, file) != 1 || fwrite(payload, 1, length, file) != length;
    return fclose(file) != 0 || failed ? -1 : 0;
}

static int compile(JSContext *ctx, const char *input, const char *output)
{
    size_t size;
    uint8_t *source = gw_read_whole_file(input, &size);
    if (source == NULL) {
        fprintf(stderr, "gateway-bytecode: %s: %s\n", input, strerror(errno));
        return 1;
    }
    JSValue function = JS_Eval(ctx, (const char *)source, size, base_name(input),
                               JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    free(source);
    if (JS_IsException(function)) {
        JSValue error = JS_GetException(ctx);
        const char *text = JS_ToCString(ctx, error);
        JSValue stack = JS_GetPropertyStr(ctx, error, "stack");
        const char *where = JS_ToCString(ctx, stack);
        fprintf(stderr, "gateway-bytecode: %s: %s\n%s", input, text != NULL ? text : "?", where != NULL ? where : "");
        JS_FreeCString(ctx, where);
        JS_FreeValue(ctx, stack);
        JS_FreeCString(ctx, text);
        JS_FreeValue(ctx, error);
        return 1;
    }
    gw_engine_drop_names(ctx, function);
    size_t length;
    uint8_t *payload = JS_WriteObject(ctx, &length, function, JS_WRITE_OBJ_BYTECODE);
    JS_FreeValue(ctx, function);
    if (payload == NULL) {
        fprintf(stderr, "gateway-bytecode: %s: out of memory\n", input);
        return 1;
    }
    int status = write_file(output, payload, length);
    if (status != 0)
        fprintf(stderr, "gateway-bytecode: %s: %s\n", output, strerror(errno));
    js_free(ctx, payload);
    return status != 0;
}

int main(int argc, char **argv)
{
    int strip = JS_STRIP_SOURCE;
    int first = 1;
    if (argc > 1 && strcmp(argv[1], "--strip") == 0) {
        strip = JS_STRIP_DEBUG;
        first = 2;
    }
    if (argc - first != 2) {
        fprintf(stderr, "usage: gateway-bytecode [--strip] IN.js OUT.qbc\n");
        return 2;
    }
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *ctx = runtime != NULL ? JS_NewContext(runtime) : NULL;
    if (ctx == NULL) {
        fprintf(stderr, "gateway-bytecode: out of memory\n");
        return 1;
    }
    JS_SetMaxStackSize(runtime, 4 * 1024 * 1024);
    JS_SetStripInfo(runtime, strip);
    int status = compile(ctx, argv[first], argv[first + 1]);
    JS_FreeContext(ctx);
    JS_FreeRuntime(runtime);
    return status;
}

/*
 * gateway-runtime [--memory-limit=BYTES] [--stack-size=BYTES] APP.qbc [ARGUMENT…]
 *
 * Loads bytecode, runs it, runs the event loop until nothing is left. There is no JavaScript compiler in this
 * program: eval, new Function and dynamic import throw.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "binding.h"
#include "engine.h"
#include "heap.h"
#include "loop.h"
#include "modules.h"
#include "process.h"
#include "qbc.h"
#include "quickjs.h"
#include "report.h"

/* What a bad start ends with (sysexits.h): wrong usage, unusable input, operating system. */
enum { EXIT_USAGE = 64, EXIT_DATA = 65, EXIT_OS = 71 };

#define DEFAULT_MEMORY_LIMIT (256u * 1024 * 1024)
/* Loading makes what stays: looking for garbage meanwhile would only cost. */
#define LOAD_GC_THRESHOLD (24u * 1024 * 1024)
#define DEFAULT_STACK_SIZE (4u * 1024 * 1024)
#define STACK_RESERVE (512u * 1024) /* for C code below the deepest JavaScript frame */

typedef struct {
    size_t memory_limit;
    size_t stack_size;
    int first_argument;
} options;

static int read_size(const char *argument, const char *name, size_t *value)
{
    size_t length = strlen(name);
    if (strncmp(argument, name, length) != 0)
        return 0;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(argument + length, &end, 10);
    if (errno != 0 || *end != '\0' || end == argument + length || number > SIZE_MAX) {
        fprintf(stderr, "gateway-runtime: %s: a number of bytes is expected\n", argument);
        exit(EXIT_USAGE);
    }
    *value = (size_t)number;
    return 1;
}

static options read_options(int argc, char **argv)
{
    options result = {DEFAULT_MEMORY_LIMIT, DEFAULT_STACK_SIZE, 1};
    while (result.first_argument < argc && strncmp(argv[result.first_argument], "--", 2) == 0) {
        const char *argument = argv[result.first_argument];
        if (!read_size(argument, "--memory-limit=", &result.memory_limit) &&
            !read_size(argument, "--stack-size=", &result.stack_size)) {
            fprintf(stderr, "gateway-runtime: unknown option %s\n", argument);
            exit(EXIT_USAGE);
        }
        result.first_argument++;
    }
    if (result.first_argument >= argc) {
        fprintf(stderr, "usage: gateway-runtime [--memory-limit=BYTES] [--stack-size=BYTES] APP.qbc [ARGUMENT...]\n");
        exit(EXIT_USAGE);
    }
    return result;
}

/* JavaScript may use what the process's stack has, less a reserve for C. */
static size_t usable_stack(size_t wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return wanted;
    if (limit.rlim_cur <= 2 * STACK_RESERVE)
        return STACK_RESERVE;
    size_t available = (size_t)limit.rlim_cur - STACK_RESERVE;
    return wanted < available ? wanted : available;
}

static JSContext *new_context(JSRuntime *runtime)
{
    JSContext *ctx = JS_NewContextRaw(runtime);
    if (ctx == NULL)
        return NULL;
    JS_AddIntrinsicBaseObjects(ctx);
    JS_AddIntrinsicDate(ctx);
    JS_AddIntrinsicStringNormalize(ctx);
    JS_AddIntrinsicRegExpCompiler(ctx);
    JS_AddIntrinsicRegExp(ctx);
    JS_AddIntrinsicJSON(ctx);
    JS_AddIntrinsicProxy(ctx);
    JS_AddIntrinsicMapSet(ctx);
    JS_AddIntrinsicTypedArrays(ctx);
    JS_AddIntrinsicPromise(ctx);
    JS_AddIntrinsicWeakRef(ctx);
    return ctx;
}

static JSValue load(JSContext *ctx, const char *path)
{
    size_t size;
    /* Stays: line numbers are read from it. */
    const uint8_t *file = gw_map_file(path, &size);
    if (file == NULL) {
        fprintf(stderr, "gateway-runtime: %s: %s\n", path, strerror(errno));
        exit(EXIT_DATA);
    }
    const uint8_t *payload;
    size_t length;
    const char *problem = gw_qbc_check(file, size, &payload, &length);
    if (problem != NULL) {
        fprintf(stderr, "gateway-runtime: %s: %s\n", path, problem);
        exit(EXIT_DATA);
    }
    return JS_ReadObject(ctx, payload, length, JS_READ_OBJ_BYTECODE);
}

/* The end of a program. The system takes the memory back; only under AddressSanitizer every object is accounted for. */
static int finish(JSContext *ctx)
{
    int code = gw_process_say_goodbye(gw_process_exit_code());
#if defined(__SANITIZE_ADDRESS__)
    JSRuntime *runtime = JS_GetRuntime(ctx);
    gw_loop_close();
    gw_engine_thaw(runtime);
    gw_engine_set_view_prototype(ctx, JS_UNDEFINED);
    JS_FreeContext(ctx);
    JS_FreeRuntime(runtime);
    return code;
#else
    (void)ctx;
    gw_process_exit(code);
#endif
}

int main(int argc, char **argv)
{
    options chosen = read_options(argc, argv);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        perror("gateway-runtime: signal");
        return EXIT_OS;
    }
    JSRuntime *runtime = gw_heap_new_runtime();
    JSContext *ctx = NULL;
    if (runtime != NULL) {
        JS_SetMemoryLimit(runtime, chosen.memory_limit);
        JS_SetGCThreshold(runtime, LOAD_GC_THRESHOLD);
        JS_SetMaxStackSize(runtime, usable_stack(chosen.stack_size));
        ctx = new_context(runtime);
    }
    if (ctx == NULL) {
        fprintf(stderr, "gateway-runtime: out of memory\n");
        return EXIT_OS;
    }
    gw_process_arguments(argc - chosen.first_argument, argv + chosen.first_argument);
    gw_report_open(runtime);
    if (gw_loop_open(ctx) != 0) {
        perror("gateway-runtime: epoll_create1");
        return EXIT_OS;
    }
    if (gw_install_modules(ctx) != 0) {
        JSValue error = JS_GetException(ctx);
        gw_report_print(ctx, error, "gateway-runtime: ");
        return EXIT_OS;
    }
    JSValue function = load(ctx, argv[chosen.first_argument]);

    JSValue result = JS_IsException(function) ? JS_EXCEPTION : JS_EvalFunction(ctx, function);
    if (JS_IsException(result))
        gw_loop_uncaught();
    JS_FreeValue(ctx, result);
    gw_loop_drain();
    JS_SetGCThreshold(runtime, gw_engine_heap_used(runtime) / 2 * 3);
    gw_loop_run();
    return finish(ctx);
}

/* Forking cells: pipes, and fork with a clean loop in the child. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "binding.h"
#include "children.h"
#include "confine.h"
#include "engine.h"
#include "loop.h"
#include "modules.h"
#include "process.h"

#define MAX_KEPT 64

/* [read end, write end], close-on-exec and non-blocking. */
static JSValue cell_pipe(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    int fds[2];
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
        return gw_throw_errno(ctx, errno, "pipe2", NULL);
    JSValue pair = JS_NewArray(ctx);
    if (JS_IsException(pair)) {
        close(fds[0]);
        close(fds[1]);
        return pair;
    }
    JS_DefinePropertyValueUint32(ctx, pair, 0, JS_NewInt32(ctx, fds[0]), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, pair, 1, JS_NewInt32(ctx, fds[1]), JS_PROP_C_W_E);
    return pair;
}

static int close_range_of(unsigned first, unsigned last)
{
    return first > last ? 0 : (int)syscall(SYS_close_range, first, last, 0);
}

static int compare_ints(const void *a, const void *b)
{
    int left = *(const int *)a;
    int right = *(const int *)b;
    return (left > right) - (left < right);
}

/* Closes every descriptor above 2 but the sorted ones in `kept`. */
static int close_others(const int *kept, int count)
{
    unsigned next = 3;
    for (int i = 0; i < count; i++) {
        if (kept[i] < (int)next)
            continue;
        if (close_range_of(next, (unsigned)kept[i] - 1) != 0)
            return -1;
        next = (unsigned)kept[i] + 1;
    }
    return close_range_of(next, UINT_MAX);
}

static void child_must(bool done, const char *what)
{
    if (done)
        return;
    perror(what);
    _exit(71);
}

static int read_kept(JSContext *ctx, JSValueConst list, int kept[MAX_KEPT])
{
    JSValue length = JS_GetPropertyStr(ctx, list, "length");
    int32_t count;
    if (JS_ToInt32(ctx, &count, length) != 0)
        return -1;
    if (count < 0 || count > MAX_KEPT) {
        gw_throw_code(ctx, GW_RANGE_ERROR, "ERR_OUT_OF_RANGE", "spawn: at most %d descriptors can be kept", MAX_KEPT);
        return -1;
    }
    for (int32_t i = 0; i < count; i++) {
        JSValue item = JS_GetPropertyUint32(ctx, list, (uint32_t)i);
        int status = JS_ToInt32(ctx, &kept[i], item);
        JS_FreeValue(ctx, item);
        if (status != 0)
            return -1;
    }
    qsort(kept, (size_t)count, sizeof(kept[0]), compare_ints);
    return count;
}

/* In the child: a clean loop, the given descriptors and nothing else; then the body and its own loop to the end. */
static void __attribute__((noreturn)) become_cell(JSContext *ctx, JSValueConst body, const int *kept, int count, int stderr_fd,
                                                  pid_t parent)
{
    /* Else it would go on beside the cells of the parent's successor. */
    child_must(gw_process_end_with(parent) == 0, "gateway-runtime: prctl");
    child_must(dup2(stderr_fd, 1) >= 0 && dup2(stderr_fd, 2) >= 0, "gateway-runtime: dup2");
    gw_process_forget();
    gw_children_forget();
    gw_loop_forget();
    gw_engine_forget_jobs(ctx);
    child_must(close_others(kept, count) == 0, "gateway-runtime: close_range");
    child_must(gw_loop_reopen() == 0, "gateway-runtime: epoll_create1");
    gw_loop_call(body, JS_UNDEFINED, 0, NULL);
    gw_loop_run();
    gw_process_exit(gw_process_exit_code());
}

/* spawn(kept descriptors, descriptor for stdout and stderr, body) → pid; never returns in the child. */
static JSValue cell_spawn(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int kept[MAX_KEPT];
    int32_t stderr_fd;
    if (argc < 3 || JS_ToInt32(ctx, &stderr_fd, argv[1]) != 0)
        return JS_EXCEPTION;
    int count = read_kept(ctx, argv[0], kept);
    if (count < 0)
        return JS_EXCEPTION;
    fflush(NULL);
    gw_engine_freeze(JS_GetRuntime(ctx));
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return gw_throw_errno(ctx, errno, "fork", NULL);
    if (pid == 0)
        become_cell(ctx, argv[2], kept, count, stderr_fd, parent);
    if (gw_children_add(pid) != 0)
        return JS_ThrowOutOfMemory(ctx);
    return JS_NewInt32(ctx, pid);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("pipe", 0, cell_pipe),
    JS_CFUNC_DEF("spawn", 3, cell_spawn),
    JS_CFUNC_DEF("reap", 0, gw_children_reap),
    JS_CFUNC_DEF("run", 1, gw_children_run),
    JS_CFUNC_DEF("confine", 1, gw_confine),
};

int gw_init_cell(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

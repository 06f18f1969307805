/* What `process` needs: arguments, environment, exit, clocks, memory, ids, signals. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"
#include "engine.h"
#include "loop.h"
#include "modules.h"
#include "signals.h"
#include "utf8.h"

/* As in Node.js: the handler of 'exit' itself failed. */
#define EXIT_HANDLER_FAILED 7

extern char **environ;

static struct {
    int argc;
    char **argv;
    bool exiting;
    int memory_fd; /* /proc/self/statm; -1: not open */
    pid_t parent;  /* the process that this one ends with; 0: none */
} process = {.memory_fd = -1};

void gw_process_arguments(int argc, char **argv)
{
    process.argc = argc;
    process.argv = argv;
}

int gw_process_say_goodbye(int code)
{
    if (process.exiting)
        return code;
    process.exiting = true;
    JSContext *ctx = gw_loop_context();
    JSValue argument = JS_NewInt32(ctx, code);
    JSValue result = gw_loop_hook("exit", 1, (JSValueConst *)&argument);
    if (JS_IsException(result)) {
        JS_FreeValue(ctx, JS_GetException(ctx));
        return EXIT_HANDLER_FAILED;
    }
    int32_t changed;
    if (JS_IsNumber(result) && JS_ToInt32(ctx, &changed, result) == 0)
        return changed;
    JS_FreeValue(ctx, result);
    return code;
}

void gw_process_exit(int code)
{
    code = gw_process_say_goodbye(code);
    fflush(NULL);
    _exit(code & 0xff);
}

void gw_process_forget(void)
{
    process.exiting = false;
    if (process.memory_fd >= 0)
        close(process.memory_fd);
    process.memory_fd = -1;
    gw_signals_forget();
}

int gw_process_still_end_with_parent(void)
{
    if (process.parent == 0)
        return 0;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return -1;
    /* It ended before: that signal will never come. */
    return getppid() == process.parent ? 0 : raise(SIGKILL);
}

int gw_process_end_with(pid_t parent)
{
    process.parent = parent;
    return gw_process_still_end_with_parent();
}

int gw_process_exit_code(void)
{
    JSContext *ctx = gw_loop_context();
    int32_t code = 0;
    JSValue result = gw_loop_hook("exitCode", 0, NULL);
    if (JS_IsException(result) || JS_ToInt32(ctx, &code, result) != 0)
        gw_loop_uncaught();
    JS_FreeValue(ctx, result);
    return code;
}

static JSValue process_exit(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t code = 0;
    if (argc > 0 && JS_ToInt32(ctx, &code, argv[0]) != 0)
        return JS_EXCEPTION;
    gw_process_exit(code);
}

static JSValue process_arguments(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    JSValue array = JS_NewArray(ctx);
    for (int i = 0; i < process.argc && !JS_IsException(array); i++)
        JS_DefinePropertyValueUint32(ctx, array, (uint32_t)i, JS_NewString(ctx, process.argv[i]), JS_PROP_C_W_E);
    return array;
}

static JSValue process_environment(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    JSValue object = JS_NewObject(ctx);
    for (char **entry = environ; entry != NULL && *entry != NULL && !JS_IsException(object); entry++) {
        const char *equals = strchr(*entry, '=');
        if (equals == NULL)
            continue;
        JSValue name = JS_NewStringLen(ctx, *entry, (size_t)(equals - *entry));
        JSAtom atom = JS_ValueToAtom(ctx, name);
        JS_FreeValue(ctx, name);
        JS_DefinePropertyValue(ctx, object, atom, JS_NewString(ctx, equals + 1), JS_PROP_C_W_E);
        JS_FreeAtom(ctx, atom);
    }
    return object;
}

/* [seconds, nanoseconds] of a clock. */
static JSValue clock_pair(JSContext *ctx, clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time) != 0)
        return gw_throw_errno(ctx, errno, "clock_gettime", NULL);
    JSValue pair = JS_NewArray(ctx);
    if (JS_IsException(pair))
        return pair;
    JS_DefinePropertyValueUint32(ctx, pair, 0, JS_NewInt64(ctx, time.tv_sec), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, pair, 1, JS_NewInt64(ctx, time.tv_nsec), JS_PROP_C_W_E);
    return pair;
}

static JSValue process_hrtime(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    return clock_pair(ctx, CLOCK_MONOTONIC);
}

static JSValue clock_number(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int clock)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    struct timespec time;
    if (clock_gettime(clock, &time) != 0)
        return gw_throw_errno(ctx, errno, "clock_gettime", NULL);
    return JS_NewFloat64(ctx, (double)time.tv_sec + (double)time.tv_nsec / 1e9);
}

/* A confined cell can't open files of /proc any more: the descriptor is kept. */
int gw_process_open_memory_file(void)
{
    if (process.memory_fd < 0)
        process.memory_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    return process.memory_fd;
}

/* The second number of statm; 0 where there is no /proc. */
static unsigned long read_resident_pages(void)
{
    char text[128];
    int fd = gw_process_open_memory_file();
    if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0)
        return 0;
    ssize_t length = read(fd, text, sizeof(text) - 1);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    const char *blank = strchr(text, ' ');
    return blank != NULL ? strtoul(blank + 1, NULL, 10) : 0;
}

static JSValue process_memory(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    unsigned long resident_pages = read_resident_pages();
    JSValue object = JS_NewObject(ctx);
    if (JS_IsException(object))
        return object;
    double page = (double)sysconf(_SC_PAGESIZE);
    double heap = (double)gw_engine_heap_used(JS_GetRuntime(ctx));
    JS_DefinePropertyValueStr(ctx, object, "rss", JS_NewFloat64(ctx, (double)resident_pages * page), JS_PROP_C_W_E);
    JS_DefinePropertyValueStr(ctx, object, "heapTotal", JS_NewFloat64(ctx, heap), JS_PROP_C_W_E);
    JS_DefinePropertyValueStr(ctx, object, "heapUsed", JS_NewFloat64(ctx, heap), JS_PROP_C_W_E);
    JS_DefinePropertyValueStr(ctx, object, "external", JS_NewInt32(ctx, 0), JS_PROP_C_W_E);
    JS_DefinePropertyValueStr(ctx, object, "arrayBuffers", JS_NewInt32(ctx, 0), JS_PROP_C_W_E);
    return object;
}

static JSValue process_cpu(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return gw_throw_errno(ctx, errno, "getrusage", NULL);
    JSValue object = JS_NewObject(ctx);
    if (JS_IsException(object))
        return object;
    double user = (double)usage.ru_utime.tv_sec * 1e6 + (double)usage.ru_utime.tv_usec;
    double system = (double)usage.ru_stime.tv_sec * 1e6 + (double)usage.ru_stime.tv_usec;
    JS_DefinePropertyValueStr(ctx, object, "user", JS_NewFloat64(ctx, user), JS_PROP_C_W_E);
    JS_DefinePropertyValueStr(ctx, object, "system", JS_NewFloat64(ctx, system), JS_PROP_C_W_E);
    return object;
}

enum process_id { ID_PID, ID_PPID, ID_UID, ID_EUID, ID_GID, ID_EGID };

static JSValue process_id(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int which)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    switch (which) {
    case ID_PID:
        return JS_NewInt64(ctx, getpid());
    case ID_PPID:
        return JS_NewInt64(ctx, getppid());
    case ID_UID:
        return JS_NewInt64(ctx, getuid());
    case ID_EUID:
        return JS_NewInt64(ctx, geteuid());
    case ID_GID:
        return JS_NewInt64(ctx, getgid());
    default:
        return JS_NewInt64(ctx, getegid());
    }
}

static JSValue process_cwd(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    char path[4096];
    if (getcwd(path, sizeof(path)) == NULL)
        return gw_throw_errno(ctx, errno, "uv_cwd", NULL);
    return JS_NewString(ctx, path);
}

static JSValue process_chdir(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    JSValue result = chdir(path) == 0 ? JS_UNDEFINED : gw_throw_errno(ctx, errno, "chdir", path);
    JS_FreeCString(ctx, path);
    return result;
}

static JSValue process_umask(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t mask = 0;
    if (argc > 0 && !JS_IsUndefined(argv[0])) {
        if (JS_ToInt32(ctx, &mask, argv[0]) != 0)
            return JS_EXCEPTION;
        return JS_NewInt32(ctx, (int32_t)umask((mode_t)mask));
    }
    mode_t current = umask(022);
    umask(current);
    return JS_NewInt32(ctx, (int32_t)current);
}

static JSValue process_title(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    const char *title = JS_ToCString(ctx, argv[0]);
    if (title == NULL)
        return JS_EXCEPTION;
    int status = prctl(PR_SET_NAME, (unsigned long)title, 0, 0, 0);
    JS_FreeCString(ctx, title);
    return status == 0 ? JS_UNDEFINED : gw_throw_errno(ctx, errno, "prctl", NULL);
}

/* Writes a whole string as UTF-8; what console.log and fatal messages go through. Waits for a slow descriptor. */
static JSValue process_print(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t fd;
    gw_utf8 text;
    if (argc < 2 || JS_ToInt32(ctx, &fd, argv[0]) != 0 || gw_utf8_of(ctx, argv[1], &text) != 0)
        return JS_EXCEPTION;
    int error = gw_write_all(fd, text.bytes, text.len);
    gw_utf8_release(ctx, &text);
    return error == 0 ? JS_UNDEFINED : gw_throw_errno(ctx, error, "write", NULL);
}

static JSValue process_gc(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    gw_engine_collect(JS_GetRuntime(ctx));
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("exit", 1, process_exit),
    JS_CFUNC_DEF("arguments", 0, process_arguments),
    JS_CFUNC_DEF("environment", 0, process_environment),
    JS_CFUNC_DEF("hrtime", 0, process_hrtime),
    JS_CFUNC_MAGIC_DEF("monotonic", 0, clock_number, CLOCK_MONOTONIC),
    JS_CFUNC_MAGIC_DEF("boottime", 0, clock_number, CLOCK_BOOTTIME),
    JS_CFUNC_DEF("memoryUsage", 0, process_memory),
    JS_CFUNC_DEF("cpuUsage", 0, process_cpu),
    JS_CFUNC_MAGIC_DEF("pid", 0, process_id, ID_PID),
    JS_CFUNC_MAGIC_DEF("ppid", 0, process_id, ID_PPID),
    JS_CFUNC_MAGIC_DEF("getuid", 0, process_id, ID_UID),
    JS_CFUNC_MAGIC_DEF("geteuid", 0, process_id, ID_EUID),
    JS_CFUNC_MAGIC_DEF("getgid", 0, process_id, ID_GID),
    JS_CFUNC_MAGIC_DEF("getegid", 0, process_id, ID_EGID),
    JS_CFUNC_DEF("cwd", 0, process_cwd),
    JS_CFUNC_DEF("chdir", 1, process_chdir),
    JS_CFUNC_DEF("umask", 1, process_umask),
    JS_CFUNC_DEF("setTitle", 1, process_title),
    JS_CFUNC_DEF("print", 2, process_print),
    JS_CFUNC_DEF("gc", 0, process_gc),
    JS_CFUNC_DEF("watchSignal", 2, gw_signals_watch),
    JS_CFUNC_DEF("kill", 2, gw_signals_kill),
};

int gw_init_process(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

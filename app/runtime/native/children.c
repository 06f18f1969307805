/* Child processes. See children.h. */
#include "children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binding.h"
#include "loop.h"

#define MAX_ARGUMENTS 64

extern char **environ;

static struct {
    pid_t *pids;
    size_t count;
    size_t capacity;
} children;

int gw_children_add(pid_t pid)
{
    if (children.count == children.capacity) {
        size_t capacity = children.capacity > 0 ? children.capacity * 2 : 8;
        pid_t *pids = realloc(children.pids, capacity * sizeof(*pids));
        if (pids == NULL)
            return -1;
        children.pids = pids;
        children.capacity = capacity;
    }
    children.pids[children.count++] = pid;
    gw_loop_hold(1);
    return 0;
}

void gw_children_forget(void)
{
    free(children.pids);
    children.pids = NULL;
    children.count = 0;
    children.capacity = 0;
}

static void remove_child(pid_t pid)
{
    for (size_t i = 0; i < children.count; i++) {
        if (children.pids[i] == pid) {
            children.pids[i] = children.pids[--children.count];
            gw_loop_hold(-1);
            return;
        }
    }
}

static pid_t wait_for(pid_t pid, int *status, int flags)
{
    pid_t ended;
    do {
        ended = waitpid(pid, status, flags);
    } while (ended < 0 && errno == EINTR);
    return ended;
}

/* Appends exit code (or -1) and signal (or 0). */
static void set_status(JSContext *ctx, JSValueConst array, uint32_t index, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    JS_DefinePropertyValueUint32(ctx, array, index, JS_NewInt32(ctx, code), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, array, index + 1, JS_NewInt32(ctx, number), JS_PROP_C_W_E);
}

JSValue gw_children_reap(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    int status;
    pid_t pid = wait_for(-1, &status, WNOHANG);
    if (pid == 0 || (pid < 0 && errno == ECHILD))
        return JS_UNDEFINED;
    if (pid < 0)
        return gw_throw_errno(ctx, errno, "waitpid", NULL);
    remove_child(pid);
    JSValue result = JS_NewArray(ctx);
    if (JS_IsException(result))
        return result;
    JS_DefinePropertyValueUint32(ctx, result, 0, JS_NewInt32(ctx, pid), JS_PROP_C_W_E);
    set_status(ctx, result, 1, status);
    return result;
}

/* Starts a program with default signals, no input, and standard output on standard error. Returns an errno. */
static int start(char *const *arguments, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, 2, 1);
    if (error == 0)
        error = posix_spawn(pid, arguments[0], &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void free_arguments(char **arguments)
{
    for (; *arguments != NULL; arguments++)
        free(*arguments);
}

static int read_arguments(JSContext *ctx, JSValueConst list, char *arguments[MAX_ARGUMENTS + 1])
{
    JSValue length = JS_GetPropertyStr(ctx, list, "length");
    int32_t count = 0;
    if (JS_ToInt32(ctx, &count, length) != 0)
        return -1;
    if (count < 1 || count > MAX_ARGUMENTS) {
        gw_throw_code(ctx, GW_RANGE_ERROR, "ERR_OUT_OF_RANGE", "run: 1 to %d arguments are expected", MAX_ARGUMENTS);
        return -1;
    }
    for (int32_t i = 0; i < count; i++) {
        JSValue item = JS_GetPropertyUint32(ctx, list, (uint32_t)i);
        const char *text = JS_ToCString(ctx, item);
        JS_FreeValue(ctx, item);
        if (text == NULL)
            return -1;
        arguments[i] = strdup(text);
        JS_FreeCString(ctx, text);
        if (arguments[i] == NULL) {
            JS_ThrowOutOfMemory(ctx);
            return -1;
        }
    }
    return 0;
}

JSValue gw_children_run(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    char *arguments[MAX_ARGUMENTS + 1] = {NULL};
    if (argc < 1 || read_arguments(ctx, argv[0], arguments) != 0) {
        free_arguments(arguments);
        return JS_EXCEPTION;
    }
    pid_t pid;
    int status;
    JSValue result;
    int error = start(arguments, &pid);
    if (error != 0) {
        result = gw_throw_errno(ctx, error, "spawn", arguments[0]);
    } else if (wait_for(pid, &status, 0) < 0) {
        result = gw_throw_errno(ctx, errno, "waitpid", NULL);
    } else {
        result = JS_NewArray(ctx);
        if (!JS_IsException(result))
            set_status(ctx, result, 0, status);
    }
    free_arguments(arguments);
    return result;
}

/* Signals through one signalfd. See signals.h. */
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "binding.h"
#include "loop.h"

static struct {
    gw_poll poll;
    int fd; /* -1: nothing was ever watched */
    sigset_t watched;
    int count;
} signals = {.fd = -1};

static void on_signal(gw_poll *poll, uint32_t events)
{
    (void)events;
    struct signalfd_siginfo info;
    while (poll->fd >= 0 && read(poll->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        JSContext *ctx = gw_loop_context();
        JSValue number = JS_NewUint32(ctx, info.ssi_signo);
        JSValue result = gw_loop_hook("signal", 1, (JSValueConst *)&number);
        if (JS_IsException(result))
            gw_loop_uncaught();
        JS_FreeValue(ctx, result);
        gw_loop_drain();
    }
}

static void on_forget(gw_poll *poll)
{
    (void)poll;
}

void gw_signals_forget(void)
{
    if (signals.fd >= 0)
        close(signals.fd);
    signals.fd = -1;
    signals.count = 0;
    sigemptyset(&signals.watched);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

JSValue gw_signals_watch(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t number;
    if (argc < 2 || JS_ToInt32(ctx, &number, argv[0]) != 0)
        return JS_EXCEPTION;
    bool watch = JS_ToBool(ctx, argv[1]) == 1;
    if (signals.fd < 0)
        sigemptyset(&signals.watched);
    bool watched = sigismember(&signals.watched, number) == 1;
    if (watched == watch)
        return JS_UNDEFINED;
    sigset_t changed;
    sigemptyset(&changed);
    if (sigaddset(&changed, number) != 0)
        return gw_throw_errno(ctx, EINVAL, "uv_signal_start", NULL);
    if (watch)
        sigaddset(&signals.watched, number);
    else
        sigdelset(&signals.watched, number);
    signals.count += watch ? 1 : -1;
    if (sigprocmask(watch ? SIG_BLOCK : SIG_UNBLOCK, &changed, NULL) != 0)
        return gw_throw_errno(ctx, errno, "sigprocmask", NULL);
    int fd = signalfd(signals.fd, &signals.watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return gw_throw_errno(ctx, errno, "signalfd", NULL);
    if (signals.fd < 0) {
        signals.fd = fd;
        gw_poll_init(&signals.poll, fd, on_signal, on_forget);
        /* As in Node.js, waiting for a signal doesn't keep the process alive. */
        gw_poll_reference(&signals.poll, false);
    }
    if (gw_poll_want(&signals.poll, signals.count > 0 ? EPOLLIN : 0) != 0)
        return gw_throw_errno(ctx, errno, "epoll_ctl", NULL);
    return JS_UNDEFINED;
}

JSValue gw_signals_kill(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t pid;
    int32_t number;
    if (argc < 2 || JS_ToInt32(ctx, &pid, argv[0]) != 0 || JS_ToInt32(ctx, &number, argv[1]) != 0)
        return JS_EXCEPTION;
    if (kill(pid, number) != 0)
        return gw_throw_errno(ctx, errno, "kill", NULL);
    return JS_UNDEFINED;
}

int gw_write_all(int fd, const void *data, size_t length)
{
    const uint8_t *bytes = data;
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written >= 0) {
            bytes += written;
            length -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            if (poll(&wait, 1, -1) < 0 && errno != EINTR)
                return errno;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/* The event loop. See loop.h. */
#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"
#include "engine.h"
#include "report.h"

#define EVENTS_PER_TURN 64

static struct {
    JSContext *ctx;
    int epoll_fd;
    uint64_t now;
    int held;
    gw_poll polls; /* list head */
    struct epoll_event ready[EVENTS_PER_TURN];
    int ready_count;
    JSValue hooks;
    bool draining;
} loop = {.epoll_fd = -1};

static uint64_t read_clock(void)
{
    struct timespec time;
    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0)
        abort();
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

void gw_poll_init(gw_poll *poll, int fd, void (*on_event)(gw_poll *, uint32_t), void (*on_forget)(gw_poll *))
{
    poll->fd = fd;
    poll->events = 0;
    poll->referenced = true;
    poll->always_ready = false;
    poll->on_event = on_event;
    poll->on_forget = on_forget;
    poll->next = loop.polls.next;
    poll->previous = &loop.polls;
    loop.polls.next->previous = poll;
    loop.polls.next = poll;
}

static void drop_ready_events(const gw_poll *poll)
{
    for (int i = 0; i < loop.ready_count; i++) {
        if (loop.ready[i].data.ptr == poll)
            loop.ready[i].data.ptr = NULL;
    }
}

int gw_poll_want(gw_poll *poll, uint32_t events)
{
    if (poll->events == events)
        return 0;
    if (!poll->always_ready) {
        struct epoll_event event = {.events = events, .data.ptr = poll};
        /* A closed peer reports EPOLLHUP whatever is asked for: a descriptor nobody wants is taken out entirely. */
        int operation = poll->events == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
        if (epoll_ctl(loop.epoll_fd, operation, poll->fd, &event) != 0) {
            if (operation != EPOLL_CTL_ADD || errno != EPERM)
                return -1;
            poll->always_ready = true;
        }
    }
    if (events == 0)
        drop_ready_events(poll);
    poll->events = events;
    return 0;
}

void gw_poll_reference(gw_poll *poll, bool referenced)
{
    poll->referenced = referenced;
}

void gw_poll_remove(gw_poll *poll)
{
    if (poll->next == NULL)
        return;
    if (gw_poll_want(poll, 0) != 0)
        drop_ready_events(poll);
    poll->events = 0;
    poll->next->previous = poll->previous;
    poll->previous->next = poll->next;
    poll->next = NULL;
    poll->previous = NULL;
}

int gw_loop_open(JSContext *ctx)
{
    loop.ctx = ctx;
    loop.hooks = JS_UNDEFINED;
    loop.polls.next = &loop.polls;
    loop.polls.previous = &loop.polls;
    loop.now = read_clock();
    loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return loop.epoll_fd < 0 ? -1 : 0;
}

JSContext *gw_loop_context(void)
{
    return loop.ctx;
}

void gw_loop_close(void)
{
    gw_loop_forget();
    JS_FreeValue(loop.ctx, loop.hooks);
    loop.hooks = JS_UNDEFINED;
}

void gw_loop_forget(void)
{
    gw_timers_forget();
    gw_immediates_forget();
    gw_ticks_forget();
    gw_report_forget();
    loop.held = 0;
    loop.draining = false;
    loop.ready_count = 0;
    while (loop.polls.next != &loop.polls) {
        gw_poll *poll = loop.polls.next;
        loop.polls.next = poll->next;
        poll->next->previous = &loop.polls;
        poll->next = NULL;
        poll->previous = NULL;
        poll->events = 0;
        poll->fd = -1;
        poll->on_forget(poll);
    }
    close(loop.epoll_fd);
    loop.epoll_fd = -1;
}

int gw_loop_reopen(void)
{
    loop.now = read_clock();
    loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return loop.epoll_fd < 0 ? -1 : 0;
}

uint64_t gw_loop_now(void)
{
    return loop.now;
}

uint64_t gw_loop_clock(void)
{
    loop.now = read_clock();
    return loop.now;
}

void gw_loop_hold(int delta)
{
    loop.held += delta;
}

void gw_loop_set_hooks(JSValueConst hooks)
{
    JS_FreeValue(loop.ctx, loop.hooks);
    loop.hooks = JS_DupValue(loop.ctx, hooks);
}

JSValue gw_loop_hook(const char *name, int argc, JSValueConst *argv)
{
    if (!JS_IsObject(loop.hooks))
        return JS_UNDEFINED;
    JSValue function = JS_GetPropertyStr(loop.ctx, loop.hooks, name);
    if (!JS_IsFunction(loop.ctx, function))
        return function;
    JSValue result = JS_Call(loop.ctx, function, JS_UNDEFINED, argc, argv);
    JS_FreeValue(loop.ctx, function);
    return result;
}

void gw_loop_drain(void)
{
    if (loop.draining)
        return;
    loop.draining = true;
    JSRuntime *runtime = JS_GetRuntime(loop.ctx);
    do {
        gw_ticks_run();
        JSContext *job_context;
        int status;
        while ((status = JS_ExecutePendingJob(runtime, &job_context)) != 0) {
            if (status < 0)
                gw_loop_uncaught();
        }
        gw_report_rejections();
    } while (gw_ticks_run() > 0 || JS_IsJobPending(runtime));
    loop.draining = false;
}

void gw_loop_call(JSValueConst function, JSValueConst this_value, int argc, JSValueConst *argv)
{
    JSValue result = JS_Call(loop.ctx, function, this_value, argc, argv);
    if (JS_IsException(result))
        gw_loop_uncaught();
    JS_FreeValue(loop.ctx, result);
    gw_loop_drain();
}

static bool is_alive(bool *always_ready)
{
    bool alive = loop.held > 0 || gw_timers_alive() || gw_immediates_alive();
    *always_ready = false;
    for (const gw_poll *poll = loop.polls.next; poll != &loop.polls; poll = poll->next) {
        if (poll->events == 0)
            continue;
        alive = alive || poll->referenced;
        *always_ready = *always_ready || poll->always_ready;
    }
    return alive;
}

/* One a turn: its callback may change the list. */
static void run_always_ready(void)
{
    for (gw_poll *poll = loop.polls.next; poll != &loop.polls; poll = poll->next) {
        if (poll->events != 0 && poll->always_ready) {
            poll->on_event(poll, poll->events);
            return;
        }
    }
}

static void poll_once(bool always_ready)
{
    int timeout = always_ready || gw_immediates_waiting() ? 0 : gw_timers_timeout();
    int count = epoll_wait(loop.epoll_fd, loop.ready, EVENTS_PER_TURN, timeout);
    loop.now = read_clock();
    if (count < 0) {
        if (errno != EINTR) {
            perror("gateway-runtime: epoll_wait");
            _exit(70);
        }
        return;
    }
    loop.ready_count = count;
    for (int i = 0; i < loop.ready_count; i++) {
        gw_poll *poll = loop.ready[i].data.ptr;
        if (poll != NULL)
            poll->on_event(poll, loop.ready[i].events);
    }
    loop.ready_count = 0;
    if (always_ready)
        run_always_ready();
}

void gw_loop_run(void)
{
    gw_loop_drain();
    for (;;) {
        loop.now = read_clock();
        gw_timers_run();
        bool always_ready;
        if (!is_alive(&always_ready)) {
            JSValue result = gw_loop_hook("beforeExit", 0, NULL);
            if (JS_IsException(result))
                gw_loop_uncaught();
            JS_FreeValue(loop.ctx, result);
            gw_loop_drain();
            if (!is_alive(&always_ready))
                return;
        }
        gw_engine_tidy(JS_GetRuntime(loop.ctx));
        poll_once(always_ready);
        gw_immediates_run();
    }
}

/*
 * The event loop: one epoll instance, timers, immediates, the nextTick queue and promise jobs, in the order that
 * Node.js documents ("The Node.js Event Loop"). One loop per process.
 */
#ifndef GW_LOOP_H
#define GW_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "quickjs.h"

/* A watched file descriptor, embedded in the handle that owns it. */
typedef struct gw_poll gw_poll;
struct gw_poll {
    gw_poll *next;
    gw_poll *previous;
    int fd;
    uint32_t events;   /* EPOLLIN and EPOLLOUT wanted now; 0: not watched */
    bool referenced;   /* keeps the loop alive while it is watched */
    bool always_ready; /* a regular file or /dev/null, which epoll refuses */
    void (*on_event)(gw_poll *poll, uint32_t events);
    /* In a forked child: the descriptor is gone, the handle must forget it. */
    void (*on_forget)(gw_poll *poll);
};

void gw_poll_init(gw_poll *poll, int fd, void (*on_event)(gw_poll *, uint32_t), void (*on_forget)(gw_poll *));
/* Watches for exactly `events` (0 stops). Returns 0 or -1 with errno set. */
int gw_poll_want(gw_poll *poll, uint32_t events);
void gw_poll_reference(gw_poll *poll, bool referenced);
/* Stops watching and takes the poll off the loop's list; the descriptor stays open. */
void gw_poll_remove(gw_poll *poll);

/* Returns 0, or -1 with errno set. */
int gw_loop_open(JSContext *ctx);
JSContext *gw_loop_context(void);
/* Frees every JavaScript value the loop holds; before the context goes away. */
void gw_loop_close(void);
/* Runs until nothing referenced is left. */
void gw_loop_run(void);
/* In a forked child: forgets timers, immediates, ticks and watched descriptors. */
void gw_loop_forget(void);
/* And then, with the parent's descriptors closed: a new epoll instance. Returns 0 or -1 with errno set. */
int gw_loop_reopen(void);

/* Milliseconds of CLOCK_MONOTONIC as they were when they were last read. */
uint64_t gw_loop_now(void);
/* Reads them. */
uint64_t gw_loop_clock(void);

/* Work in flight on another thread keeps the loop alive like a referenced handle. */
void gw_loop_hold(int delta);

/*
 * Calls a JavaScript function from the loop, then runs nextTick callbacks and promise jobs until none are left.
 * Takes ownership of nothing. An exception goes to process 'uncaughtException' or ends the process.
 */
void gw_loop_call(JSValueConst function, JSValueConst this_value, int argc, JSValueConst *argv);
/* nextTick callbacks and promise jobs until none are left. */
void gw_loop_drain(void);
/* Hands the pending exception to the uncaught-exception hook; ends the process when nobody takes it. */
void gw_loop_uncaught(void);

/* The object whose functions the loop calls: uncaught, rejection, beforeExit, exit, signal. */
void gw_loop_set_hooks(JSValueConst hooks);
/* A hook of that object, called with its arguments; JS_UNDEFINED when there is none. */
JSValue gw_loop_hook(const char *name, int argc, JSValueConst *argv);

/* timers.c, immediates.c and ticks.c: called by the loop. */
void gw_timers_run(void);
bool gw_timers_alive(void);
/* Milliseconds until the next timer; -1: there is none. */
int gw_timers_timeout(void);
void gw_timers_forget(void);

void gw_immediates_run(void);
bool gw_immediates_waiting(void);
bool gw_immediates_alive(void);
void gw_immediates_forget(void);

/* Runs all ticks, those added meanwhile too; returns how many. */
int gw_ticks_run(void);
void gw_ticks_forget(void);

#endif

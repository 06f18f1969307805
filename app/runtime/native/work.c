/* Threads for blocking work. See work.h. */
#include "work.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop.h"

#define STACK_SIZE (256 * 1024)

static struct {
    pthread_mutex_t lock;
    gw_work *finished;
    gw_poll poll;
    int fd; /* eventfd; -1 until the first use */
} works = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

static void *thread_main(void *argument)
{
    gw_work *work = argument;
    work->run(work);
    pthread_mutex_lock(&works.lock);
    work->next = works.finished;
    works.finished = work;
    pthread_mutex_unlock(&works.lock);
    const uint64_t one = 1;
    if (write(works.fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
        abort();
    return NULL;
}

static void on_finished(gw_poll *poll, uint32_t events)
{
    (void)events;
    uint64_t count;
    if (read(poll->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        perror("gateway-runtime: eventfd");
    pthread_mutex_lock(&works.lock);
    gw_work *work = works.finished;
    works.finished = NULL;
    pthread_mutex_unlock(&works.lock);
    while (work != NULL) {
        gw_work *next = work->next;
        gw_loop_hold(-1);
        work->done(work);
        work = next;
    }
}

/* The supervisor starts no threads before it forks, so there is nothing in flight to lose. */
static void on_forget(gw_poll *poll)
{
    (void)poll;
    works.fd = -1;
    works.finished = NULL;
}

static int open_channel(void)
{
    if (works.fd >= 0)
        return 0;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return errno;
    gw_poll_init(&works.poll, fd, on_finished, on_forget);
    gw_poll_reference(&works.poll, false);
    if (gw_poll_want(&works.poll, EPOLLIN) != 0) {
        int error = errno;
        gw_poll_remove(&works.poll);
        close(fd);
        return error;
    }
    works.fd = fd;
    return 0;
}

int gw_work_start(gw_work *work)
{
    int error = open_channel();
    if (error != 0)
        return error;
    pthread_attr_t attributes;
    error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    /* Signals belong to the loop's thread; but a refused system call must be able to say which it was. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    error = pthread_create(&thread, &attributes, thread_main, work);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (error == 0)
        gw_loop_hold(1);
    return error;
}

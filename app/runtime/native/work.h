/* Blocking work on a thread of its own, reported back into the loop. */
#ifndef GW_WORK_H
#define GW_WORK_H

typedef struct gw_work gw_work;
struct gw_work {
    gw_work *next;
    void (*run)(gw_work *work);  /* on the thread; must not touch JavaScript */
    void (*done)(gw_work *work); /* on the loop; frees the work */
};

/* Returns 0, or an errno; then neither function is called. */
int gw_work_start(gw_work *work);

#endif

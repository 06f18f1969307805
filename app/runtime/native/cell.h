/* Forking a cell off the supervisor. */
#ifndef GW_CELL_H
#define GW_CELL_H

#include <setjmp.h>

/* Where a forked child continues, in main(). */
extern sigjmp_buf gw_cell_entry;
/* Calls the body that spawn() was given. */
void gw_cell_run_body(void);

#endif

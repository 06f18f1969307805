/* The process as a whole. */
#ifndef GW_PROCESS_H
#define GW_PROCESS_H

#include <sys/types.h>

void gw_process_arguments(int argc, char **argv);
/* Runs the 'exit' hook, once; returns the code to end with. */
int gw_process_say_goodbye(int code);
/* Runs the 'exit' hook once, flushes stdio and ends. */
void gw_process_exit(int code) __attribute__((noreturn));
/* The code for an end without process.exit(): process.exitCode or 0. */
int gw_process_exit_code(void);
/* Forgets what the parent watched (signals, children); in a forked child. */
void gw_process_forget(void);

/* In a forked child: from now on it is killed when `parent` ends; returns -1 with errno set. */
int gw_process_end_with(pid_t parent);
/* The same again, for becoming another user undoes it. */
int gw_process_still_end_with_parent(void);

/* Opens what memoryUsage() reads, once; returns -1 where there is no /proc. */
int gw_process_open_memory_file(void);

#endif

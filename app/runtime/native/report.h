/* What happens to errors nobody caught: exceptions that reach the loop and rejected promises. */
#ifndef GW_REPORT_H
#define GW_REPORT_H

#include "quickjs.h"

void gw_report_open(JSRuntime *runtime);
/* Reports promises rejected without a handler since the last call. */
void gw_report_rejections(void);
void gw_report_forget(void);
/* Writes an error with its stack to stderr. */
void gw_report_print(JSContext *ctx, JSValueConst error, const char *heading);

#endif

/* The walls around a cell. */
#ifndef GW_CONFINE_H
#define GW_CONFINE_H

#include "quickjs.h"

/* confine(walls): applies a Confinement (platform-types.ts) to this process; throws if any wall can't be put up. */
JSValue gw_confine(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);

#endif

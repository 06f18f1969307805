/*
 * The JavaScript heap. The interpreter allocates and frees several small blocks for every object, and the C library's
 * allocator costs more than the rest of that work together (musl: half of all instructions of Buffer.alloc). Small
 * blocks come from free lists here, one per size; large ones from malloc.
 */
#ifndef GW_HEAP_H
#define GW_HEAP_H

#include "quickjs.h"

/* JS_NewRuntime with this heap; with the C library's in a build with AddressSanitizer, which has to see each block. */
JSRuntime *gw_heap_new_runtime(void);

#endif

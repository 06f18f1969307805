/* Wrong on purpose: looks at nothing. */
#include "fuzz.h"

void fuzz_one(void) {}

/* Wrong on purpose: forgets a JavaScript value. */
#include "fuzz.h"

void fuzz_one(void)
{
    JSValue bytes = fuzz_piece();
    if (fuzz_length_of(bytes) < 3)
        fuzz_free(bytes);
}

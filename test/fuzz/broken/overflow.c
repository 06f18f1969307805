/* Wrong on purpose: reads one byte behind a piece that begins with an F. */
#include "fuzz.h"

void fuzz_one(void)
{
    JSValue bytes = fuzz_piece();
    size_t length;
    const uint8_t *p = fuzz_bytes(bytes, &length);
    volatile uint8_t sum = 0;
    for (size_t i = 0; length > 0 && i < length + (p[0] == 'F'); i++)
        sum ^= p[i];
    fuzz_free(bytes);
}

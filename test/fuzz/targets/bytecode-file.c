/* The header of a bytecode file. The bytecode behind it is trusted: it comes with the runtime, in one image. */
#include <stdlib.h>
#include <string.h>

#include "engine_id.h"
#include "fuzz.h"
#include "qbc.h"

void fuzz_one(void)
{
    uint8_t how = fuzz_u8();
    size_t size;
    const uint8_t *from = fuzz_take(fuzz_left(), &size);
    uint8_t *file = malloc(size);
    fuzz_require(file != NULL, "out of memory");
    if (size > 0)
        memcpy(file, from, size);
    /* A header that fits, so that the checks behind the first ones are reached, too; then one byte of it may be wrong. */
    if ((how & 1) && size >= GW_QBC_HEADER) {
        uint8_t wrong = file[0];
        gw_qbc_write_header(file, file + GW_QBC_HEADER, size - GW_QBC_HEADER);
        if (how & 2)
            file[wrong % GW_QBC_HEADER] ^= how;
    }
    const uint8_t *payload = NULL;
    size_t length = 0;
    const char *problem = gw_qbc_check(file, size, &payload, &length);
    if (problem == NULL)
        fuzz_require(payload == file + GW_QBC_HEADER && length == size - GW_QBC_HEADER, "the payload lies outside the file");
    else
        fuzz_require(problem[0] != '\0', "refused without a reason");
    if ((how & 3) == 1 && size >= GW_QBC_HEADER)
        fuzz_require(problem == NULL, "a sound file was refused");
    free(file);
}

/* Chunks of an OPC UA secure channel from the network: decrypted and checked in place, with sizes of every kind. */
#include <string.h>

#include "binding.h"
#include "fuzz.h"

static JSValue keys_of(uint8_t how, const uint8_t secrets[80], bool encrypt)
{
    JSValue digest = JS_NewString(fuzz_context, how & 1 ? "sha256" : "sha1");
    JSValue signing = gw_new_buffer(fuzz_context, secrets, how & 1 ? 32 : 20);
    JSValue key = how & 2 ? gw_new_buffer(fuzz_context, secrets + 32, how & 4 ? 32 : 16) : JS_NULL;
    JSValue iv = how & 2 ? gw_new_buffer(fuzz_context, secrets + 64, 16) : JS_NULL;
    return FUZZ_CALL("message_keys", "create", digest, signing, key, iv, JS_NewBool(fuzz_context, encrypt));
}

static int number_of(JSValue value)
{
    int32_t number = -2;
    if (!JS_IsException(value))
        fuzz_require(JS_ToInt32(fuzz_context, &number, value) == 0, "no number");
    JS_FreeValue(fuzz_context, value);
    return number;
}

/* What was sealed is opened again, to the same bytes; with one bit changed it is refused. */
static void there_and_back(JSValueConst bytes, uint8_t how, const uint8_t secrets[80])
{
    size_t length;
    uint8_t before[4096];
    int end = (int)fuzz_u32() % 4096;
    const uint8_t *p = fuzz_bytes(bytes, &length);
    size_t kept = length < sizeof before ? length : sizeof before;
    if (kept > 0)
        memcpy(before, p, kept);
    JSValue sealer = keys_of(how, secrets, true), opener = keys_of(how, secrets, false);
    int total = number_of(FUZZ_CALL("message_keys", "seal", fuzz_dup(sealer), fuzz_dup(bytes), JS_NewInt32(fuzz_context, end)));
    if (total > 0) {
        fuzz_require((size_t)total <= length, "a message grew out of its buffer");
        p = fuzz_bytes(bytes, &length);
        JSValue chunk = gw_new_buffer(fuzz_context, p, (size_t)total), damaged = gw_new_buffer(fuzz_context, p, (size_t)total);
        size_t size;
        uint8_t *wrong = (uint8_t *)fuzz_bytes(damaged, &size);
        wrong[8 + fuzz_u32() % (size - 8)] ^= (uint8_t)(1 << fuzz_below(8));
        fuzz_require(number_of(FUZZ_CALL("message_keys", "open", fuzz_dup(opener), damaged)) == -1, "a changed message passed");
        fuzz_require(number_of(FUZZ_CALL("message_keys", "open", fuzz_dup(opener), fuzz_dup(chunk))) == end,
                     "a sealed message is not opened");
        const uint8_t *opened = fuzz_bytes(chunk, &size);
        if ((size_t)end <= kept)
            fuzz_require(memcmp(opened + 8, before + 8, (size_t)end - 8) == 0, "another message came out");
        fuzz_free(chunk);
    }
    fuzz_free(opener);
    fuzz_free(sealer);
}

void fuzz_one(void)
{
    uint8_t how = fuzz_u8(), secrets[80] = { 0 };
    size_t length;
    const uint8_t *p = fuzz_take(how & 8 ? sizeof secrets : 8, &length);
    if (length > 0)
        memcpy(secrets, p, length);
    if (how & 16) {
        JSValue bytes = fuzz_buffer(((size_t)fuzz_u8() << 4) + fuzz_u8());
        there_and_back(bytes, how, secrets);
        fuzz_free(bytes);
        return;
    }
    if (how & 32) {
        JSValue digest = fuzz_text(6), signing = fuzz_piece(), key = fuzz_piece(), iv = fuzz_piece();
        fuzz_free(FUZZ_CALL("message_keys", "create", digest, signing, key, iv, JS_TRUE));
        return;
    }
    JSValue opener = keys_of(how, secrets, false), chunk = fuzz_rest();
    fuzz_bytes(chunk, &length);
    int end = number_of(FUZZ_CALL("message_keys", "open", opener, chunk));
    fuzz_require(end < 0 || (size_t)end <= length, "a body longer than its message");
}

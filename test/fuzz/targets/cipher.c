/* What a secure channel gets from the network: ciphertext, padding, signatures and secrets encrypted for our key. */
#include <openssl/rsa.h>
#include <string.h>

#include "crypto.h"
#include "fuzz.h"

static JSValue key;

/* One key for all inputs; which one doesn't matter to what is done with it. */
void fuzz_prepare(void)
{
    key = gw_key_new(fuzz_context, EVP_RSA_gen(1024));
    fuzz_require(JS_IsObject(key), "no key");
}

static JSValue word(const char *text)
{
    return JS_NewString(fuzz_context, text);
}

static JSValue cipher_of(uint8_t how, const uint8_t secrets[48], JSValueConst encrypt)
{
    static const char *const names[] = { "aes-128-cbc", "aes-256-cbc" };
    JSValue secret = gw_new_buffer(fuzz_context, secrets, how & 1 ? 32 : 16);
    JSValue vector = gw_new_buffer(fuzz_context, secrets + 32, 16);
    JSValue cipher = FUZZ_CALL("crypto", "cipherNew", word(names[how & 1]), secret, vector, fuzz_dup(encrypt));
    fuzz_free(FUZZ_CALL("crypto", "cipherSetPadding", fuzz_dup(cipher), JS_NewBool(fuzz_context, how & 2)));
    return cipher;
}

/* Bytes through a cipher in one or two updates; undefined when it refuses. */
static JSValue through(JSValue cipher, JSValueConst bytes, uint32_t cut)
{
    size_t length;
    const uint8_t *p = fuzz_bytes(bytes, &length);
    size_t first = length ? cut % (length + 1) : 0;
    JSValue list = JS_NewArray(fuzz_context);
    JSValue head = gw_new_buffer(fuzz_context, p, first), tail = gw_new_buffer(fuzz_context, p + first, length - first);
    JS_SetPropertyUint32(fuzz_context, list, 0, FUZZ_CALL("crypto", "cipherUpdate", fuzz_dup(cipher), head));
    JS_SetPropertyUint32(fuzz_context, list, 1, FUZZ_CALL("crypto", "cipherUpdate", fuzz_dup(cipher), tail));
    JSValue last = FUZZ_CALL("crypto", "cipherFinal", fuzz_dup(cipher));
    bool refused = JS_IsException(last);
    JS_SetPropertyUint32(fuzz_context, list, 2, refused ? JS_UNDEFINED : last);
    JSValue whole = refused ? JS_UNDEFINED : FUZZ_CALL("buffer", "concat", fuzz_dup(list), JS_UNDEFINED);
    fuzz_free(list);
    fuzz_free(cipher);
    return whole;
}

static void symmetric(uint8_t how)
{
    uint8_t secrets[48] = { 0 };
    size_t length;
    const uint8_t *p = fuzz_take(sizeof secrets, &length);
    if (length > 0)
        memcpy(secrets, p, length);
    uint32_t cut = fuzz_u8();
    JSValue bytes = fuzz_rest();
    fuzz_free(through(cipher_of(how, secrets, JS_FALSE), bytes, cut));
    JSValue sealed = through(cipher_of(how, secrets, JS_TRUE), bytes, cut);
    if (JS_IsObject(sealed)) {
        JSValue opened = through(cipher_of(how, secrets, JS_FALSE), sealed, cut);
        size_t before, after;
        const uint8_t *a = fuzz_bytes(bytes, &before), *b = fuzz_bytes(opened, &after);
        fuzz_require(before == after && memcmp(a, b, before) == 0, "what was encrypted is not what is decrypted");
        fuzz_free(opened);
    }
    fuzz_free(sealed);
    fuzz_free(bytes);
}

static JSValue number(int value)
{
    return JS_NewInt32(fuzz_context, value);
}

void fuzz_one(void)
{
    static const int paddings[] = { RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING, RSA_PKCS1_PSS_PADDING, RSA_NO_PADDING };
    static const char *const digests[] = { "sha1", "sha256", "RSA-SHA256", "no such" };
    uint8_t kind = fuzz_u8(), how = fuzz_u8();
    JSValue digest = word(digests[how >> 2 & 3]), padding = number(paddings[how & 3]);
    switch (kind % 4) {
    case 0:
    case 1:
        symmetric(how);
        break;
    case 2: {
        JSValue label = how & 16 ? fuzz_piece() : JS_UNDEFINED;
        fuzz_free(FUZZ_CALL("crypto", "rsaDecrypt", fuzz_dup(key), fuzz_rest(), fuzz_dup(padding), fuzz_dup(digest), label));
        break;
    }
    default: {
        JSValue message = fuzz_piece();
        fuzz_free(FUZZ_CALL("crypto", "verify", fuzz_dup(digest), message, fuzz_dup(key), fuzz_dup(padding),
                            number(how & 16 ? -3 : fuzz_u8()), fuzz_rest()));
    }
    }
    fuzz_free(digest);
    fuzz_free(padding);
}

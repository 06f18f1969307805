/* Private and public keys from the operator's files and from certificates: PEM and DER, encrypted and not. */
#include "fuzz.h"

static JSValue word(const char *text)
{
    return JS_NewString(fuzz_context, text);
}

/* Everything that can be asked about one key. */
static void question(JSValueConst key, bool is_private)
{
    static const char *const parameters[] = { "n", "e", "d", "rsa-factor1", "qx", "priv", "pub", "no such" };
    fuzz_free(FUZZ_CALL("crypto", "keyDetails", fuzz_dup(key)));
    for (int i = 0; i < 8; i++)
        fuzz_free(FUZZ_CALL("crypto", "keyNumber", fuzz_dup(key), word(parameters[i]), JS_NewInt32(fuzz_context, 4)));
    fuzz_free(FUZZ_CALL("crypto", "keyRaw", fuzz_dup(key), JS_NewBool(fuzz_context, is_private)));
    fuzz_free(FUZZ_CALL("crypto", "keyEquals", fuzz_dup(key), fuzz_dup(key)));
    fuzz_free(FUZZ_CALL("crypto", "keyExportPublic", fuzz_dup(key), word("spki"), JS_TRUE));
    JSValue exported = is_private ? FUZZ_CALL("crypto", "keyExportPrivate", fuzz_dup(key), word("pkcs8"), JS_FALSE,
                                              JS_UNDEFINED, JS_UNDEFINED)
                                  : FUZZ_CALL("crypto", "keyExportPublic", fuzz_dup(key), word("spki"), JS_FALSE);
    fuzz_free(exported);
}

void fuzz_one(void)
{
    static const char *const types[] = { "pkcs1", "sec1", "pkcs8", "spki" };
    uint8_t how = fuzz_u8();
    JSValue format = word(how & 1 ? "der" : "pem"), type = word(types[how >> 1 & 3]);
    bool is_private = how & 8;
    JSValue source = how & 16 ? fuzz_text(fuzz_left()) : JS_UNDEFINED;
    JSValue phrase = how & 32 ? fuzz_buffer(4) : JS_UNDEFINED;
    if (JS_IsUndefined(source))
        source = fuzz_rest();
    JSValue key = is_private ? FUZZ_CALL("crypto", "keyReadPrivate", source, format, type, phrase)
                             : FUZZ_CALL("crypto", "keyReadPublic", source, format, type);
    if (!is_private)
        fuzz_free(phrase);
    if (JS_IsObject(key))
        question(key, is_private);
    fuzz_free(key);
}

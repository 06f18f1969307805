/* Symmetric ciphers: createCipheriv and createDecipheriv. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <strings.h>

#include "crypto.h"

static JSClassID cipher_class;

static void cipher_finalize(JSRuntime *rt, JSValue value)
{
    (void)rt;
    EVP_CIPHER_CTX_free(JS_GetOpaque(value, cipher_class));
}

static const JSClassDef cipher_def = { .class_name = "GatewayCipher", .finalizer = cipher_finalize };

/* Fetched once per name and process, like digests. */
static const EVP_CIPHER *cipher_named(const char *name)
{
    static struct {
        char name[32];
        EVP_CIPHER *cipher;
    } cache[16];
    static int used;
    if (strlen(name) >= sizeof cache[0].name)
        return NULL;
    for (int i = 0; i < used; i++)
        if (strcasecmp(cache[i].name, name) == 0)
            return cache[i].cipher;
    const EVP_CIPHER *known = EVP_get_cipherbyname(name);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, known ? EVP_CIPHER_get0_name(known) : name, NULL);
    ERR_clear_error();
    if (!cipher)
        return NULL;
    if (used == GW_COUNT(cache)) {
        EVP_CIPHER_free(cipher);
        return known;
    }
    strcpy(cache[used].name, name);
    cache[used].cipher = cipher;
    return cache[used++].cipher;
}

/* cipherNew(name, key, iv or null, encrypt) → handle */
static JSValue cipher_new(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    uint8_t *key, *iv = NULL;
    size_t key_len, iv_len = 0;
    int encrypt = JS_ToBool(ctx, argv[3]);
    const char *name = JS_ToCString(ctx, argv[0]);
    if (!name || encrypt < 0)
        return JS_EXCEPTION;
    const EVP_CIPHER *cipher = cipher_named(name);
    JS_FreeCString(ctx, name);
    if (!cipher)
        return gw_throw_code(ctx, GW_ERROR, "ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher");
    if (gw_bytes(ctx, argv[1], &key, &key_len))
        return JS_EXCEPTION;
    if (!JS_IsNull(argv[2]) && gw_bytes(ctx, argv[2], &iv, &iv_len))
        return JS_EXCEPTION;
    if (key_len != (size_t)EVP_CIPHER_get_key_length(cipher))
        return gw_throw_code(ctx, GW_RANGE_ERROR, "ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length");
    if (iv_len != (size_t)EVP_CIPHER_get_iv_length(cipher))
        return gw_throw_code(ctx, GW_TYPE_ERROR, "ERR_CRYPTO_INVALID_IV", "Invalid initialization vector");
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (!context || EVP_CipherInit_ex(context, cipher, NULL, key, iv, encrypt) != 1) {
        EVP_CIPHER_CTX_free(context);
        return gw_throw_openssl(ctx, "Failed to initialize cipher");
    }
    JSValue object = JS_NewObjectClass(ctx, (int)cipher_class);
    if (JS_IsException(object))
        EVP_CIPHER_CTX_free(context);
    else
        JS_SetOpaque(object, context);
    return object;
}

/* cipherUpdate(handle, bytes) → Buffer */
static JSValue cipher_update(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    EVP_CIPHER_CTX *context = JS_GetOpaque2(ctx, argv[0], cipher_class);
    uint8_t *p;
    size_t len;
    int out_len = 0;
    if (!context || gw_bytes(ctx, argv[1], &p, &len))
        return JS_EXCEPTION;
    if (len > INT32_MAX - EVP_MAX_BLOCK_LENGTH)
        return JS_ThrowRangeError(ctx, "too much data for one update");
    uint8_t *out = js_malloc(ctx, len + EVP_MAX_BLOCK_LENGTH);
    if (!out)
        return JS_EXCEPTION;
    if (EVP_CipherUpdate(context, out, &out_len, p, (int)len) != 1) {
        js_free(ctx, out);
        return gw_throw_openssl(ctx, "Trying to add data in unsupported state");
    }
    return gw_adopt_buffer(ctx, out, (size_t)out_len);
}

/* cipherFinal(handle) → Buffer */
static JSValue cipher_final(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    EVP_CIPHER_CTX *context = JS_GetOpaque2(ctx, argv[0], cipher_class);
    uint8_t out[EVP_MAX_BLOCK_LENGTH];
    int out_len = 0;
    if (!context)
        return JS_EXCEPTION;
    ERR_clear_error();
    if (EVP_CipherFinal_ex(context, out, &out_len) != 1)
        return gw_throw_openssl(ctx, "Unsupported state or unable to authenticate data");
    JSValue buffer = gw_new_buffer(ctx, out, (size_t)out_len);
    OPENSSL_cleanse(out, sizeof out);
    return buffer;
}

/* cipherSetPadding(handle, on) */
static JSValue cipher_set_padding(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    EVP_CIPHER_CTX *context = JS_GetOpaque2(ctx, argv[0], cipher_class);
    int on = JS_ToBool(ctx, argv[1]);
    if (!context || on < 0)
        return JS_EXCEPTION;
    EVP_CIPHER_CTX_set_padding(context, on);
    return JS_UNDEFINED;
}

/* cipherKnown(name) → boolean */
static JSValue cipher_known(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    const char *name = JS_ToCString(ctx, argv[0]);
    if (!name)
        return JS_EXCEPTION;
    int known = cipher_named(name) != NULL;
    JS_FreeCString(ctx, name);
    return JS_NewBool(ctx, known);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("cipherNew", 4, cipher_new),
    JS_CFUNC_DEF("cipherUpdate", 2, cipher_update),
    JS_CFUNC_DEF("cipherFinal", 1, cipher_final),
    JS_CFUNC_DEF("cipherSetPadding", 2, cipher_set_padding),
    JS_CFUNC_DEF("cipherKnown", 1, cipher_known),
};

int gw_crypto_cipher_init(JSContext *ctx, JSValueConst object)
{
    if (gw_register_class(ctx, &cipher_class, &cipher_def))
        return -1;
    gw_set_functions(ctx, object, functions);
    return 0;
}

/* The `crypto` module: errors, algorithm names, random numbers. Hashes, keys, RSA and ciphers have their own files. */
#include "crypto.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>
#include <strings.h>

#include "engine.h"
#include "modules.h"

/* Libraries whose name Node.js puts between ERR_OSSL_ and the reason. */
static const char *library_prefix(unsigned long error)
{
    switch (ERR_GET_LIB(error)) {
#define NAME(name)       \
    case ERR_LIB_##name: \
        return #name "_"
        NAME(SYS);
        NAME(BN);
        NAME(RSA);
        NAME(DH);
        NAME(EVP);
        NAME(BUF);
        NAME(OBJ);
        NAME(PEM);
        NAME(DSA);
        NAME(X509);
        NAME(ASN1);
        NAME(CONF);
        NAME(CRYPTO);
        NAME(EC);
        NAME(SSL);
        NAME(BIO);
        NAME(PKCS7);
        NAME(X509V3);
        NAME(PKCS12);
        NAME(RAND);
        NAME(UI);
#undef NAME
    default:
        return "";
    }
}

JSValue gw_new_openssl_error(JSContext *ctx, const char *fallback)
{
    unsigned long error = ERR_get_error();
    char text[256];
    if (error)
        ERR_error_string_n(error, text, sizeof text);
    gw_engine_throw_error(ctx, error ? text : fallback);
    JSValue object = JS_GetException(ctx);
    const char *reason = error ? ERR_reason_error_string(error) : NULL;
    if (reason && JS_IsObject(object)) {
        const char *library = ERR_lib_error_string(error);
        const char *prefix = library_prefix(error);
        char code[192];
        /* ERR_SSL_… but ERR_OSSL_RSA_… */
        /* OpenSSL 3.2 renamed the alerts; Node.js's codes have the older name. */
        int renamed = strncmp(reason, "ssl/tls alert", 13) == 0;
        int n = snprintf(code, sizeof code, "ERR_%s%s%s%s", strcmp(prefix, "SSL_") == 0 ? "" : "OSSL_", prefix,
                         renamed ? "sslv3 alert" : "", reason + (renamed ? 13 : 0));
        for (int i = 0; i < n && i < (int)sizeof code - 1; i++)
            code[i] = code[i] == ' ' ? '_' : (char)toupper((unsigned char)code[i]);
        if (library)
            JS_DefinePropertyValueStr(ctx, object, "library", JS_NewString(ctx, library), JS_PROP_C_W_E);
        JS_DefinePropertyValueStr(ctx, object, "reason", JS_NewString(ctx, reason), JS_PROP_C_W_E);
        JS_DefinePropertyValueStr(ctx, object, "code", JS_NewString(ctx, code), JS_PROP_C_W_E);
    }
    ERR_clear_error();
    return object;
}

JSValue gw_throw_openssl(JSContext *ctx, const char *fallback)
{
    return JS_Throw(ctx, gw_new_openssl_error(ctx, fallback));
}

/* Fetching is slow (it parses names and takes locks): each algorithm once. */
const EVP_MD *gw_digest_named(const char *name)
{
    static struct {
        char name[32];
        EVP_MD *digest;
    } cache[24];
    static int used;
    if (strlen(name) >= sizeof cache[0].name)
        return NULL;
    for (int i = 0; i < used; i++)
        if (strcasecmp(cache[i].name, name) == 0)
            return cache[i].digest;
    const EVP_MD *known = EVP_get_digestbyname(name);
    EVP_MD *digest = EVP_MD_fetch(NULL, known ? EVP_MD_get0_name(known) : name, NULL);
    ERR_clear_error();
    if (!digest)
        return NULL;
    if (used == GW_COUNT(cache)) {
        EVP_MD_free(digest);
        return known;
    }
    strcpy(cache[used].name, name);
    cache[used].digest = digest;
    return cache[used++].digest;
}

const EVP_MD *gw_digest_of(JSContext *ctx, JSValueConst value)
{
    const char *name = JS_ToCString(ctx, value);
    if (!name)
        return NULL;
    const EVP_MD *digest = gw_digest_named(name);
    JS_FreeCString(ctx, name);
    return digest;
}

int gw_int_of(JSContext *ctx, JSValueConst value, int *out)
{
    int32_t number;
    if (JS_ToInt32(ctx, &number, value))
        return -1;
    *out = number;
    return 0;
}

int gw_input_open(JSContext *ctx, JSValueConst value, gw_input *input)
{
    uint8_t *bytes;
    size_t len;
    input->cstring = NULL;
    if (JS_IsString(value)) {
        input->cstring = JS_ToCStringLen(ctx, &len, value);
        if (!input->cstring)
            return -1;
        bytes = (uint8_t *)input->cstring;
    } else if (gw_bytes(ctx, value, &bytes, &len)) {
        return -1;
    }
    input->bio = len <= INT32_MAX ? BIO_new_mem_buf(bytes, (int)len) : NULL;
    if (!input->bio) {
        if (input->cstring)
            JS_FreeCString(ctx, input->cstring);
        gw_throw_openssl(ctx, "out of memory");
        return -1;
    }
    return 0;
}

void gw_input_close(JSContext *ctx, gw_input *input)
{
    BIO_free(input->bio);
    if (input->cstring)
        JS_FreeCString(ctx, input->cstring);
}

JSValue gw_bio_buffer(JSContext *ctx, BIO *bio)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    JSValue result = gw_new_buffer(ctx, data, len > 0 ? (size_t)len : 0);
    BIO_free(bio);
    return result;
}

JSValue gw_bio_string(JSContext *ctx, BIO *bio)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    JSValue result = JS_NewStringLen(ctx, data, len > 0 ? (size_t)len : 0);
    BIO_free(bio);
    return result;
}

int gw_register_class(JSContext *ctx, JSClassID *id, const JSClassDef *definition)
{
    JSRuntime *rt = JS_GetRuntime(ctx);
    JS_NewClassID(id);
    return JS_IsRegisteredClass(rt, *id) ? 0 : JS_NewClass(rt, *id, definition);
}

/* randomFill(bytes) */
static JSValue random_fill(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    uint8_t *p;
    size_t len;
    if (gw_bytes(ctx, argv[0], &p, &len))
        return JS_EXCEPTION;
    if (len > INT32_MAX || RAND_bytes(p, (int)len) != 1)
        return gw_throw_openssl(ctx, "no random numbers available");
    return JS_UNDEFINED;
}

/* randomBytes(size) */
static JSValue random_bytes(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    uint8_t *p;
    int len;
    if (gw_int_of(ctx, argv[0], &len))
        return JS_EXCEPTION;
    if (len < 0)
        return JS_ThrowRangeError(ctx, "invalid size");
    JSValue buffer = gw_alloc_buffer(ctx, (size_t)len, &p);
    if (JS_IsException(buffer))
        return buffer;
    if (RAND_bytes(p, len) != 1) {
        JS_FreeValue(ctx, buffer);
        return gw_throw_openssl(ctx, "no random numbers available");
    }
    return buffer;
}

/* timingSafeEqual(a, b): equal lengths are checked by crypto.ts. */
static JSValue timing_safe_equal(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    uint8_t *a, *b;
    size_t a_len, b_len;
    if (gw_bytes(ctx, argv[0], &a, &a_len) || gw_bytes(ctx, argv[1], &b, &b_len))
        return JS_EXCEPTION;
    return JS_NewBool(ctx, a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("randomFill", 1, random_fill),
    JS_CFUNC_DEF("randomBytes", 1, random_bytes),
    JS_CFUNC_DEF("timingSafeEqual", 2, timing_safe_equal),
};

int gw_init_crypto(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    if (JS_SetPropertyStr(ctx, object, "opensslVersion", JS_NewString(ctx, OpenSSL_version(OPENSSL_VERSION_STRING))) < 0)
        return -1;
    return gw_crypto_hash_init(ctx, object) || gw_crypto_key_init(ctx, object) || gw_crypto_rsa_init(ctx, object) ||
                   gw_crypto_cipher_init(ctx, object)
               ? -1
               : 0;
}

/*
 * Hash and HMAC handles. HMAC (RFC 2104) is two hashes over a padded key: done here over EVP_MD_CTX, because OpenSSL's
 * EVP_MAC looks its digest up by name each time, and OPC UA signs every message with a fresh HMAC.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "crypto.h"

typedef struct {
    EVP_MD_CTX *inner;
    EVP_MD_CTX *outer; /* HMAC only */
} hash;

static JSClassID hash_class;

static void hash_free(JSRuntime *rt, hash *h)
{
    EVP_MD_CTX_free(h->inner);
    EVP_MD_CTX_free(h->outer);
    js_free_rt(rt, h);
}

static void hash_finalize(JSRuntime *rt, JSValue value)
{
    hash *h = JS_GetOpaque(value, hash_class);
    if (h)
        hash_free(rt, h);
}

static const JSClassDef hash_def = { .class_name = "GatewayHash", .finalizer = hash_finalize };

static JSValue hash_object(JSContext *ctx, hash **out)
{
    JSValue object = JS_NewObjectClass(ctx, (int)hash_class);
    if (JS_IsException(object))
        return object;
    hash *h = js_mallocz(ctx, sizeof *h);
    if (!h || !(h->inner = EVP_MD_CTX_new())) {
        js_free(ctx, h);
        JS_FreeValue(ctx, object);
        return JS_ThrowOutOfMemory(ctx);
    }
    JS_SetOpaque(object, h);
    *out = h;
    return object;
}

/* hashNew(name) → handle; undefined for an unknown digest. */
static JSValue hash_new(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    hash *h;
    const EVP_MD *digest = gw_digest_of(ctx, argv[0]);
    if (!digest)
        return JS_HasException(ctx) ? JS_EXCEPTION : JS_UNDEFINED;
    JSValue object = hash_object(ctx, &h);
    if (JS_IsException(object))
        return object;
    if (EVP_DigestInit_ex(h->inner, digest, NULL) != 1) {
        JS_FreeValue(ctx, object);
        return gw_throw_openssl(ctx, "digest failed");
    }
    return object;
}

static int start_padded(EVP_MD_CTX *context, const EVP_MD *digest, const uint8_t *key, size_t block, uint8_t pad)
{
    uint8_t padded[EVP_MAX_MD_SIZE * 4];
    for (size_t i = 0; i < block; i++)
        padded[i] = key[i] ^ pad;
    int ok = EVP_DigestInit_ex(context, digest, NULL) == 1 && EVP_DigestUpdate(context, padded, block) == 1;
    OPENSSL_cleanse(padded, sizeof padded);
    return ok;
}

/* hmacNew(name, key) → handle; undefined for an unknown digest. */
static JSValue hmac_new(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    hash *h;
    uint8_t *key, block_key[EVP_MAX_MD_SIZE * 4] = { 0 };
    size_t key_len;
    unsigned int digested;
    const EVP_MD *digest = gw_digest_of(ctx, argv[0]);
    if (!digest)
        return JS_HasException(ctx) ? JS_EXCEPTION : JS_UNDEFINED;
    int block = EVP_MD_get_block_size(digest);
    if (block <= 0 || (size_t)block > sizeof block_key || EVP_MD_get_size(digest) > block)
        return JS_UNDEFINED;
    if (gw_bytes(ctx, argv[1], &key, &key_len))
        return JS_EXCEPTION;
    if (key_len > (size_t)block) {
        if (EVP_Digest(key, key_len, block_key, &digested, digest, NULL) != 1)
            return gw_throw_openssl(ctx, "HMAC failed");
    } else {
        memcpy(block_key, key, key_len);
    }
    JSValue object = hash_object(ctx, &h);
    if (!JS_IsException(object)) {
        h->outer = EVP_MD_CTX_new();
        if (!h->outer || !start_padded(h->inner, digest, block_key, (size_t)block, 0x36) ||
            !start_padded(h->outer, digest, block_key, (size_t)block, 0x5c)) {
            JS_FreeValue(ctx, object);
            object = gw_throw_openssl(ctx, "HMAC failed");
        }
    }
    OPENSSL_cleanse(block_key, sizeof block_key);
    return object;
}

/* hashUpdate(handle, bytes) */
static JSValue hash_update(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    hash *h = JS_GetOpaque2(ctx, argv[0], hash_class);
    uint8_t *p;
    size_t len;
    if (!h || gw_bytes(ctx, argv[1], &p, &len))
        return JS_EXCEPTION;
    if (EVP_DigestUpdate(h->inner, p, len) != 1)
        return gw_throw_openssl(ctx, "digest failed");
    return JS_UNDEFINED;
}

/* hashDigest(handle) → Buffer; the handle is used up. */
static JSValue hash_digest(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    hash *h = JS_GetOpaque2(ctx, argv[0], hash_class);
    uint8_t out[EVP_MAX_MD_SIZE];
    unsigned int len;
    if (!h)
        return JS_EXCEPTION;
    int ok = EVP_DigestFinal_ex(h->inner, out, &len) == 1;
    if (ok && h->outer)
        ok = EVP_DigestUpdate(h->outer, out, len) == 1 && EVP_DigestFinal_ex(h->outer, out, &len) == 1;
    return ok ? gw_new_buffer(ctx, out, len) : gw_throw_openssl(ctx, "digest failed");
}

/* hashCopy(handle) → handle */
static JSValue hash_copy(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    hash *from = JS_GetOpaque2(ctx, argv[0], hash_class), *to;
    if (!from)
        return JS_EXCEPTION;
    JSValue object = hash_object(ctx, &to);
    if (JS_IsException(object))
        return object;
    if (EVP_MD_CTX_copy_ex(to->inner, from->inner) != 1) {
        JS_FreeValue(ctx, object);
        return gw_throw_openssl(ctx, "digest failed");
    }
    return object;
}

/* hashOnce(name, bytes) → Buffer; undefined for an unknown digest. */
static JSValue hash_once(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    uint8_t *p, out[EVP_MAX_MD_SIZE];
    size_t len;
    unsigned int out_len;
    const EVP_MD *digest = gw_digest_of(ctx, argv[0]);
    if (!digest)
        return JS_HasException(ctx) ? JS_EXCEPTION : JS_UNDEFINED;
    if (gw_bytes(ctx, argv[1], &p, &len))
        return JS_EXCEPTION;
    if (EVP_Digest(p, len, out, &out_len, digest, NULL) != 1)
        return gw_throw_openssl(ctx, "digest failed");
    return gw_new_buffer(ctx, out, out_len);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("hashNew", 1, hash_new),       JS_CFUNC_DEF("hmacNew", 2, hmac_new),
    JS_CFUNC_DEF("hashUpdate", 2, hash_update), JS_CFUNC_DEF("hashDigest", 1, hash_digest),
    JS_CFUNC_DEF("hashCopy", 1, hash_copy),     JS_CFUNC_DEF("hashOnce", 2, hash_once),
};

int gw_crypto_hash_init(JSContext *ctx, JSValueConst object)
{
    if (gw_register_class(ctx, &hash_class, &hash_def))
        return -1;
    gw_set_functions(ctx, object, functions);
    return 0;
}

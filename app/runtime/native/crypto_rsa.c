/* Signatures and RSA encryption: RSA with PKCS #1 v1.5, PSS and OAEP; ECDSA and EdDSA signatures by the same calls. */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "crypto.h"

/* -1 in `padding` keeps the key's own default; `salt` is OpenSSL's RSA_PSS_SALTLEN_* or a length, and -3 unset. */
enum { KEEP = -1, SALT_UNSET = -3 };

static int set_signature_options(EVP_PKEY *key, EVP_PKEY_CTX *context, int padding, int salt, int signing)
{
    int id = EVP_PKEY_get_base_id(key);
    if (id != EVP_PKEY_RSA && id != EVP_PKEY_RSA_PSS)
        return 1;
    if (padding == KEEP)
        padding = id == EVP_PKEY_RSA_PSS ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
    if (EVP_PKEY_CTX_set_rsa_padding(context, padding) <= 0)
        return 0;
    if (padding != RSA_PKCS1_PSS_PADDING)
        return 1;
    if (salt == SALT_UNSET)
        salt = signing ? RSA_PSS_SALTLEN_MAX_SIGN : RSA_PSS_SALTLEN_AUTO;
    return EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt) > 0;
}

/* The digest argument: undefined or null means the key's own (EdDSA). Returns -1 with an exception pending. */
static int digest_argument(JSContext *ctx, JSValueConst value, const EVP_MD **digest)
{
    *digest = NULL;
    if (JS_IsUndefined(value) || JS_IsNull(value))
        return 0;
    *digest = gw_digest_of(ctx, value);
    if (*digest)
        return 0;
    if (!JS_HasException(ctx)) {
        const char *name = JS_ToCString(ctx, value);
        if (name) {
            gw_throw_code(ctx, GW_TYPE_ERROR, "ERR_CRYPTO_INVALID_DIGEST", "Invalid digest: %s", name);
            JS_FreeCString(ctx, name);
        }
    }
    return -1;
}

typedef struct {
    const EVP_MD *digest;
    uint8_t *data;
    size_t len;
    EVP_PKEY *key;
    int padding, salt;
} job;

/* (digest, data, key, padding, salt) */
static int job_of(JSContext *ctx, JSValueConst *argv, job *j)
{
    if (gw_int_of(ctx, argv[3], &j->padding) || gw_int_of(ctx, argv[4], &j->salt) ||
        digest_argument(ctx, argv[0], &j->digest))
        return -1;
    j->key = gw_key_of(ctx, argv[2]);
    return !j->key || gw_bytes(ctx, argv[1], &j->data, &j->len) ? -1 : 0;
}

/* sign(digest, data, key, padding, salt) → Buffer */
static JSValue sign(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    job j;
    uint8_t *out;
    size_t len = 0;
    EVP_PKEY_CTX *options;
    if (job_of(ctx, argv, &j))
        return JS_EXCEPTION;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ERR_clear_error();
    if (!context || EVP_DigestSignInit(context, &options, j.digest, NULL, j.key) <= 0 ||
        !set_signature_options(j.key, options, j.padding, j.salt, 1) ||
        EVP_DigestSign(context, NULL, &len, j.data, j.len) <= 0)
        goto fail;
    out = js_malloc(ctx, len ? len : 1);
    if (!out) {
        EVP_MD_CTX_free(context);
        return JS_EXCEPTION;
    }
    if (EVP_DigestSign(context, out, &len, j.data, j.len) <= 0) {
        js_free(ctx, out);
        goto fail;
    }
    EVP_MD_CTX_free(context);
    return gw_adopt_buffer(ctx, out, len);
fail:
    EVP_MD_CTX_free(context);
    return gw_throw_openssl(ctx, "signing failed");
}

/* verify(digest, data, key, padding, salt, signature) → boolean */
static JSValue verify(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    job j;
    uint8_t *signature;
    size_t len;
    EVP_PKEY_CTX *options;
    if (job_of(ctx, argv, &j) || gw_bytes(ctx, argv[5], &signature, &len))
        return JS_EXCEPTION;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ERR_clear_error();
    if (!context || EVP_DigestVerifyInit(context, &options, j.digest, NULL, j.key) <= 0 ||
        !set_signature_options(j.key, options, j.padding, j.salt, 0)) {
        EVP_MD_CTX_free(context);
        return gw_throw_openssl(ctx, "verifying failed");
    }
    int good = EVP_DigestVerify(context, signature, len, j.data, j.len) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return JS_NewBool(ctx, good);
}

static int set_oaep(EVP_PKEY_CTX *context, const EVP_MD *digest, const uint8_t *label, size_t label_len)
{
    if (digest && EVP_PKEY_CTX_set_rsa_oaep_md(context, digest) <= 0)
        return 0;
    if (label_len == 0)
        return 1;
    uint8_t *copy = OPENSSL_memdup(label, label_len);
    if (copy && EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, (int)label_len) > 0)
        return 1;
    OPENSSL_free(copy);
    return 0;
}

/* magic 1: encrypt with the public key, 0: decrypt with the private one. (key, data, padding, oaepHash, label) → Buffer */
static JSValue rsa_crypt(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int encrypt)
{
    (void)this_value;
    (void)argc;
    int (*run)(EVP_PKEY_CTX *, unsigned char *, size_t *, const unsigned char *, size_t) =
        encrypt ? EVP_PKEY_encrypt : EVP_PKEY_decrypt;
    const EVP_MD *digest;
    uint8_t *data, *label = NULL, *out;
    size_t len, label_len = 0, out_len = 0;
    int padding;
    EVP_PKEY *key = gw_key_of(ctx, argv[0]);
    if (!key || gw_int_of(ctx, argv[2], &padding) || digest_argument(ctx, argv[3], &digest) ||
        gw_bytes(ctx, argv[1], &data, &len))
        return JS_EXCEPTION;
    if (!JS_IsUndefined(argv[4]) && gw_bytes(ctx, argv[4], &label, &label_len))
        return JS_EXCEPTION;
    ERR_clear_error();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (!context || (encrypt ? EVP_PKEY_encrypt_init(context) : EVP_PKEY_decrypt_init(context)) <= 0 ||
        EVP_PKEY_CTX_set_rsa_padding(context, padding) <= 0 ||
        (padding == RSA_PKCS1_OAEP_PADDING && !set_oaep(context, digest, label, label_len)) ||
        run(context, NULL, &out_len, data, len) <= 0)
        goto fail;
    out = js_malloc(ctx, out_len ? out_len : 1);
    if (!out) {
        EVP_PKEY_CTX_free(context);
        return JS_EXCEPTION;
    }
    if (run(context, out, &out_len, data, len) <= 0) {
        js_free(ctx, out);
        goto fail;
    }
    EVP_PKEY_CTX_free(context);
    return gw_adopt_buffer(ctx, out, out_len);
fail:
    EVP_PKEY_CTX_free(context);
    return gw_throw_openssl(ctx, encrypt ? "encryption failed" : "decryption failed");
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("sign", 5, sign),
    JS_CFUNC_DEF("verify", 6, verify),
    JS_CFUNC_MAGIC_DEF("rsaEncrypt", 5, rsa_crypt, 1),
    JS_CFUNC_MAGIC_DEF("rsaDecrypt", 5, rsa_crypt, 0),
};

int gw_crypto_rsa_init(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

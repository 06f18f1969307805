/*
 * Symmetric protection of OPC UA messages (Part 6 §6.7.2 and §6.7.6) with one set of keys: AES-CBC and HMAC, in place, one
 * call per message. The keys' schedules and the HMAC's padded keys are computed once.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "crypto.h"
#include "modules.h"

#define BLOCK_BYTES 16
#define SIZE_FIELD 4
/* Behind the message and security headers; what comes from here on is encrypted. */
#define PLAIN_BYTES 16
/*
 * OpenSSL's i586 assembler decrypts 512 bytes and more with its large tables, less with its small ones, which costs three
 * times as much a block: between the two it is cheaper to decrypt up to 512.
 */
#define LARGE_TABLE_BYTES 512
#define WORTH_FILLING 192

typedef struct {
    EVP_CIPHER_CTX *cipher; /* NULL: messages are signed only */
    EVP_MD_CTX *inner, *outer, *work;
    size_t signature_bytes;
    uint8_t iv[BLOCK_BYTES];
} message_keys;

static JSClassID keys_class;

static void keys_free(JSRuntime *rt, message_keys *keys)
{
    EVP_CIPHER_CTX_free(keys->cipher);
    EVP_MD_CTX_free(keys->inner);
    EVP_MD_CTX_free(keys->outer);
    EVP_MD_CTX_free(keys->work);
    js_free_rt(rt, keys);
}

static void keys_finalize(JSRuntime *rt, JSValue value)
{
    message_keys *keys = JS_GetOpaque(value, keys_class);
    if (keys)
        keys_free(rt, keys);
}

static const JSClassDef keys_def = { .class_name = "GatewayMessageKeys", .finalizer = keys_finalize };

/* HMAC (RFC 2104): the hash after one block of padded key. */
static EVP_MD_CTX *padded(const EVP_MD *digest, const uint8_t *key, size_t key_len, uint8_t pad)
{
    uint8_t block[64];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < key_len; i++)
        block[i] ^= key[i];
    int ok = context && EVP_DigestInit_ex(context, digest, NULL) == 1 &&
             EVP_DigestUpdate(context, block, sizeof block) == 1;
    OPENSSL_cleanse(block, sizeof block);
    if (ok)
        return context;
    EVP_MD_CTX_free(context);
    return NULL;
}

static EVP_CIPHER_CTX *aes_cbc(size_t key_len, const uint8_t *key, const uint8_t *iv, int encrypt)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, key_len == 32 ? "AES-256-CBC" : "AES-128-CBC", NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int ok = cipher && context && EVP_CipherInit_ex(context, cipher, NULL, key, iv, encrypt) == 1;
    EVP_CIPHER_free(cipher);
    if (ok) {
        EVP_CIPHER_CTX_set_padding(context, 0);
        return context;
    }
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

/* create(digest, signing key, encrypting key or null, iv or null, encrypt) → handle */
static JSValue keys_create(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    uint8_t *signing, *encrypting = NULL, *iv = NULL;
    size_t signing_len, encrypting_len = 0, iv_len = 0;
    int encrypt = JS_ToBool(ctx, argv[4]);
    const EVP_MD *digest = gw_digest_of(ctx, argv[0]);
    if (!digest)
        return JS_HasException(ctx) ? JS_EXCEPTION : JS_ThrowRangeError(ctx, "unknown digest");
    if (encrypt < 0 || gw_bytes(ctx, argv[1], &signing, &signing_len))
        return JS_EXCEPTION;
    if (!JS_IsNull(argv[2]) &&
        (gw_bytes(ctx, argv[2], &encrypting, &encrypting_len) || gw_bytes(ctx, argv[3], &iv, &iv_len)))
        return JS_EXCEPTION;
    if (EVP_MD_get_block_size(digest) != 64 || signing_len > 64 ||
        (encrypting && ((encrypting_len != 16 && encrypting_len != 32) || iv_len != BLOCK_BYTES)))
        return JS_ThrowRangeError(ctx, "keys of a length that no security policy has");
    message_keys *keys = js_mallocz(ctx, sizeof *keys);
    if (!keys)
        return JS_EXCEPTION;
    keys->signature_bytes = (size_t)EVP_MD_get_size(digest);
    keys->inner = padded(digest, signing, signing_len, 0x36);
    keys->outer = padded(digest, signing, signing_len, 0x5c);
    keys->work = EVP_MD_CTX_new();
    if (encrypting) {
        memcpy(keys->iv, iv, BLOCK_BYTES);
        keys->cipher = aes_cbc(encrypting_len, encrypting, iv, encrypt);
    }
    if (!keys->inner || !keys->outer || !keys->work || (encrypting && !keys->cipher)) {
        keys_free(JS_GetRuntime(ctx), keys);
        return gw_throw_openssl(ctx, "message keys failed");
    }
    JSValue object = JS_NewObjectClass(ctx, (int)keys_class);
    if (JS_IsException(object))
        keys_free(JS_GetRuntime(ctx), keys);
    else
        JS_SetOpaque(object, keys);
    return object;
}

static int sign(message_keys *keys, const uint8_t *data, size_t len, uint8_t *signature)
{
    uint8_t inner[EVP_MAX_MD_SIZE];
    return EVP_MD_CTX_copy_ex(keys->work, keys->inner) == 1 && EVP_DigestUpdate(keys->work, data, len) == 1 &&
           EVP_DigestFinal_ex(keys->work, inner, NULL) == 1 && EVP_MD_CTX_copy_ex(keys->work, keys->outer) == 1 &&
           EVP_DigestUpdate(keys->work, inner, keys->signature_bytes) == 1 &&
           EVP_DigestFinal_ex(keys->work, signature, NULL) == 1;
}

static int run_cipher(message_keys *keys, uint8_t *data, size_t len)
{
    int out = 0;
    return EVP_CipherInit_ex(keys->cipher, NULL, NULL, NULL, keys->iv, -1) == 1 &&
           EVP_CipherUpdate(keys->cipher, data, &out, data, (int)len) == 1 && (size_t)out == len;
}

/* Decrypts in place; what is a little short is decrypted inside of 512 bytes. */
static int decrypt(message_keys *keys, uint8_t *data, size_t len)
{
    uint8_t filled[LARGE_TABLE_BYTES];
    if (len < WORTH_FILLING || len >= sizeof filled)
        return run_cipher(keys, data, len);
    memcpy(filled, data, len);
    memset(filled + len, 0, sizeof filled - len);
    int ok = run_cipher(keys, filled, sizeof filled);
    if (ok)
        memcpy(data, filled, len);
    OPENSSL_cleanse(filled, len);
    return ok;
}

/* The handle and the bytes of the two calls below; -1 with an exception pending. */
static int arguments(JSContext *ctx, JSValueConst *argv, message_keys **keys, uint8_t **data, size_t *len)
{
    *keys = JS_GetOpaque2(ctx, argv[0], keys_class);
    if (!*keys || gw_bytes(ctx, argv[1], data, len))
        return -1;
    if (*len <= INT32_MAX)
        return 0;
    JS_ThrowRangeError(ctx, "a message of more than 2 GiB");
    return -1;
}

/* open(handle, chunk) → where its body ends; -1 when it is not what the owner of the keys sent. Decrypts in place. */
static JSValue keys_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    message_keys *keys;
    uint8_t *data, signature[EVP_MAX_MD_SIZE];
    size_t len;
    if (arguments(ctx, argv, &keys, &data, &len))
        return JS_EXCEPTION;
    if (len < PLAIN_BYTES + keys->signature_bytes)
        return JS_NewInt32(ctx, -1);
    if (keys->cipher) {
        if ((len - PLAIN_BYTES) % BLOCK_BYTES != 0)
            return JS_NewInt32(ctx, -1);
        if (!decrypt(keys, data + PLAIN_BYTES, len - PLAIN_BYTES))
            return gw_throw_openssl(ctx, "decrypting a message failed");
    }
    size_t end = len - keys->signature_bytes;
    if (!sign(keys, data, end, signature))
        return gw_throw_openssl(ctx, "checking a message failed");
    if (CRYPTO_memcmp(signature, data + end, keys->signature_bytes) != 0)
        return JS_NewInt32(ctx, -1);
    if (keys->cipher) {
        if (end == PLAIN_BYTES)
            return JS_NewInt32(ctx, -1);
        size_t padding = (size_t)data[end - 1] + 1;
        if (padding > end - PLAIN_BYTES)
            return JS_NewInt32(ctx, -1);
        end -= padding;
    }
    return JS_NewInt32(ctx, (int32_t)end);
}

/* seal(handle, bytes, end) → the message's length: pads, writes the size field, signs, encrypts, all in place. */
static JSValue keys_seal(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    message_keys *keys;
    uint8_t *data;
    size_t len;
    int given;
    if (arguments(ctx, argv, &keys, &data, &len) || gw_int_of(ctx, argv[2], &given))
        return JS_EXCEPTION;
    size_t end = (size_t)given, padding = 0;
    if (given >= PLAIN_BYTES && keys->cipher) {
        size_t over = (end - PLAIN_BYTES + 1 + keys->signature_bytes) % BLOCK_BYTES;
        padding = over == 0 ? 1 : 1 + BLOCK_BYTES - over;
    }
    if (given < PLAIN_BYTES || end > len || len - end < padding + keys->signature_bytes)
        return JS_ThrowRangeError(ctx, "a message needs room for its padding and signature");
    memset(data + end, padding == 0 ? 0 : (int)padding - 1, padding);
    end += padding;
    size_t total = end + keys->signature_bytes;
    for (int i = 0; i < 4; i++)
        data[SIZE_FIELD + i] = (uint8_t)(total >> (8 * i));
    if (!sign(keys, data, end, data + end) ||
        (keys->cipher && !run_cipher(keys, data + PLAIN_BYTES, total - PLAIN_BYTES)))
        return gw_throw_openssl(ctx, "protecting a message failed");
    return JS_NewInt32(ctx, (int32_t)total);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("create", 5, keys_create),
    JS_CFUNC_DEF("open", 2, keys_open),
    JS_CFUNC_DEF("seal", 3, keys_seal),
};

int gw_init_message_keys(JSContext *ctx, JSValueConst object)
{
    if (gw_register_class(ctx, &keys_class, &keys_def))
        return -1;
    gw_set_functions(ctx, object, functions);
    return 0;
}

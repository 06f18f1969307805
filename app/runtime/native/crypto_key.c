/* Key handles: PEM and DER in and out, what a key is. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "crypto.h"

static JSClassID key_class;

static void key_finalize(JSRuntime *rt, JSValue value)
{
    (void)rt;
    EVP_PKEY_free(JS_GetOpaque(value, key_class));
}

static const JSClassDef key_def = { .class_name = "GatewayKey", .finalizer = key_finalize };

EVP_PKEY *gw_key_of(JSContext *ctx, JSValueConst handle)
{
    return JS_GetOpaque2(ctx, handle, key_class);
}

JSValue gw_key_new(JSContext *ctx, EVP_PKEY *key)
{
    if (!key)
        return gw_throw_openssl(ctx, "Failed to read asymmetric key");
    JSValue object = JS_NewObjectClass(ctx, (int)key_class);
    if (JS_IsException(object))
        EVP_PKEY_free(key);
    else
        JS_SetOpaque(object, key);
    return object;
}

int gw_passphrase_callback(char *buffer, int size, int writing, void *data)
{
    gw_passphrase *passphrase = data;
    (void)writing;
    passphrase->asked = 1;
    if (!passphrase->bytes || passphrase->len > (size_t)size)
        return -1;
    memcpy(buffer, passphrase->bytes, passphrase->len);
    return (int)passphrase->len;
}

static int passphrase_of(JSContext *ctx, JSValueConst value, gw_passphrase *out)
{
    memset(out, 0, sizeof *out);
    if (JS_IsUndefined(value) || JS_IsNull(value))
        return 0;
    uint8_t *bytes;
    if (gw_bytes(ctx, value, &bytes, &out->len))
        return -1;
    out->bytes = bytes;
    return 0;
}

static EVP_PKEY *read_private_der(BIO *bio, const char *type, gw_passphrase *passphrase)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    const uint8_t *p = (const uint8_t *)data;
    if (strcmp(type, "pkcs1") == 0)
        return d2i_PrivateKey(EVP_PKEY_RSA, NULL, &p, len);
    if (strcmp(type, "sec1") == 0)
        return d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, len);
    if (passphrase->bytes)
        return d2i_PKCS8PrivateKey_bio(bio, NULL, gw_passphrase_callback, passphrase);
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, len);
    EVP_PKEY *key = info ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

/* keyReadPrivate(text or bytes, "pem" or "der", type, passphrase) → handle */
static JSValue key_read_private(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_passphrase passphrase;
    gw_input input;
    EVP_PKEY *key = NULL;
    if (passphrase_of(ctx, argv[3], &passphrase))
        return JS_EXCEPTION;
    const char *format = JS_ToCString(ctx, argv[1]);
    const char *type = format ? JS_ToCString(ctx, argv[2]) : NULL;
    int failed = !type || gw_input_open(ctx, argv[0], &input);
    if (!failed) {
        ERR_clear_error();
        key = strcmp(format, "der") == 0 ? read_private_der(input.bio, type, &passphrase)
                                         : PEM_read_bio_PrivateKey(input.bio, NULL, gw_passphrase_callback, &passphrase);
        gw_input_close(ctx, &input);
    }
    if (type)
        JS_FreeCString(ctx, type);
    if (format)
        JS_FreeCString(ctx, format);
    if (failed)
        return JS_EXCEPTION;
    if (!key && passphrase.asked && !passphrase.bytes) {
        ERR_clear_error();
        return gw_throw_code(ctx, GW_TYPE_ERROR, "ERR_MISSING_PASSPHRASE", "Passphrase required for encrypted key");
    }
    if (key)
        ERR_clear_error();
    return gw_key_new(ctx, key);
}

static EVP_PKEY *public_key_of_certificate(const uint8_t **p, long len)
{
    X509 *certificate = d2i_X509(NULL, p, len);
    EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    return key;
}

/* The first of SubjectPublicKeyInfo, PKCS #1 and certificate that the PEM text holds. */
static EVP_PKEY *read_public_pem(BIO *bio, gw_passphrase *passphrase)
{
    static const char *const kinds[] = { PEM_STRING_PUBLIC, PEM_STRING_RSA_PUBLIC, PEM_STRING_X509 };
    for (int i = 0; i < GW_COUNT(kinds); i++) {
        uint8_t *der = NULL;
        long len;
        if (BIO_reset(bio) < 0)
            return NULL;
        ERR_clear_error();
        if (PEM_bytes_read_bio(&der, &len, NULL, kinds[i], bio, gw_passphrase_callback, passphrase) != 1)
            continue;
        const uint8_t *p = der;
        EVP_PKEY *key = i == 0   ? d2i_PUBKEY(NULL, &p, len)
                        : i == 1 ? d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, len)
                                 : public_key_of_certificate(&p, len);
        OPENSSL_free(der);
        return key;
    }
    if (BIO_reset(bio) < 0)
        return NULL;
    ERR_clear_error();
    return PEM_read_bio_PrivateKey(bio, NULL, gw_passphrase_callback, passphrase);
}

/* keyReadPublic(text or bytes, "pem" or "der", type) → handle; a private key stands for its public half. */
static JSValue key_read_public(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_input input;
    gw_passphrase none = { 0 };
    EVP_PKEY *key = NULL;
    const char *format = JS_ToCString(ctx, argv[1]);
    const char *type = format ? JS_ToCString(ctx, argv[2]) : NULL;
    int failed = !type || gw_input_open(ctx, argv[0], &input);
    if (!failed) {
        ERR_clear_error();
        if (strcmp(format, "der") == 0) {
            char *data;
            long len = BIO_get_mem_data(input.bio, &data);
            const uint8_t *p = (const uint8_t *)data;
            key = strcmp(type, "pkcs1") == 0 ? d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, len) : d2i_PUBKEY(NULL, &p, len);
        } else {
            key = read_public_pem(input.bio, &none);
        }
        gw_input_close(ctx, &input);
    }
    if (type)
        JS_FreeCString(ctx, type);
    if (format)
        JS_FreeCString(ctx, format);
    if (failed)
        return JS_EXCEPTION;
    if (key)
        ERR_clear_error();
    return gw_key_new(ctx, key);
}

static JSValue as_output(JSContext *ctx, BIO *bio, int ok, int pem)
{
    if (!ok) {
        BIO_free(bio);
        return gw_throw_openssl(ctx, "Failed to encode the key");
    }
    return pem ? gw_bio_string(ctx, bio) : gw_bio_buffer(ctx, bio);
}

/* keyExportPublic(handle, "spki" or "pkcs1", pem) → string or Buffer */
static JSValue key_export_public(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    EVP_PKEY *key = gw_key_of(ctx, argv[0]);
    const char *type = key ? JS_ToCString(ctx, argv[1]) : NULL;
    int pem = JS_ToBool(ctx, argv[2]), ok = 0;
    if (!type || pem < 0)
        return JS_EXCEPTION;
    int pkcs1 = strcmp(type, "pkcs1") == 0;
    JS_FreeCString(ctx, type);
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio)
        return gw_throw_openssl(ctx, "out of memory");
    if (!pkcs1) {
        ok = pem ? PEM_write_bio_PUBKEY(bio, key) : i2d_PUBKEY_bio(bio, key);
    } else {
        uint8_t *der = NULL;
        int len = i2d_PublicKey(key, &der);
        if (len > 0)
            ok = pem ? PEM_write_bio(bio, PEM_STRING_RSA_PUBLIC, "", der, len) > 0 : BIO_write(bio, der, len) == len;
        OPENSSL_free(der);
    }
    return as_output(ctx, bio, ok, pem);
}

/* keyExportPrivate(handle, "pkcs8", "pkcs1" or "sec1", pem, cipher, passphrase) → string or Buffer */
static JSValue key_export_private(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_passphrase passphrase;
    const EVP_CIPHER *cipher = NULL;
    EVP_PKEY *key = gw_key_of(ctx, argv[0]);
    int pem = JS_ToBool(ctx, argv[2]), ok = 0;
    if (!key || pem < 0 || passphrase_of(ctx, argv[4], &passphrase))
        return JS_EXCEPTION;
    if (JS_IsString(argv[3])) {
        const char *name = JS_ToCString(ctx, argv[3]);
        if (!name)
            return JS_EXCEPTION;
        cipher = EVP_get_cipherbyname(name);
        JS_FreeCString(ctx, name);
        if (!cipher)
            return gw_throw_code(ctx, GW_ERROR, "ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher");
    }
    const char *type = JS_ToCString(ctx, argv[1]);
    if (!type)
        return JS_EXCEPTION;
    int pkcs8 = strcmp(type, "pkcs8") == 0;
    JS_FreeCString(ctx, type);
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio)
        return gw_throw_openssl(ctx, "out of memory");
    if (pkcs8 && pem)
        ok = PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, (const char *)passphrase.bytes, (int)passphrase.len, NULL,
                                           NULL);
    else if (pkcs8)
        ok = i2d_PKCS8PrivateKey_bio(bio, key, cipher, (const char *)passphrase.bytes, (int)passphrase.len, NULL, NULL);
    else if (pem)
        ok = PEM_write_bio_PrivateKey_traditional(bio, key, cipher, passphrase.bytes, (int)passphrase.len, NULL, NULL);
    else {
        uint8_t *der = NULL;
        int len = i2d_PrivateKey(key, &der);
        ok = len > 0 && BIO_write(bio, der, len) == len;
        OPENSSL_clear_free(der, len > 0 ? (size_t)len : 0);
    }
    return as_output(ctx, bio, ok, pem);
}

static const char *type_name(EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return "rsa";
    case EVP_PKEY_RSA_PSS:
        return "rsa-pss";
    case EVP_PKEY_EC:
        return "ec";
    case EVP_PKEY_ED25519:
        return "ed25519";
    case EVP_PKEY_ED448:
        return "ed448";
    case EVP_PKEY_X25519:
        return "x25519";
    case EVP_PKEY_X448:
        return "x448";
    case EVP_PKEY_DSA:
        return "dsa";
    case EVP_PKEY_DH:
        return "dh";
    default:
        return NULL;
    }
}

/* keyDetails(handle) → { type, bits, curve } */
static JSValue key_details(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    EVP_PKEY *key = gw_key_of(ctx, argv[0]);
    if (!key)
        return JS_EXCEPTION;
    JSValue object = JS_NewObject(ctx);
    if (JS_IsException(object))
        return object;
    char curve[64];
    size_t curve_len = 0;
    const char *type = type_name(key);
    if (type && JS_SetPropertyStr(ctx, object, "type", JS_NewString(ctx, type)) < 0)
        goto fail;
    if (JS_SetPropertyStr(ctx, object, "bits", JS_NewInt32(ctx, EVP_PKEY_get_bits(key))) < 0)
        goto fail;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
        EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve, &curve_len) == 1 &&
        JS_SetPropertyStr(ctx, object, "curve", JS_NewStringLen(ctx, curve, curve_len)) < 0)
        goto fail;
    ERR_clear_error();
    return object;
fail:
    JS_FreeValue(ctx, object);
    return JS_EXCEPTION;
}

/* keyNumber(handle, OpenSSL parameter name, size) → big-endian Buffer, padded to size; undefined when absent. */
static JSValue key_number(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    BIGNUM *number = NULL;
    int size;
    EVP_PKEY *key = gw_key_of(ctx, argv[0]);
    if (!key || gw_int_of(ctx, argv[2], &size))
        return JS_EXCEPTION;
    const char *name = JS_ToCString(ctx, argv[1]);
    if (!name)
        return JS_EXCEPTION;
    int found = EVP_PKEY_get_bn_param(key, name, &number) == 1;
    JS_FreeCString(ctx, name);
    ERR_clear_error();
    if (!found)
        return JS_UNDEFINED;
    if (size < BN_num_bytes(number))
        size = BN_num_bytes(number);
    uint8_t *p;
    JSValue buffer = gw_alloc_buffer(ctx, (size_t)size, &p);
    if (!JS_IsException(buffer) && BN_bn2binpad(number, p, size) != size) {
        JS_FreeValue(ctx, buffer);
        buffer = gw_throw_openssl(ctx, "number too large");
    }
    BN_clear_free(number);
    return buffer;
}

/* keyRaw(handle, private half) → Buffer, for Ed25519 and its kin */
static JSValue key_raw(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    uint8_t bytes[128];
    size_t len = sizeof bytes;
    EVP_PKEY *key = gw_key_of(ctx, argv[0]);
    int private_half = JS_ToBool(ctx, argv[1]);
    if (!key || private_half < 0)
        return JS_EXCEPTION;
    int ok = private_half ? EVP_PKEY_get_raw_private_key(key, bytes, &len) : EVP_PKEY_get_raw_public_key(key, bytes, &len);
    JSValue result = ok == 1 ? gw_new_buffer(ctx, bytes, len) : gw_throw_openssl(ctx, "the key has no raw form");
    OPENSSL_cleanse(bytes, sizeof bytes);
    return result;
}

/* keyEquals(a, b): the same public key. */
static JSValue key_equals(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    EVP_PKEY *a = gw_key_of(ctx, argv[0]);
    EVP_PKEY *b = a ? gw_key_of(ctx, argv[1]) : NULL;
    if (!b)
        return JS_EXCEPTION;
    int equal = EVP_PKEY_eq(a, b) == 1;
    ERR_clear_error();
    return JS_NewBool(ctx, equal);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("keyReadPrivate", 4, key_read_private),
    JS_CFUNC_DEF("keyReadPublic", 3, key_read_public),
    JS_CFUNC_DEF("keyExportPublic", 3, key_export_public),
    JS_CFUNC_DEF("keyExportPrivate", 5, key_export_private),
    JS_CFUNC_DEF("keyDetails", 1, key_details),
    JS_CFUNC_DEF("keyNumber", 3, key_number),
    JS_CFUNC_DEF("keyRaw", 2, key_raw),
    JS_CFUNC_DEF("keyEquals", 2, key_equals),
};

int gw_crypto_key_init(JSContext *ctx, JSValueConst object)
{
    if (gw_register_class(ctx, &key_class, &key_def))
        return -1;
    gw_set_functions(ctx, object, functions);
    return 0;
}

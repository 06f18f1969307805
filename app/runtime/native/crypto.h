/* Shared by the OpenSSL modules: errors as Node.js shapes them, cached algorithms, key and certificate handles. */
#ifndef GW_CRYPTO_H
#define GW_CRYPTO_H

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "binding.h"

/* Throws the oldest queued OpenSSL error (`fallback` when there is none) and empties the queue: JS_EXCEPTION. */
JSValue gw_throw_openssl(JSContext *ctx, const char *fallback);
/* The same error as an object, for events. */
JSValue gw_new_openssl_error(JSContext *ctx, const char *fallback);

/* A digest by any of its names ("SHA1", "RSA-SHA256", …), fetched once per process; NULL when unknown. */
const EVP_MD *gw_digest_named(const char *name);
/* The digest that a JavaScript string names; NULL with nothing thrown when unknown, or with an exception pending. */
const EVP_MD *gw_digest_of(JSContext *ctx, JSValueConst name);

/* An int argument; returns -1 with an exception pending. */
int gw_int_of(JSContext *ctx, JSValueConst value, int *out);

/* BIO over a JavaScript string or bytes; free it before JavaScript runs again. NULL with an exception pending. */
typedef struct {
    BIO *bio;
    const char *cstring;
} gw_input;
int gw_input_open(JSContext *ctx, JSValueConst value, gw_input *input);
void gw_input_close(JSContext *ctx, gw_input *input);

/* What a memory BIO collected, as a Buffer or a string; frees the BIO. */
JSValue gw_bio_buffer(JSContext *ctx, BIO *bio);
JSValue gw_bio_string(JSContext *ctx, BIO *bio);

/* crypto_key.c: handles own one reference. */
EVP_PKEY *gw_key_of(JSContext *ctx, JSValueConst handle);
JSValue gw_key_new(JSContext *ctx, EVP_PKEY *key);
/* The passphrase for PEM_read_bio_*: `data` points to a gw_passphrase. */
typedef struct {
    const uint8_t *bytes;
    size_t len;
    int asked;
} gw_passphrase;
int gw_passphrase_callback(char *buffer, int size, int writing, void *data);

/* x509.c */
X509 *gw_certificate_of(JSContext *ctx, JSValueConst handle);
JSValue gw_certificate_new(JSContext *ctx, X509 *certificate);

/* Registers an opaque class; returns -1 on failure. */
int gw_register_class(JSContext *ctx, JSClassID *id, const JSClassDef *definition);

/* Parts of the `crypto` and `x509` bindings, one per file. */
int gw_crypto_hash_init(JSContext *ctx, JSValueConst object);
int gw_crypto_key_init(JSContext *ctx, JSValueConst object);
int gw_crypto_rsa_init(JSContext *ctx, JSValueConst object);
int gw_crypto_cipher_init(JSContext *ctx, JSValueConst object);

#endif

/* The `x509` module: certificate handles. What a certificate says is in x509_info.c, whether to trust it in x509_verify.c. */
#include "x509.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "modules.h"

static JSClassID certificate_class;

static void certificate_finalize(JSRuntime *rt, JSValue value)
{
    (void)rt;
    X509_free(JS_GetOpaque(value, certificate_class));
}

static const JSClassDef certificate_def = { .class_name = "GatewayCertificate", .finalizer = certificate_finalize };

X509 *gw_certificate_of(JSContext *ctx, JSValueConst handle)
{
    return JS_GetOpaque2(ctx, handle, certificate_class);
}

JSValue gw_certificate_new(JSContext *ctx, X509 *certificate)
{
    if (!certificate)
        return gw_throw_openssl(ctx, "Failed to read the certificate");
    JSValue object = JS_NewObjectClass(ctx, (int)certificate_class);
    if (JS_IsException(object))
        X509_free(certificate);
    else
        JS_SetOpaque(object, certificate);
    return object;
}

int gw_set(JSContext *ctx, JSValueConst object, const char *name, JSValue value)
{
    return JS_IsException(value) || JS_SetPropertyStr(ctx, object, name, value) < 0 ? -1 : 0;
}

/* Certificates in PEM text, in order; when there is no PEM in it: DER, one behind the other. */
static X509 *next_certificate(BIO *bio, int pem, const uint8_t **der, const uint8_t *end)
{
    if (pem)
        return PEM_read_bio_X509(bio, NULL, NULL, NULL);
    return *der < end ? d2i_X509(NULL, der, end - *der) : NULL;
}

/* certificateReadAll(text or bytes, only the first) → handles. Throws when there is none or one is broken. */
static JSValue read_all(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_input input;
    int only_first = JS_ToBool(ctx, argv[1]);
    if (only_first < 0 || gw_input_open(ctx, argv[0], &input))
        return JS_EXCEPTION;
    char *data;
    long len = BIO_get_mem_data(input.bio, &data);
    const uint8_t *der = (const uint8_t *)data, *end = der + len;
    int pem = memmem(data, (size_t)len, "-----BEGIN ", 11) != NULL;
    JSValue list = JS_NewArray(ctx);
    uint32_t count = 0;
    ERR_clear_error();
    X509 *certificate;
    while (!JS_IsException(list) && (certificate = next_certificate(input.bio, pem, &der, end)) != NULL) {
        JSValue handle = gw_certificate_new(ctx, certificate);
        if (JS_IsException(handle) || JS_SetPropertyUint32(ctx, list, count++, handle) < 0) {
            JS_FreeValue(ctx, list);
            list = JS_EXCEPTION;
        }
        if (only_first)
            break;
    }
    gw_input_close(ctx, &input);
    unsigned long error = ERR_peek_last_error();
    int at_end = pem ? ERR_GET_REASON(error) == PEM_R_NO_START_LINE : der == end;
    if (!JS_IsException(list) && (count == 0 || (!only_first && !at_end))) {
        JS_FreeValue(ctx, list);
        if (!pem && count == 0) { /* neither encoding: say it as Node.js does */
            ERR_clear_error();
            ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
        }
        return gw_throw_openssl(ctx, "no certificate found");
    }
    ERR_clear_error();
    return list;
}

/* certificatePem(handle), certificateRaw(handle) */
static JSValue write_out(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int pem)
{
    (void)this_value;
    (void)argc;
    X509 *certificate = gw_certificate_of(ctx, argv[0]);
    if (!certificate)
        return JS_EXCEPTION;
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || (pem ? PEM_write_bio_X509(bio, certificate) : i2d_X509_bio(bio, certificate)) != 1) {
        BIO_free(bio);
        return gw_throw_openssl(ctx, "Failed to encode the certificate");
    }
    return pem ? gw_bio_string(ctx, bio) : gw_bio_buffer(ctx, bio);
}

/* certificatePublicKey(handle) → key handle of the `crypto` module */
static JSValue public_key(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    X509 *certificate = gw_certificate_of(ctx, argv[0]);
    return certificate ? gw_key_new(ctx, X509_get_pubkey(certificate)) : JS_EXCEPTION;
}

/* certificateIssuedBy(handle, issuer): names and key identifiers match; says nothing about the signature. */
static JSValue issued_by(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    X509 *certificate = gw_certificate_of(ctx, argv[0]);
    X509 *issuer = certificate ? gw_certificate_of(ctx, argv[1]) : NULL;
    return issuer ? JS_NewBool(ctx, X509_check_issued(issuer, certificate) == X509_V_OK) : JS_EXCEPTION;
}

/* certificateSignedBy(handle, key) and certificateHasKey(handle, private key) */
static JSValue against_key(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int signature)
{
    (void)this_value;
    (void)argc;
    X509 *certificate = gw_certificate_of(ctx, argv[0]);
    EVP_PKEY *key = certificate ? gw_key_of(ctx, argv[1]) : NULL;
    if (!key)
        return JS_EXCEPTION;
    int good = (signature ? X509_verify(certificate, key) : X509_check_private_key(certificate, key)) == 1;
    ERR_clear_error();
    return JS_NewBool(ctx, good);
}

enum { HOST, ADDRESS, EMAIL };

/* certificateMatches{Host,Address,Email}(handle, name) → the matching name, or undefined */
static JSValue matches(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int kind)
{
    (void)this_value;
    (void)argc;
    char *peer = NULL;
    size_t len;
    int result = 0;
    X509 *certificate = gw_certificate_of(ctx, argv[0]);
    const char *name = certificate ? JS_ToCStringLen(ctx, &len, argv[1]) : NULL;
    if (!name)
        return JS_EXCEPTION;
    if (kind == HOST)
        result = X509_check_host(certificate, name, len, 0, &peer);
    else if (kind == ADDRESS)
        result = X509_check_ip_asc(certificate, name, 0);
    else
        result = X509_check_email(certificate, name, len, 0);
    JSValue found = result == 1 ? JS_NewString(ctx, peer ? peer : name) : JS_UNDEFINED;
    OPENSSL_free(peer);
    JS_FreeCString(ctx, name);
    ERR_clear_error();
    return found;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("certificateReadAll", 2, read_all),
    JS_CFUNC_MAGIC_DEF("certificatePem", 1, write_out, 1),
    JS_CFUNC_MAGIC_DEF("certificateRaw", 1, write_out, 0),
    JS_CFUNC_DEF("certificatePublicKey", 1, public_key),
    JS_CFUNC_DEF("certificateIssuedBy", 2, issued_by),
    JS_CFUNC_MAGIC_DEF("certificateSignedBy", 2, against_key, 1),
    JS_CFUNC_MAGIC_DEF("certificateHasKey", 2, against_key, 0),
    JS_CFUNC_MAGIC_DEF("certificateMatchesHost", 2, matches, HOST),
    JS_CFUNC_MAGIC_DEF("certificateMatchesAddress", 2, matches, ADDRESS),
    JS_CFUNC_MAGIC_DEF("certificateMatchesEmail", 2, matches, EMAIL),
};

int gw_init_x509(JSContext *ctx, JSValueConst object)
{
    if (gw_register_class(ctx, &certificate_class, &certificate_def))
        return -1;
    gw_set_functions(ctx, object, functions);
    return gw_x509_info_init(ctx, object) || gw_x509_verify_init(ctx, object) ? -1 : 0;
}

/* Secure contexts: own certificate and key, trust anchors, versions, suites, groups and signature algorithms. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "tls.h"

static JSClassID context_class;

static void context_finalize(JSRuntime *rt, JSValue value)
{
    (void)rt;
    SSL_CTX_free(JS_GetOpaque(value, context_class));
}

static const JSClassDef context_def = { .class_name = "GatewayTlsContext", .finalizer = context_finalize };

SSL_CTX *gw_tls_context_of(JSContext *ctx, JSValueConst handle)
{
    return JS_GetOpaque2(ctx, handle, context_class);
}

/* Goes on after a problem, like Node.js: the last one is the most telling (no issuer, then: leaf not verified). */
static int note_problem(int ok, X509_STORE_CTX *store_context)
{
    int *last = X509_STORE_CTX_get_app_data(store_context);
    if (!ok)
        *last = X509_STORE_CTX_get_error(store_context);
    return 1;
}

/* The whole check of a peer's chain; anything but 1 ends the handshake when the connection insists. */
static int check_chain(X509_STORE_CTX *store_context, void *unused)
{
    (void)unused;
    int last = X509_V_OK;
    X509_STORE_CTX_set_app_data(store_context, &last);
    X509_STORE_CTX_set_verify_cb(store_context, note_problem);
    int result = X509_verify_cert(store_context);
    X509_STORE_CTX_set_app_data(store_context, NULL);
    if (last != X509_V_OK)
        X509_STORE_CTX_set_error(store_context, last);
    else if (result != 1 && X509_STORE_CTX_get_error(store_context) == X509_V_OK)
        X509_STORE_CTX_set_error(store_context, X509_V_ERR_UNSPECIFIED);
    return result == 1 && last == X509_V_OK;
}

/* contextNew() */
static JSValue context_new(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context)
        return gw_throw_openssl(ctx, "no TLS");
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_cert_verify_callback(context, check_chain, NULL);
    /* Sessions are taken per connection (tls.c) and kept by JavaScript. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    JSValue object = JS_NewObjectClass(ctx, (int)context_class);
    if (JS_IsException(object))
        SSL_CTX_free(context);
    else
        JS_SetOpaque(object, context);
    return object;
}

/* contextAddCa(context, text or bytes): trusts every certificate in it. */
static JSValue add_ca(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_input input;
    X509 *certificate;
    int count = 0;
    SSL_CTX *context = gw_tls_context_of(ctx, argv[0]);
    if (!context || gw_input_open(ctx, argv[1], &input))
        return JS_EXCEPTION;
    ERR_clear_error();
    while ((certificate = PEM_read_bio_X509(input.bio, NULL, NULL, NULL)) != NULL) {
        count += X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1;
        X509_free(certificate);
    }
    gw_input_close(ctx, &input);
    if (count == 0)
        return gw_throw_openssl(ctx, "no CA certificate found");
    ERR_clear_error();
    return JS_NewInt32(ctx, count);
}

/* contextAddCrl(context, text or bytes): from now on every certificate of a chain needs a CRL, as in Node.js. */
static JSValue add_crl(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    SSL_CTX *context = gw_tls_context_of(ctx, argv[0]);
    if (!context || gw_x509_add_crls(ctx, SSL_CTX_get_cert_store(context), argv[1]) < 0)
        return JS_EXCEPTION;
    X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return JS_UNDEFINED;
}

/* contextSetCertificate(context, PEM): the leaf first, then what the peer needs to build the chain. */
static JSValue set_certificate(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    gw_input input;
    SSL_CTX *context = gw_tls_context_of(ctx, argv[0]);
    if (!context || gw_input_open(ctx, argv[1], &input))
        return JS_EXCEPTION;
    ERR_clear_error();
    X509 *certificate = PEM_read_bio_X509_AUX(input.bio, NULL, NULL, NULL);
    int ok = certificate && SSL_CTX_use_certificate(context, certificate) == 1;
    X509_free(certificate);
    while (ok && (certificate = PEM_read_bio_X509(input.bio, NULL, NULL, NULL)) != NULL)
        if (SSL_CTX_add0_chain_cert(context, certificate) != 1) {
            X509_free(certificate);
            ok = 0;
        }
    if (ok && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
        ERR_clear_error();
    gw_input_close(ctx, &input);
    return ok && ERR_peek_error() == 0 ? JS_UNDEFINED : gw_throw_openssl(ctx, "unusable certificate");
}

/* contextSetKey(context, key handle): it has to match the certificate, if there is one already. */
static JSValue set_key(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    SSL_CTX *context = gw_tls_context_of(ctx, argv[0]);
    EVP_PKEY *key = context ? gw_key_of(ctx, argv[1]) : NULL;
    if (!key)
        return JS_EXCEPTION;
    ERR_clear_error();
    return SSL_CTX_use_PrivateKey(context, key) == 1 ? JS_UNDEFINED : gw_throw_openssl(ctx, "unusable private key");
}

/* contextSetVersions(context, least, most): 0 leaves one open. */
static JSValue set_versions(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    int least, most;
    SSL_CTX *context = gw_tls_context_of(ctx, argv[0]);
    if (!context || gw_int_of(ctx, argv[1], &least) || gw_int_of(ctx, argv[2], &most))
        return JS_EXCEPTION;
    if (SSL_CTX_set_min_proto_version(context, least) != 1 || SSL_CTX_set_max_proto_version(context, most) != 1)
        return gw_throw_openssl(ctx, "unknown protocol version");
    return JS_UNDEFINED;
}

enum { CIPHERS, SUITES, SIGALGS, GROUPS };

/* contextSet{Ciphers,Suites,Sigalgs,Groups}(context, "a:b:c"), in the order of preference */
static JSValue set_list(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int kind)
{
    (void)this_value;
    (void)argc;
    SSL_CTX *context = gw_tls_context_of(ctx, argv[0]);
    const char *list = context ? JS_ToCString(ctx, argv[1]) : NULL;
    if (!list)
        return JS_EXCEPTION;
    ERR_clear_error();
    long ok = kind == CIPHERS   ? SSL_CTX_set_cipher_list(context, list)
              : kind == SUITES  ? SSL_CTX_set_ciphersuites(context, list)
              : kind == SIGALGS ? SSL_CTX_set1_sigalgs_list(context, list)
                                : SSL_CTX_set1_groups_list(context, list);
    JS_FreeCString(ctx, list);
    return ok == 1 ? JS_UNDEFINED : gw_throw_openssl(ctx, "nothing of the list is known");
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("contextNew", 0, context_new),
    JS_CFUNC_DEF("contextAddCa", 2, add_ca),
    JS_CFUNC_DEF("contextAddCrl", 2, add_crl),
    JS_CFUNC_DEF("contextSetCertificate", 2, set_certificate),
    JS_CFUNC_DEF("contextSetKey", 2, set_key),
    JS_CFUNC_DEF("contextSetVersions", 3, set_versions),
    JS_CFUNC_MAGIC_DEF("contextSetCiphers", 2, set_list, CIPHERS),
    JS_CFUNC_MAGIC_DEF("contextSetSuites", 2, set_list, SUITES),
    JS_CFUNC_MAGIC_DEF("contextSetSigalgs", 2, set_list, SIGALGS),
    JS_CFUNC_MAGIC_DEF("contextSetGroups", 2, set_list, GROUPS),
};

int gw_tls_context_init(JSContext *ctx, JSValueConst object)
{
    if (gw_register_class(ctx, &context_class, &context_def))
        return -1;
    gw_set_functions(ctx, object, functions);
    return 0;
}

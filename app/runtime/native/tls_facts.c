/* What a TLS handshake brought: the verdict on the peer's chain, the chain itself, version and suite. */
#include "tls.h"

JSValue gw_tls_verify_result(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    SSL *ssl = gw_tls_ssl_of(ctx, argv[0]);
    if (!ssl)
        return JS_EXCEPTION;
    long result = SSL_get_verify_result(ssl);
    if (result == X509_V_OK)
        return JS_UNDEFINED;
    JSValue object = JS_NewObject(ctx);
    if (JS_IsException(object) || gw_set(ctx, object, "code", JS_NewString(ctx, gw_verify_code(result))) ||
        gw_set(ctx, object, "message", JS_NewString(ctx, X509_verify_cert_error_string(result)))) {
        JS_FreeValue(ctx, object);
        return JS_EXCEPTION;
    }
    return object;
}

JSValue gw_tls_peer_chain(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    SSL *ssl = gw_tls_ssl_of(ctx, argv[0]);
    if (!ssl)
        return JS_EXCEPTION;
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    X509 *leaf = chain ? NULL : SSL_get1_peer_certificate(ssl);
    JSValue list = JS_NewArray(ctx);
    if (leaf) { /* a resumed session remembers the leaf only */
        JSValue handle = gw_certificate_new(ctx, leaf);
        if (JS_IsException(handle) || JS_SetPropertyUint32(ctx, list, 0, handle) < 0) {
            JS_FreeValue(ctx, list);
            return JS_EXCEPTION;
        }
    }
    for (int i = 0; !JS_IsException(list) && i < sk_X509_num(chain); i++) {
        X509 *certificate = sk_X509_value(chain, i);
        JSValue handle = X509_up_ref(certificate) == 1 ? gw_certificate_new(ctx, certificate) : JS_EXCEPTION;
        if (JS_IsException(handle) || JS_SetPropertyUint32(ctx, list, (uint32_t)i, handle) < 0) {
            JS_FreeValue(ctx, list);
            list = JS_EXCEPTION;
        }
    }
    return list;
}

JSValue gw_tls_details(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    SSL *ssl = gw_tls_ssl_of(ctx, argv[0]);
    if (!ssl)
        return JS_EXCEPTION;
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    const unsigned char *alpn;
    unsigned int alpn_len;
    SSL_get0_alpn_selected(ssl, &alpn, &alpn_len);
    JSValue object = JS_NewObject(ctx);
    if (JS_IsException(object) || gw_set(ctx, object, "protocol", JS_NewString(ctx, SSL_get_version(ssl))) ||
        gw_set(ctx, object, "reused", JS_NewBool(ctx, SSL_session_reused(ssl))) ||
        (alpn_len > 0 && gw_set(ctx, object, "alpn", JS_NewStringLen(ctx, (const char *)alpn, alpn_len))))
        goto fail;
    if (cipher &&
        (gw_set(ctx, object, "cipher", JS_NewString(ctx, SSL_CIPHER_get_name(cipher))) ||
         gw_set(ctx, object, "standardName", JS_NewString(ctx, SSL_CIPHER_standard_name(cipher))) ||
         gw_set(ctx, object, "cipherVersion", JS_NewString(ctx, SSL_CIPHER_get_version(cipher)))))
        goto fail;
    return object;
fail:
    JS_FreeValue(ctx, object);
    return JS_EXCEPTION;
}

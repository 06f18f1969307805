/* Whether a certificate chains to a trusted one at a given time, certificate revocation lists included. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "x509.h"

const char *gw_verify_code(long result)
{
    switch (result) {
#define NAME(name)           \
    case X509_V_ERR_##name: \
        return #name
        NAME(UNABLE_TO_GET_ISSUER_CERT);
        NAME(UNABLE_TO_GET_CRL);
        NAME(UNABLE_TO_DECRYPT_CERT_SIGNATURE);
        NAME(UNABLE_TO_DECRYPT_CRL_SIGNATURE);
        NAME(UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY);
        NAME(CERT_SIGNATURE_FAILURE);
        NAME(CRL_SIGNATURE_FAILURE);
        NAME(CERT_NOT_YET_VALID);
        NAME(CRL_NOT_YET_VALID);
        NAME(CERT_HAS_EXPIRED);
        NAME(CRL_HAS_EXPIRED);
        NAME(ERROR_IN_CERT_NOT_BEFORE_FIELD);
        NAME(ERROR_IN_CERT_NOT_AFTER_FIELD);
        NAME(ERROR_IN_CRL_LAST_UPDATE_FIELD);
        NAME(ERROR_IN_CRL_NEXT_UPDATE_FIELD);
        NAME(OUT_OF_MEM);
        NAME(DEPTH_ZERO_SELF_SIGNED_CERT);
        NAME(SELF_SIGNED_CERT_IN_CHAIN);
        NAME(UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
        NAME(UNABLE_TO_VERIFY_LEAF_SIGNATURE);
        NAME(CERT_CHAIN_TOO_LONG);
        NAME(CERT_REVOKED);
        NAME(INVALID_CA);
        NAME(PATH_LENGTH_EXCEEDED);
        NAME(INVALID_PURPOSE);
        NAME(CERT_UNTRUSTED);
        NAME(CERT_REJECTED);
        NAME(HOSTNAME_MISMATCH);
        NAME(IP_ADDRESS_MISMATCH);
        NAME(EE_KEY_TOO_SMALL);
        NAME(CA_KEY_TOO_SMALL);
        NAME(CA_MD_TOO_WEAK);
        NAME(KEYUSAGE_NO_CERTSIGN);
        NAME(KEYUSAGE_NO_CRL_SIGN);
        NAME(UNHANDLED_CRITICAL_EXTENSION);
        NAME(UNABLE_TO_GET_CRL_ISSUER);
        NAME(DIFFERENT_CRL_SCOPE);
#undef NAME
    case X509_V_OK:
        return "OK";
    default:
        return "UNSPECIFIED";
    }
}

typedef struct {
    JSContext *ctx;
    JSValue list;
    uint32_t count;
    int broken; /* out of memory while collecting */
} findings;

/* Notes the problem and goes on, so that one run tells all of them. */
static int note(int ok, X509_STORE_CTX *store_context)
{
    findings *found = X509_STORE_CTX_get_app_data(store_context);
    JSContext *ctx = found->ctx;
    if (ok)
        return 1;
    int error = X509_STORE_CTX_get_error(store_context);
    if (error == X509_V_ERR_UNABLE_TO_GET_CRL)
        return 1;
    X509 *certificate = X509_STORE_CTX_get_current_cert(store_context);
    JSValue entry = JS_NewObject(ctx), handle = JS_NULL;
    if (certificate && X509_up_ref(certificate) == 1)
        handle = gw_certificate_new(ctx, certificate);
    if (JS_IsException(entry) || gw_set(ctx, entry, "code", JS_NewString(ctx, gw_verify_code(error))) ||
        gw_set(ctx, entry, "message", JS_NewString(ctx, X509_verify_cert_error_string(error))) ||
        gw_set(ctx, entry, "depth", JS_NewInt32(ctx, X509_STORE_CTX_get_error_depth(store_context))) ||
        gw_set(ctx, entry, "certificate", handle) ||
        JS_SetPropertyUint32(ctx, found->list, found->count++, JS_DupValue(ctx, entry)) < 0)
        found->broken = 1;
    JS_FreeValue(ctx, entry);
    return !found->broken;
}

/* Calls `add` for each handle of a JavaScript array. */
static int each_certificate(JSContext *ctx, JSValueConst list, void *target, int (*add)(void *, X509 *))
{
    int64_t count;
    JSValue length = JS_GetPropertyStr(ctx, list, "length");
    if (JS_IsException(length) || JS_ToInt64(ctx, &count, length))
        return -1;
    JS_FreeValue(ctx, length);
    for (int64_t i = 0; i < count; i++) {
        JSValue item = JS_GetPropertyUint32(ctx, list, (uint32_t)i);
        X509 *certificate = gw_certificate_of(ctx, item);
        int ok = certificate && add(target, certificate);
        JS_FreeValue(ctx, item);
        if (!ok) {
            if (certificate)
                gw_throw_openssl(ctx, "unusable certificate");
            return -1;
        }
    }
    return 0;
}

static int add_trusted(void *store, X509 *certificate)
{
    return X509_STORE_add_cert(store, certificate) == 1;
}

static int add_untrusted(void *stack, X509 *certificate)
{
    return sk_X509_push(stack, certificate) > 0;
}

int gw_x509_add_crls(JSContext *ctx, X509_STORE *store, JSValueConst value)
{
    gw_input input;
    int count = 0;
    X509_CRL *crl;
    if (gw_input_open(ctx, value, &input))
        return -1;
    char *data;
    long len = BIO_get_mem_data(input.bio, &data);
    int pem = memmem(data, (size_t)len, "-----BEGIN ", 11) != NULL;
    ERR_clear_error();
    while ((crl = pem ? PEM_read_bio_X509_CRL(input.bio, NULL, NULL, NULL) : d2i_X509_CRL_bio(input.bio, NULL)) != NULL) {
        int ok = X509_STORE_add_crl(store, crl) == 1;
        X509_CRL_free(crl);
        if (!ok)
            break;
        count++;
        if (!pem)
            break;
    }
    gw_input_close(ctx, &input);
    if (crl == NULL && count > 0)
        ERR_clear_error();
    if (count == 0) {
        gw_throw_openssl(ctx, "Failed to parse CRL");
        return -1;
    }
    return count;
}

/* CRLs from an array of texts or bytes. */
static int add_all_crls(JSContext *ctx, X509_STORE *store, JSValueConst list)
{
    int64_t count;
    int total = 0;
    JSValue length = JS_GetPropertyStr(ctx, list, "length");
    if (JS_IsException(length) || JS_ToInt64(ctx, &count, length))
        return -1;
    JS_FreeValue(ctx, length);
    for (int64_t i = 0; i < count; i++) {
        JSValue item = JS_GetPropertyUint32(ctx, list, (uint32_t)i);
        int added = gw_x509_add_crls(ctx, store, item);
        JS_FreeValue(ctx, item);
        if (added < 0)
            return -1;
        total += added;
    }
    return total;
}

/*
 * verifyChain(certificate, trusted[], untrusted[], crls[], milliseconds, partial) → problems[], empty when it is good.
 * With `partial` a trusted certificate needn't be a root: OPC UA trust lists hold leaves too (Part 4 §6.1.3). A CRL
 * that is missing is not a problem; a certificate that a present one names is.
 */
static JSValue verify_chain(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    double ms;
    int partial = JS_ToBool(ctx, argv[5]), crls = 0;
    X509 *certificate = gw_certificate_of(ctx, argv[0]);
    if (!certificate || partial < 0 || JS_ToFloat64(ctx, &ms, argv[4]))
        return JS_EXCEPTION;
    findings found = { .ctx = ctx, .list = JS_NewArray(ctx) };
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    int ok = 0;
    if (JS_IsException(found.list) || !store || !context || !untrusted) {
        JS_ThrowOutOfMemory(ctx);
        goto done;
    }
    if (each_certificate(ctx, argv[1], store, add_trusted) || each_certificate(ctx, argv[2], untrusted, add_untrusted) ||
        (crls = add_all_crls(ctx, store, argv[3])) < 0)
        goto done;
    if (X509_STORE_CTX_init(context, store, certificate, untrusted) != 1) {
        gw_throw_openssl(ctx, "verification failed");
        goto done;
    }
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(parameters, (time_t)(ms / 1000));
    X509_VERIFY_PARAM_set_flags(parameters, (partial ? X509_V_FLAG_PARTIAL_CHAIN : 0) |
                                                (crls ? X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL : 0));
    X509_STORE_CTX_set_app_data(context, &found);
    X509_STORE_CTX_set_verify_cb(context, note);
    ok = X509_verify_cert(context) >= 0 && !found.broken;
    if (!ok && !JS_HasException(ctx))
        gw_throw_openssl(ctx, "verification failed");
done:
    ERR_clear_error();
    sk_X509_free(untrusted);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    if (ok)
        return found.list;
    JS_FreeValue(ctx, found.list);
    return JS_EXCEPTION;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("verifyChain", 6, verify_chain),
};

int gw_x509_verify_init(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

/* Certificates as a server or the card presents them: PEM and DER, one or many, and everything they say. */
#include "fuzz.h"

/* Everything that can be asked about one certificate. */
static void question(JSValueConst certificate, JSValueConst first)
{
    JSValue info = FUZZ_CALL("x509", "certificateInfo", fuzz_dup(certificate));
    JSValue raw = FUZZ_CALL("x509", "certificateRaw", fuzz_dup(certificate));
    JSValue key = FUZZ_CALL("x509", "certificatePublicKey", fuzz_dup(certificate));
    fuzz_free(FUZZ_CALL("x509", "certificatePem", fuzz_dup(certificate)));
    fuzz_free(FUZZ_CALL("x509", "certificateIssuedBy", fuzz_dup(certificate), fuzz_dup(first)));
    static const char *const matchers[] = { "certificateMatchesHost", "certificateMatchesAddress", "certificateMatchesEmail" };
    static const char *const names[] = { "broker.example", "192.0.2.1", "a@b.example", "::1", "" };
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 5; j++)
            fuzz_free(FUZZ_CALL("x509", matchers[i], fuzz_dup(certificate), JS_NewString(fuzz_context, names[j])));
    if (JS_IsObject(key)) {
        fuzz_free(FUZZ_CALL("x509", "certificateSignedBy", fuzz_dup(certificate), fuzz_dup(key)));
        fuzz_free(FUZZ_CALL("x509", "certificateHasKey", fuzz_dup(certificate), fuzz_dup(key)));
        fuzz_free(FUZZ_CALL("crypto", "keyDetails", fuzz_dup(key)));
    }
    /* What was read once is read again from its own DER. */
    if (JS_IsObject(raw)) {
        JSValue again = FUZZ_CALL("x509", "certificateReadAll", fuzz_dup(raw), JS_TRUE);
        fuzz_require(JS_IsObject(again), "a certificate can't be read from its own bytes");
        fuzz_free(again);
    }
    fuzz_free(key);
    fuzz_free(raw);
    fuzz_free(info);
}

void fuzz_one(void)
{
    uint8_t how = fuzz_u8();
    JSValue source = how & 1 ? fuzz_text(fuzz_left()) : fuzz_rest();
    JSValue list = FUZZ_CALL("x509", "certificateReadAll", source, JS_NewBool(fuzz_context, how & 2));
    if (JS_IsObject(list)) {
        int64_t count = fuzz_length_of(list);
        fuzz_require(count > 0, "no certificate and no error");
        JSValue first = fuzz_item(list, 0);
        for (uint32_t i = 0; i < count && i < 4; i++) {
            JSValue certificate = fuzz_item(list, i);
            question(certificate, first);
            fuzz_free(certificate);
        }
        fuzz_free(first);
    }
    fuzz_free(list);
}

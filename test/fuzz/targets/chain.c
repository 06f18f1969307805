/* Chains and revocation lists: trusted and sent certificates and CRLs, all of them an attacker's. */
#include "fuzz.h"

enum { TRUSTED, UNTRUSTED, LISTS, GROUPS };

void fuzz_one(void)
{
    JSValue groups[GROUPS];
    for (int i = 0; i < GROUPS; i++)
        groups[i] = JS_NewArray(fuzz_context);
    uint32_t counts[GROUPS] = { 0 };
    double milliseconds = (double)fuzz_u32() * 1000;
    JSValue partial = JS_NewBool(fuzz_context, fuzz_u8() & 1);
    JSValue leaf = FUZZ_CALL("x509", "certificateReadAll", fuzz_piece(), JS_TRUE);
    for (int i = 0; i < 6 && fuzz_left() > 0; i++) {
        uint32_t group = fuzz_below(GROUPS);
        JSValue piece = fuzz_piece();
        if (group == LISTS) {
            JS_SetPropertyUint32(fuzz_context, groups[group], counts[group]++, piece);
            continue;
        }
        JSValue read = FUZZ_CALL("x509", "certificateReadAll", piece, JS_TRUE);
        if (JS_IsObject(read))
            JS_SetPropertyUint32(fuzz_context, groups[group], counts[group]++, fuzz_item(read, 0));
        fuzz_free(read);
    }
    if (JS_IsObject(leaf)) {
        JSValue problems = FUZZ_CALL("x509", "verifyChain", fuzz_item(leaf, 0), fuzz_dup(groups[TRUSTED]),
                                     fuzz_dup(groups[UNTRUSTED]), fuzz_dup(groups[LISTS]),
                                     JS_NewFloat64(fuzz_context, milliseconds), fuzz_dup(partial));
        if (JS_IsObject(problems) && counts[TRUSTED] == 0)
            fuzz_require(fuzz_length_of(problems) > 0, "a certificate was found good though nothing is trusted");
        fuzz_free(problems);
    }
    /* The same lists on their way into a TLS context. */
    JSValue context = FUZZ_CALL("tls", "contextNew", JS_UNDEFINED);
    for (uint32_t i = 0; i < counts[LISTS]; i++)
        fuzz_free(FUZZ_CALL("tls", "contextAddCrl", fuzz_dup(context), fuzz_item(groups[LISTS], i)));
    fuzz_free(context);
    fuzz_free(leaf);
    for (int i = 0; i < GROUPS; i++)
        fuzz_free(groups[i]);
}

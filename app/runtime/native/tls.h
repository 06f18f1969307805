/* Shared by the files that make up the `tls` module: contexts (what we are and whom we trust), connections, and what they brought. */
#ifndef GW_TLS_H
#define GW_TLS_H

#include "x509.h"

SSL_CTX *gw_tls_context_of(JSContext *ctx, JSValueConst handle);
int gw_tls_context_init(JSContext *ctx, JSValueConst object);

/* The connection's machine; NULL with an exception when `handle` is none. */
SSL *gw_tls_ssl_of(JSContext *ctx, JSValueConst handle);
/* verifyResult(connection) → undefined when the peer's chain is good, else { code, message } */
JSValue gw_tls_verify_result(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);
/* peerChain(connection) → certificate handles as the peer sent them, the leaf first */
JSValue gw_tls_peer_chain(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);
/* details(connection) → { protocol, cipher, standardName, cipherVersion, reused, alpn } */
JSValue gw_tls_details(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv);

#endif

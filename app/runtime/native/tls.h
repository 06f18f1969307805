/* Shared by the files that make up the `tls` module: contexts (what we are and whom we trust) and connections. */
#ifndef GW_TLS_H
#define GW_TLS_H

#include "x509.h"

SSL_CTX *gw_tls_context_of(JSContext *ctx, JSValueConst handle);
int gw_tls_context_init(JSContext *ctx, JSValueConst object);

#endif

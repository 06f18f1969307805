/* Shared by the files that make up the `x509` module. */
#ifndef GW_X509_H
#define GW_X509_H

#include "crypto.h"

/* "CERT_HAS_EXPIRED" and the like, as Node.js names OpenSSL's verification results. */
const char *gw_verify_code(long result);

/* Adds the CRLs of a text (PEM, any number) or bytes (PEM or one DER). Returns how many, or -1 with an exception pending. */
int gw_x509_add_crls(JSContext *ctx, X509_STORE *store, JSValueConst value);

/* Sets property `name` and takes ownership of the value; returns -1 with an exception pending. */
int gw_set(JSContext *ctx, JSValueConst object, const char *name, JSValue value);

int gw_x509_info_init(JSContext *ctx, JSValueConst object);
int gw_x509_verify_init(JSContext *ctx, JSValueConst object);

#endif

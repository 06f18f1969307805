/* What a certificate says, as JavaScript values; texts as Node.js's X509Certificate words them. */
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "x509.h"

#define NAME_FLAGS \
    (ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT | XN_FLAG_SEP_MULTILINE | XN_FLAG_FN_SN)

/* "C=DE\nO=…\nCN=…"; undefined for an empty name. */
static JSValue name_text(JSContext *ctx, const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || X509_NAME_print_ex(bio, name, 0, NAME_FLAGS) < 0) {
        BIO_free(bio);
        return gw_throw_openssl(ctx, "unreadable name");
    }
    return gw_bio_string(ctx, bio);
}

/* [["C", "DE"], …] for Node's legacy object. */
static JSValue name_pairs(JSContext *ctx, const X509_NAME *name)
{
    JSValue list = JS_NewArray(ctx);
    for (int i = 0; !JS_IsException(list) && i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
        char oid[80];
        int nid = OBJ_obj2nid(type);
        const char *key = nid != NID_undef ? OBJ_nid2sn(nid) : OBJ_obj2txt(oid, sizeof oid, type, 1) > 0 ? oid : "";
        uint8_t *text = NULL;
        int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
        JSValue pair = JS_NewArray(ctx);
        JSValue value = JS_NewStringLen(ctx, (const char *)text, len > 0 ? (size_t)len : 0);
        OPENSSL_free(text);
        if (JS_IsException(pair) || JS_SetPropertyUint32(ctx, pair, 0, JS_NewString(ctx, key)) < 0 ||
            JS_SetPropertyUint32(ctx, pair, 1, value) < 0 ||
            JS_SetPropertyUint32(ctx, list, (uint32_t)i, JS_DupValue(ctx, pair)) < 0) {
            JS_FreeValue(ctx, list);
            list = JS_EXCEPTION;
        }
        JS_FreeValue(ctx, pair);
    }
    return list;
}

static JSValue time_text(JSContext *ctx, const ASN1_TIME *time)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || ASN1_TIME_print(bio, time) != 1) {
        BIO_free(bio);
        return gw_throw_openssl(ctx, "unreadable time");
    }
    return gw_bio_string(ctx, bio);
}

static JSValue time_ms(JSContext *ctx, const ASN1_TIME *time)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return JS_NewFloat64(ctx, __builtin_nan(""));
    return JS_NewFloat64(ctx, (double)timegm(&parts) * 1000.0);
}

static JSValue fingerprint(JSContext *ctx, const X509 *certificate, const char *digest)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned int len;
    char text[EVP_MAX_MD_SIZE * 3];
    if (X509_digest(certificate, gw_digest_named(digest), hash, &len) != 1)
        return gw_throw_openssl(ctx, "digest failed");
    for (unsigned int i = 0; i < len; i++) {
        text[3 * i] = "0123456789ABCDEF"[hash[i] >> 4];
        text[3 * i + 1] = "0123456789ABCDEF"[hash[i] & 15];
        text[3 * i + 2] = ':';
    }
    return JS_NewStringLen(ctx, text, len ? len * 3 - 1 : 0);
}

/* A name that could be taken for two, or for none, is quoted (CVE-2021-44532). */
static void print_alternative(BIO *bio, const uint8_t *p, int len)
{
    int safe = 1;
    for (int i = 0; i < len; i++)
        if (p[i] < ' ' || p[i] > '~' || p[i] == '"' || p[i] == '\\' || p[i] == ',' || p[i] == '\'')
            safe = 0;
    if (safe) {
        BIO_write(bio, p, len);
        return;
    }
    BIO_puts(bio, "\"");
    for (int i = 0; i < len; i++) {
        if (p[i] == '"' || p[i] == '\\')
            BIO_printf(bio, "\\%c", p[i]);
        else if (p[i] >= ' ' && p[i] <= '~' && p[i] != ',')
            BIO_write(bio, p + i, 1);
        else
            BIO_printf(bio, "\\u%04x", p[i]);
    }
    BIO_puts(bio, "\"");
}

static void print_address(BIO *bio, const ASN1_OCTET_STRING *address)
{
    const uint8_t *p = ASN1_STRING_get0_data(address);
    int len = ASN1_STRING_length(address);
    if (len == 4)
        BIO_printf(bio, "%d.%d.%d.%d", p[0], p[1], p[2], p[3]);
    else if (len == 16)
        for (int i = 0; i < 16; i += 2)
            BIO_printf(bio, i ? ":%X" : "%X", p[i] << 8 | p[i + 1]);
    else
        BIO_printf(bio, "<invalid length=%d>", len);
}

static void print_general_name(BIO *bio, const GENERAL_NAME *name)
{
    switch (name->type) {
    case GEN_EMAIL:
        BIO_puts(bio, "email:");
        break;
    case GEN_DNS:
        BIO_puts(bio, "DNS:");
        break;
    case GEN_URI:
        BIO_puts(bio, "URI:");
        break;
    case GEN_IPADD:
        BIO_puts(bio, "IP Address:");
        print_address(bio, name->d.iPAddress);
        return;
    case GEN_DIRNAME:
        BIO_puts(bio, "DirName:");
        X509_NAME_print_ex(bio, name->d.dirn, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
        return;
    case GEN_RID: {
        char oid[80] = "";
        OBJ_obj2txt(oid, sizeof oid, name->d.rid, 1);
        BIO_printf(bio, "Registered ID:%s", oid);
        return;
    }
    default:
        BIO_puts(bio, "othername:<unsupported>");
        return;
    }
    print_alternative(bio, ASN1_STRING_get0_data(name->d.ia5), ASN1_STRING_length(name->d.ia5));
}

/* "URI:urn:…, DNS:…, IP Address:…"; undefined without the extension. */
static JSValue alternative_names(JSContext *ctx, const X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    if (!names)
        return JS_UNDEFINED;
    BIO *bio = BIO_new(BIO_s_mem());
    for (int i = 0; bio && i < sk_GENERAL_NAME_num(names); i++) {
        if (i)
            BIO_puts(bio, ", ");
        print_general_name(bio, sk_GENERAL_NAME_value(names, i));
    }
    GENERAL_NAMES_free(names);
    return bio ? gw_bio_string(ctx, bio) : gw_throw_openssl(ctx, "out of memory");
}

/* "OCSP - URI:http://…\n…" */
static JSValue info_access(JSContext *ctx, const X509 *certificate)
{
    AUTHORITY_INFO_ACCESS *descriptions = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
    if (!descriptions)
        return JS_UNDEFINED;
    BIO *bio = BIO_new(BIO_s_mem());
    for (int i = 0; bio && i < sk_ACCESS_DESCRIPTION_num(descriptions); i++) {
        const ACCESS_DESCRIPTION *description = sk_ACCESS_DESCRIPTION_value(descriptions, i);
        char method[80] = "";
        OBJ_obj2txt(method, sizeof method, description->method, 0);
        BIO_printf(bio, "%s%s - ", i ? "\n" : "", method);
        print_general_name(bio, description->location);
    }
    AUTHORITY_INFO_ACCESS_free(descriptions);
    return bio ? gw_bio_string(ctx, bio) : gw_throw_openssl(ctx, "out of memory");
}

/* Object identifiers of the extended key usage; undefined without the extension. */
static JSValue extended_usage(JSContext *ctx, const X509 *certificate)
{
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    if (!usages)
        return JS_UNDEFINED;
    JSValue list = JS_NewArray(ctx);
    for (int i = 0; !JS_IsException(list) && i < sk_ASN1_OBJECT_num(usages); i++) {
        char oid[80] = "";
        OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(usages, i), 1);
        if (JS_SetPropertyUint32(ctx, list, (uint32_t)i, JS_NewString(ctx, oid)) < 0) {
            JS_FreeValue(ctx, list);
            list = JS_EXCEPTION;
        }
    }
    EXTENDED_KEY_USAGE_free(usages);
    return list;
}

/* Names of the key usage bits (RFC 5280 §4.2.1.3); undefined without the extension. */
static JSValue key_usage(JSContext *ctx, X509 *certificate)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } bits[] = {
        { KU_DIGITAL_SIGNATURE, "digitalSignature" },
        { KU_NON_REPUDIATION, "nonRepudiation" },
        { KU_KEY_ENCIPHERMENT, "keyEncipherment" },
        { KU_DATA_ENCIPHERMENT, "dataEncipherment" },
        { KU_KEY_AGREEMENT, "keyAgreement" },
        { KU_KEY_CERT_SIGN, "keyCertSign" },
        { KU_CRL_SIGN, "cRLSign" },
        { KU_ENCIPHER_ONLY, "encipherOnly" },
        { KU_DECIPHER_ONLY, "decipherOnly" },
    };
    uint32_t usage = X509_get_key_usage(certificate);
    if (usage == UINT32_MAX)
        return JS_UNDEFINED;
    JSValue list = JS_NewArray(ctx);
    uint32_t count = 0;
    for (int i = 0; !JS_IsException(list) && i < GW_COUNT(bits); i++)
        if ((usage & bits[i].bit) && JS_SetPropertyUint32(ctx, list, count++, JS_NewString(ctx, bits[i].name)) < 0) {
            JS_FreeValue(ctx, list);
            list = JS_EXCEPTION;
        }
    return list;
}

static JSValue serial_number(JSContext *ctx, const X509 *certificate)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    JSValue text = hex ? JS_NewString(ctx, hex) : gw_throw_openssl(ctx, "unreadable serial number");
    OPENSSL_free(hex);
    BN_free(number);
    return text;
}

/* certificateInfo(handle) → everything above in one object */
static JSValue info(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    X509 *certificate = gw_certificate_of(ctx, argv[0]);
    if (!certificate)
        return JS_EXCEPTION;
    JSValue object = JS_NewObject(ctx);
    const X509_NAME *subject = X509_get_subject_name(certificate), *issuer = X509_get_issuer_name(certificate);
    const ASN1_TIME *from = X509_get0_notBefore(certificate), *to = X509_get0_notAfter(certificate);
    const char *algorithm = OBJ_nid2ln(X509_get_signature_nid(certificate));
    if (JS_IsException(object) || gw_set(ctx, object, "subject", name_text(ctx, subject)) ||
        gw_set(ctx, object, "subjectPairs", name_pairs(ctx, subject)) ||
        gw_set(ctx, object, "issuer", name_text(ctx, issuer)) ||
        gw_set(ctx, object, "issuerPairs", name_pairs(ctx, issuer)) ||
        gw_set(ctx, object, "subjectAltName", alternative_names(ctx, certificate)) ||
        gw_set(ctx, object, "infoAccess", info_access(ctx, certificate)) ||
        gw_set(ctx, object, "validFrom", time_text(ctx, from)) || gw_set(ctx, object, "validTo", time_text(ctx, to)) ||
        gw_set(ctx, object, "validFromMs", time_ms(ctx, from)) || gw_set(ctx, object, "validToMs", time_ms(ctx, to)) ||
        gw_set(ctx, object, "fingerprint", fingerprint(ctx, certificate, "sha1")) ||
        gw_set(ctx, object, "fingerprint256", fingerprint(ctx, certificate, "sha256")) ||
        gw_set(ctx, object, "fingerprint512", fingerprint(ctx, certificate, "sha512")) ||
        gw_set(ctx, object, "serialNumber", serial_number(ctx, certificate)) ||
        gw_set(ctx, object, "keyUsage", key_usage(ctx, certificate)) ||
        gw_set(ctx, object, "extendedKeyUsage", extended_usage(ctx, certificate)) ||
        gw_set(ctx, object, "signatureAlgorithm", JS_NewString(ctx, algorithm ? algorithm : "unknown")) ||
        gw_set(ctx, object, "ca", JS_NewBool(ctx, X509_check_ca(certificate) == 1))) {
        JS_FreeValue(ctx, object);
        object = JS_EXCEPTION;
    }
    if (!JS_IsException(object))
        ERR_clear_error();
    return object;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("certificateInfo", 1, info),
};

int gw_x509_info_init(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

/*
 * The client's side of TLS against a hostile server. The input either is what the server sends, byte for byte, or
 * changes what a real server sends: a plan of edits on its flights, so that states behind the handshake are reached, too.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "crypto.h"
#include "fuzz.h"

enum { FLIGHT = 32 * 1024, ROUNDS = 24 };

static SSL_CTX *server_context;
static JSValue client_context;

static X509 *self_signed(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    fuzz_require(certificate && X509_set_version(certificate, 2) && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) &&
                     X509_gmtime_adj(X509_getm_notBefore(certificate), -60) &&
                     X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) && X509_set_pubkey(certificate, key),
                 "no certificate");
    X509_NAME *name = X509_get_subject_name(certificate);
    fuzz_require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"fuzz", -1, -1, 0) &&
                     X509_set_issuer_name(certificate, name) && X509_sign(certificate, key, EVP_sha256()) > 0,
                 "no certificate");
    return certificate;
}

void fuzz_prepare(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = self_signed(key);
    server_context = SSL_CTX_new(TLS_server_method());
    fuzz_require(server_context && SSL_CTX_use_PrivateKey(server_context, key) == 1 &&
                     SSL_CTX_use_certificate(server_context, certificate) == 1,
                 "no server");
    client_context = FUZZ_CALL("tls", "contextNew", JS_UNDEFINED);
    BIO *pem = BIO_new(BIO_s_mem());
    fuzz_require(pem && PEM_write_bio_X509(pem, certificate) == 1, "no PEM");
    fuzz_free(FUZZ_CALL("tls", "contextAddCa", fuzz_dup(client_context), gw_bio_buffer(fuzz_context, pem)));
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static SSL *new_server(uint8_t how)
{
    SSL *server = SSL_new(server_context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    fuzz_require(server && in && out, "out of memory");
    BIO_set_mem_eof_return(in, -1);
    BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(server, in, out);
    SSL_set_accept_state(server);
    SSL_set_max_proto_version(server, how & 4 ? TLS1_2_VERSION : TLS1_3_VERSION);
    if (how & 8)
        SSL_set_verify(server, SSL_VERIFY_PEER, NULL);
    return server;
}

/* What a client does with bytes from the network, whatever they are. */
static void arrive(JSValueConst client, const uint8_t *bytes, size_t length, bool *secure, bool *over)
{
    JSValue data = gw_new_buffer(fuzz_context, bytes, length);
    if (*secure) {
        JSValue got = FUZZ_CALL("tls", "open", fuzz_dup(client), data);
        *over = JS_IsException(got) || JS_IsNull(got);
        fuzz_free(got);
    } else {
        fuzz_free(FUZZ_CALL("tls", "feed", fuzz_dup(client), data));
        JSValue done = FUZZ_CALL("tls", "handshake", fuzz_dup(client));
        *over = JS_IsException(done);
        *secure = JS_VALUE_GET_TAG(done) == JS_TAG_BOOL && JS_VALUE_GET_BOOL(done);
    }
    for (int i = 0; i < 4 && *secure && !*over; i++) {
        JSValue more = FUZZ_CALL("tls", "read", fuzz_dup(client));
        *over = JS_IsException(more) || JS_IsNull(more);
        bool empty = JS_IsUndefined(more);
        fuzz_free(more);
        if (empty)
            break;
    }
    fuzz_free(FUZZ_CALL("tls", "takeSession", fuzz_dup(client)));
    fuzz_free(FUZZ_CALL("tls", "attention", fuzz_dup(client)));
}

/* Everything else that a client asks of its connection. */
static void question(JSValueConst client)
{
    static const char *const questions[] = { "verifyResult", "details", "session", "takeSession" };
    for (int i = 0; i < 4; i++)
        fuzz_free(FUZZ_CALL("tls", questions[i], fuzz_dup(client)));
    JSValue chain = FUZZ_CALL("tls", "peerChain", fuzz_dup(client));
    if (JS_IsObject(chain) && fuzz_length_of(chain) > 0)
        fuzz_free(FUZZ_CALL("x509", "certificateInfo", fuzz_item(chain, 0)));
    fuzz_free(chain);
}

/* Up to three edits: a byte changed, bytes put in, bytes left out, the rest cut off. */
static size_t edit(uint8_t *flight, size_t length)
{
    uint8_t edits = fuzz_u8();
    if (edits < 160) /* most flights pass as they are, so that later ones come at all */
        return length;
    for (int i = 0; i < 1 + (edits & 1) + (edits >> 1 & 1) && length > 0; i++) {
        size_t at = ((size_t)fuzz_u8() << 8 | fuzz_u8()) % length, count;
        switch (fuzz_below(4)) {
        case 0:
            flight[at] ^= fuzz_u8();
            break;
        case 1: {
            const uint8_t *more = fuzz_take(fuzz_u8(), &count);
            if (length + count > FLIGHT)
                break;
            memmove(flight + at + count, flight + at, length - at);
            if (count > 0)
                memcpy(flight + at, more, count);
            length += count;
            break;
        }
        case 2:
            count = 1 + (size_t)fuzz_u8() % (length - at);
            memmove(flight + at, flight + at + count, length - at - count);
            length -= count;
            break;
        default:
            length = at;
        }
    }
    return length;
}

static void speak(SSL *server, uint8_t how)
{
    static const uint8_t words[600] = "what a broker answers";
    if (!SSL_is_init_finished(server)) {
        SSL_do_handshake(server);
        return;
    }
    size_t written;
    uint8_t mood = fuzz_u8();
    SSL_write_ex(server, words, (size_t)mood * 2 + 1, &written);
    if (mood & 32)
        SSL_key_update(server, mood & 64 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
    if (mood & 16)
        SSL_renegotiate(server);
    if (mood == 0 || (how & 16))
        SSL_shutdown(server);
}

static void converse(JSValueConst client, uint8_t how)
{
    static uint8_t flight[FLIGHT];
    SSL *server = new_server(how);
    bool secure = false, over = false;
    fuzz_free(FUZZ_CALL("tls", "handshake", fuzz_dup(client)));
    for (int round = 0; round < ROUNDS && !over; round++) {
        JSValue sent = FUZZ_CALL("tls", "pull", fuzz_dup(client));
        if (JS_IsObject(sent)) {
            size_t length;
            const uint8_t *p = fuzz_bytes(sent, &length);
            fuzz_require(BIO_write(SSL_get_rbio(server), p, (int)length) == (int)length, "out of memory");
        }
        fuzz_free(sent);
        speak(server, how);
        int length = BIO_read(SSL_get_wbio(server), flight, FLIGHT / 2);
        if (length <= 0 && fuzz_left() == 0)
            break;
        size_t changed = edit(flight, length > 0 ? (size_t)length : 0);
        size_t first = how & 32 && changed > 0 ? (size_t)fuzz_u8() % changed : 0;
        if (first > 0)
            arrive(client, flight, first, &secure, &over);
        if (!over)
            arrive(client, flight + first, changed - first, &secure, &over);
        if (secure && !over && (how & 64)) {
            JSValue chunks = JS_NewArray(fuzz_context);
            JS_SetPropertyUint32(fuzz_context, chunks, 0, gw_new_buffer(fuzz_context, flight, changed));
            JSValue sealed = FUZZ_CALL("tls", "seal", fuzz_dup(client), chunks);
            fuzz_free(sealed);
        }
    }
    question(client);
    fuzz_free(FUZZ_CALL("tls", "shutdown", fuzz_dup(client)));
    SSL_free(server);
    ERR_clear_error();
}

/* The input is all that the server says. */
static void monologue(JSValueConst client)
{
    bool secure = false, over = false;
    fuzz_free(FUZZ_CALL("tls", "handshake", fuzz_dup(client)));
    while (fuzz_left() > 0 && !over) {
        size_t length;
        const uint8_t *p = fuzz_take(((size_t)fuzz_u8() << 4) + 1, &length);
        arrive(client, p, length, &secure, &over);
    }
    question(client);
}

void fuzz_one(void)
{
    uint8_t how = fuzz_u8();
    JSValue session = (how & 3) == 3 ? fuzz_piece() : JS_UNDEFINED;
    JSValue alpn = (how & 3) == 2 ? JS_NewString(fuzz_context, "no bytes") : JS_UNDEFINED;
    JSValue name = how & 128 ? fuzz_text(fuzz_u8()) : JS_UNDEFINED;
    JSValue client = FUZZ_CALL("tls", "connectionNew", fuzz_dup(client_context), name,
                               JS_NewBool(fuzz_context, how & 2), session, alpn);
    if (JS_IsObject(client)) {
        if ((how & 3) == 0)
            monologue(client);
        else
            converse(client, how);
    }
    fuzz_free(client);
}

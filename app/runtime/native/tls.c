/*
 * The `tls` module: one client connection as a machine between two byte queues. JavaScript feeds ciphertext from the
 * socket, asks for plaintext, and sends what `pull` returns. Nothing here calls JavaScript.
 */
#include "tls.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "modules.h"

typedef struct {
    SSL *ssl;
    BIO *incoming, *outgoing; /* owned by ssl */
    SSL_SESSION *fresh;       /* arrived since `takeSession` was last asked */
    unsigned long late_error; /* met behind plaintext that had to be delivered first */
} connection;

static JSClassID connection_class;
static int connection_index = -1;

static void connection_finalize(JSRuntime *rt, JSValue value)
{
    connection *c = JS_GetOpaque(value, connection_class);
    if (!c)
        return;
    SSL_free(c->ssl);
    SSL_SESSION_free(c->fresh);
    js_free_rt(rt, c);
}

static const JSClassDef connection_def = { .class_name = "GatewayTlsConnection", .finalizer = connection_finalize };

static connection *connection_of(JSContext *ctx, JSValueConst handle)
{
    return JS_GetOpaque2(ctx, handle, connection_class);
}

SSL *gw_tls_ssl_of(JSContext *ctx, JSValueConst handle)
{
    connection *c = connection_of(ctx, handle);
    return c ? c->ssl : NULL;
}

/* OpenSSL hands a new session over; 1 means that we keep the reference. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    connection *c = SSL_get_ex_data(ssl, connection_index);
    if (!c)
        return 0;
    SSL_SESSION_free(c->fresh);
    c->fresh = session;
    return 1;
}

/* connectionNew(context, server name or undefined, verify, session or undefined, ALPN list or undefined) */
static JSValue connection_new(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    uint8_t *session_bytes = NULL, *alpn = NULL;
    size_t session_len = 0, alpn_len = 0;
    const char *name = NULL;
    int check = JS_ToBool(ctx, argv[2]);
    SSL_CTX *context = gw_tls_context_of(ctx, argv[0]);
    if (!context || check < 0 ||
        (!JS_IsUndefined(argv[3]) && gw_bytes(ctx, argv[3], &session_bytes, &session_len)) ||
        (!JS_IsUndefined(argv[4]) && gw_bytes(ctx, argv[4], &alpn, &alpn_len)))
        return JS_EXCEPTION;
    if (!JS_IsUndefined(argv[1]) && !(name = JS_ToCString(ctx, argv[1])))
        return JS_EXCEPTION;
    ERR_clear_error();
    SSL_CTX_sess_set_new_cb(context, on_session);
    JSValue object = JS_NewObjectClass(ctx, (int)connection_class);
    connection *c = JS_IsException(object) ? NULL : js_mallocz(ctx, sizeof *c);
    if (!c)
        goto fail;
    JS_SetOpaque(object, c);
    c->ssl = SSL_new(context);
    c->incoming = BIO_new(BIO_s_mem());
    c->outgoing = BIO_new(BIO_s_mem());
    if (!c->ssl || !c->incoming || !c->outgoing) {
        BIO_free(c->incoming);
        BIO_free(c->outgoing);
        goto fail;
    }
    BIO_set_mem_eof_return(c->incoming, -1);
    BIO_set_mem_eof_return(c->outgoing, -1);
    SSL_set_bio(c->ssl, c->incoming, c->outgoing);
    SSL_set_connect_state(c->ssl);
    SSL_set_verify(c->ssl, check ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (SSL_set_ex_data(c->ssl, connection_index, c) != 1 || (name && SSL_set_tlsext_host_name(c->ssl, name) != 1) ||
        (alpn && SSL_set_alpn_protos(c->ssl, alpn, (unsigned int)alpn_len) != 0))
        goto fail;
    if (session_bytes) {
        const uint8_t *p = session_bytes;
        SSL_SESSION *session = d2i_SSL_SESSION(NULL, &p, (long)session_len);
        /* A session that this build can't read costs a full handshake, nothing else. */
        if (session)
            SSL_set_session(c->ssl, session);
        SSL_SESSION_free(session);
        ERR_clear_error();
    }
    if (name)
        JS_FreeCString(ctx, name);
    return object;
fail:
    if (name)
        JS_FreeCString(ctx, name);
    if (!JS_IsException(object))
        gw_throw_openssl(ctx, "out of memory");
    JS_FreeValue(ctx, object);
    return JS_EXCEPTION;
}

/* feed(connection, ciphertext) */
static JSValue feed(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    uint8_t *p;
    size_t len, written;
    connection *c = connection_of(ctx, argv[0]);
    if (!c || gw_bytes(ctx, argv[1], &p, &len))
        return JS_EXCEPTION;
    if (len > 0 && (BIO_write_ex(c->incoming, p, len, &written) != 1 || written != len))
        return gw_throw_openssl(ctx, "out of memory");
    return JS_UNDEFINED;
}

/* pull(connection) → ciphertext to send, or undefined */
static JSValue pull(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    uint8_t *p;
    size_t got = 0;
    connection *c = connection_of(ctx, argv[0]);
    if (!c)
        return JS_EXCEPTION;
    size_t len = BIO_ctrl_pending(c->outgoing);
    if (len == 0)
        return JS_UNDEFINED;
    JSValue buffer = gw_alloc_buffer(ctx, len, &p);
    if (JS_IsException(buffer))
        return buffer;
    if (BIO_read_ex(c->outgoing, p, len, &got) != 1 || got != len) {
        JS_FreeValue(ctx, buffer);
        return gw_throw_openssl(ctx, "lost outgoing data");
    }
    return buffer;
}

/* What a failed SSL_* call means: WAIT for more from the peer, END of its data, or an exception. */
enum { WAIT, END, FAILED };

static int outcome(JSContext *ctx, connection *c, int result)
{
    switch (SSL_get_error(c->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return WAIT;
    case SSL_ERROR_ZERO_RETURN:
        return END;
    default:
        break;
    }
    long verified = SSL_get_verify_result(c->ssl);
    if (verified != X509_V_OK && ERR_GET_REASON(ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        ERR_clear_error();
        gw_throw_code(ctx, GW_ERROR, gw_verify_code(verified), "%s", X509_verify_cert_error_string(verified));
    } else {
        gw_throw_openssl(ctx, "TLS failed");
    }
    return FAILED;
}

/* Emptying the error queue costs a tenth of a small record; it is empty nearly always. */
static void clear_errors(void)
{
    if (ERR_peek_error())
        ERR_clear_error();
}

/* handshake(connection) → true when it is done, false when the peer's next message is needed */
static JSValue handshake(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    connection *c = connection_of(ctx, argv[0]);
    if (!c)
        return JS_EXCEPTION;
    clear_errors();
    int result = SSL_do_handshake(c->ssl);
    if (result == 1)
        return JS_TRUE;
    return outcome(ctx, c, result) == FAILED ? JS_EXCEPTION : JS_FALSE;
}

/* Most that one `read` returns: four records. */
#define READ_SIZE (4 * SSL3_RT_MAX_PLAIN_LENGTH)

/* read(connection) → plaintext; undefined: nothing there; null: the peer has closed its side */
static JSValue read_plain(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    static uint8_t buffer[READ_SIZE];
    size_t len = 0, got;
    connection *c = connection_of(ctx, argv[0]);
    if (!c)
        return JS_EXCEPTION;
    clear_errors();
    if (c->late_error) {
        ERR_new();
        ERR_set_error(ERR_GET_LIB(c->late_error), ERR_GET_REASON(c->late_error), NULL);
        c->late_error = 0;
        return gw_throw_openssl(ctx, "TLS failed");
    }
    while (len < sizeof buffer) {
        int result = SSL_read_ex(c->ssl, buffer + len, sizeof buffer - len, &got);
        if (result == 1) {
            len += got;
            continue;
        }
        if (len > 0) {
            /* Deliver first; waiting and end come again next time, an error would lose its reason. */
            c->late_error = ERR_peek_error();
            clear_errors();
            break;
        }
        int meaning = outcome(ctx, c, result);
        return meaning == WAIT ? JS_UNDEFINED : meaning == END ? JS_NULL : JS_EXCEPTION;
    }
    JSValue data = gw_new_buffer(ctx, buffer, len);
    OPENSSL_cleanse(buffer, len);
    return data;
}

/* open(connection, ciphertext): feed and read in one */
static JSValue open_records(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    JSValue fed = feed(ctx, this_value, argc, argv);
    return JS_IsException(fed) ? fed : read_plain(ctx, this_value, argc, argv);
}

/* attention(connection) → whether takeSession, read or pull have something */
static JSValue attention(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    connection *c = connection_of(ctx, argv[0]);
    if (!c)
        return JS_EXCEPTION;
    return JS_NewBool(ctx, c->fresh || c->late_error || BIO_ctrl_pending(c->outgoing) || BIO_ctrl_pending(c->incoming) ||
                               SSL_pending(c->ssl) || (SSL_get_shutdown(c->ssl) & SSL_RECEIVED_SHUTDOWN));
}

static int write_all(JSContext *ctx, connection *c, const uint8_t *p, size_t len)
{
    size_t written;
    for (size_t done = 0; done < len; done += written) {
        int result = SSL_write_ex(c->ssl, p + done, len - done, &written);
        if (result == 1)
            continue;
        int meaning = outcome(ctx, c, result);
        if (meaning == WAIT)
            gw_throw_code(ctx, GW_ERROR, "ERR_INTERNAL_ASSERTION", "written before the handshake");
        else if (meaning == END)
            gw_throw_code(ctx, GW_ERROR, "EPIPE", "write EPIPE");
        return -1;
    }
    return 0;
}

/* seal(connection, chunks) → ciphertext to send. Small chunks share a record. */
static JSValue seal(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    static uint8_t record[SSL3_RT_MAX_PLAIN_LENGTH];
    size_t gathered = 0;
    connection *c = connection_of(ctx, argv[0]);
    if (!c)
        return JS_EXCEPTION;
    clear_errors();
    for (uint32_t i = 0;; i++) {
        uint8_t *p;
        size_t len;
        JSValue chunk = JS_GetPropertyUint32(ctx, argv[1], i);
        if (JS_IsUndefined(chunk))
            break;
        if (JS_IsException(chunk) || gw_bytes(ctx, chunk, &p, &len)) {
            JS_FreeValue(ctx, chunk);
            return JS_EXCEPTION;
        }
        int failed = 0;
        int large = len > sizeof record / 2;
        if (large || len > sizeof record - gathered) {
            failed = write_all(ctx, c, record, gathered);
            gathered = 0;
        }
        if (!failed && large) {
            failed = write_all(ctx, c, p, len);
        } else if (!failed) {
            memcpy(record + gathered, p, len);
            gathered += len;
        }
        JS_FreeValue(ctx, chunk);
        if (failed)
            return JS_EXCEPTION;
    }
    if (gathered > 0 && write_all(ctx, c, record, gathered))
        return JS_EXCEPTION;
    OPENSSL_cleanse(record, gathered);
    return pull(ctx, JS_UNDEFINED, argc, argv);
}

/* shutdown(connection): queues close_notify. */
static JSValue shut_down(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    connection *c = connection_of(ctx, argv[0]);
    if (!c)
        return JS_EXCEPTION;
    if (SSL_is_init_finished(c->ssl) && !(SSL_get_shutdown(c->ssl) & SSL_SENT_SHUTDOWN))
        SSL_shutdown(c->ssl);
    clear_errors();
    return JS_UNDEFINED;
}

static JSValue session_bytes_of(JSContext *ctx, SSL_SESSION *session)
{
    int len = i2d_SSL_SESSION(session, NULL);
    uint8_t *p;
    if (len <= 0)
        return JS_UNDEFINED;
    JSValue buffer = gw_alloc_buffer(ctx, (size_t)len, &p);
    if (!JS_IsException(buffer) && i2d_SSL_SESSION(session, &p) != len) {
        JS_FreeValue(ctx, buffer);
        return gw_throw_openssl(ctx, "unreadable session");
    }
    return buffer;
}

/* takeSession(connection) → the newest session that arrived since the last call, or undefined */
static JSValue take_session(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    connection *c = connection_of(ctx, argv[0]);
    if (!c)
        return JS_EXCEPTION;
    if (!c->fresh)
        return JS_UNDEFINED;
    JSValue buffer = session_bytes_of(ctx, c->fresh);
    SSL_SESSION_free(c->fresh);
    c->fresh = NULL;
    return buffer;
}

/* session(connection) → the session in use, or undefined */
static JSValue current_session(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    connection *c = connection_of(ctx, argv[0]);
    if (!c)
        return JS_EXCEPTION;
    SSL_SESSION *session = SSL_get_session(c->ssl);
    return session ? session_bytes_of(ctx, session) : JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("connectionNew", 5, connection_new),
    JS_CFUNC_DEF("feed", 2, feed),
    JS_CFUNC_DEF("pull", 1, pull),
    JS_CFUNC_DEF("handshake", 1, handshake),
    JS_CFUNC_DEF("read", 1, read_plain),
    JS_CFUNC_DEF("open", 2, open_records),
    JS_CFUNC_DEF("attention", 1, attention),
    JS_CFUNC_DEF("seal", 2, seal),
    JS_CFUNC_DEF("shutdown", 1, shut_down),
    JS_CFUNC_DEF("verifyResult", 1, gw_tls_verify_result),
    JS_CFUNC_DEF("peerChain", 1, gw_tls_peer_chain),
    JS_CFUNC_DEF("details", 1, gw_tls_details),
    JS_CFUNC_DEF("takeSession", 1, take_session),
    JS_CFUNC_DEF("session", 1, current_session),
};

int gw_init_tls(JSContext *ctx, JSValueConst object)
{
    if (gw_register_class(ctx, &connection_class, &connection_def))
        return -1;
    if (connection_index < 0)
        connection_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    if (connection_index < 0) {
        JS_ThrowInternalError(ctx, "OpenSSL has no room for connection data");
        return -1;
    }
    gw_set_functions(ctx, object, functions);
    return gw_tls_context_init(ctx, object);
}

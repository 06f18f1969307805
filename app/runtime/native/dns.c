/* getaddrinfo and getnameinfo, each call on a thread of its own. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "binding.h"
#include "loop.h"
#include "modules.h"
#include "net.h"
#include "work.h"

typedef struct {
    gw_work work;
    char *host;
    int family;
    int status;
    int system_error;
    struct addrinfo *found;
    JSValue callback;
} lookup;

typedef struct {
    gw_work work;
    struct sockaddr_storage address;
    socklen_t length;
    int status;
    int system_error;
    char host[NI_MAXHOST];
    char service[NI_MAXSERV];
    JSValue callback;
} reverse;

static void lookup_run(gw_work *work)
{
    lookup *item = (lookup *)work;
    const struct addrinfo hints = {.ai_family = item->family, .ai_socktype = SOCK_STREAM};
    errno = 0;
    item->status = getaddrinfo(item->host, NULL, &hints, &item->found);
    item->system_error = errno;
}

/* The codes that Node.js uses for getaddrinfo's. */
static const char *code_of(int status, int system_error)
{
    switch (status) {
    case EAI_NONAME:
#ifdef EAI_NODATA
#if EAI_NODATA != EAI_NONAME
    case EAI_NODATA:
#endif
#endif
        return "ENOTFOUND";
    case EAI_AGAIN:
        return "EAI_AGAIN";
    case EAI_BADFLAGS:
        return "EAI_BADFLAGS";
    case EAI_FAIL:
        return "EAI_FAIL";
    case EAI_FAMILY:
        return "EAI_FAMILY";
    case EAI_MEMORY:
        return "EAI_MEMORY";
    case EAI_SERVICE:
        return "EAI_SERVICE";
    case EAI_SOCKTYPE:
        return "EAI_SOCKTYPE";
    default: {
        const char *name = status == EAI_SYSTEM ? gw_errno_name(system_error) : NULL;
        return name != NULL ? name : "EAI_FAIL";
    }
    }
}

/* [address, 4 or 6, address, 4 or 6, …] without repetitions, in the resolver's order. */
static JSValue addresses_of(JSContext *ctx, const struct addrinfo *found)
{
    JSValue array = JS_NewArray(ctx);
    uint32_t count = 0;
    for (const struct addrinfo *entry = found; entry != NULL && !JS_IsException(array); entry = entry->ai_next) {
        char text[INET6_ADDRSTRLEN];
        const void *bytes;
        if (entry->ai_family == AF_INET)
            bytes = &((const struct sockaddr_in *)(const void *)entry->ai_addr)->sin_addr;
        else if (entry->ai_family == AF_INET6)
            bytes = &((const struct sockaddr_in6 *)(const void *)entry->ai_addr)->sin6_addr;
        else
            continue;
        if (inet_ntop(entry->ai_family, bytes, text, sizeof(text)) == NULL)
            continue;
        JS_DefinePropertyValueUint32(ctx, array, count++, JS_NewString(ctx, text), JS_PROP_C_W_E);
        JS_DefinePropertyValueUint32(ctx, array, count++, JS_NewInt32(ctx, entry->ai_family == AF_INET ? 4 : 6),
                                     JS_PROP_C_W_E);
    }
    return array;
}

/* callback(code or null, addresses) */
static void lookup_done(gw_work *work)
{
    lookup *item = (lookup *)work;
    JSContext *ctx = gw_loop_context();
    JSValue arguments[2];
    if (item->status != 0) {
        arguments[0] = JS_NewString(ctx, code_of(item->status, item->system_error));
        arguments[1] = JS_UNDEFINED;
    } else {
        arguments[0] = JS_NULL;
        arguments[1] = addresses_of(ctx, item->found);
        freeaddrinfo(item->found);
    }
    JSValue callback = item->callback;
    free(item->host);
    free(item);
    gw_loop_call(callback, JS_UNDEFINED, 2, (JSValueConst *)arguments);
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, arguments[0]);
    JS_FreeValue(ctx, arguments[1]);
}

static JSValue dns_lookup(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t family;
    if (argc < 3 || JS_ToInt32(ctx, &family, argv[1]) != 0)
        return JS_EXCEPTION;
    const char *host = JS_ToCString(ctx, argv[0]);
    if (host == NULL)
        return JS_EXCEPTION;
    lookup *item = calloc(1, sizeof(*item));
    if (item != NULL)
        item->host = strdup(host);
    JS_FreeCString(ctx, host);
    if (item == NULL || item->host == NULL) {
        free(item);
        return JS_ThrowOutOfMemory(ctx);
    }
    item->work.run = lookup_run;
    item->work.done = lookup_done;
    item->family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
    item->callback = JS_DupValue(ctx, argv[2]);
    int error = gw_work_start(&item->work);
    if (error != 0) {
        JS_FreeValue(ctx, item->callback);
        free(item->host);
        free(item);
        return gw_throw_errno(ctx, error, "pthread_create", NULL);
    }
    return JS_UNDEFINED;
}

static void reverse_run(gw_work *work)
{
    reverse *item = (reverse *)work;
    errno = 0;
    item->status = getnameinfo((const struct sockaddr *)&item->address, item->length, item->host, sizeof(item->host),
                               item->service, sizeof(item->service), NI_NAMEREQD);
    item->system_error = errno;
}

/* callback(code or null, host, service) */
static void reverse_done(gw_work *work)
{
    reverse *item = (reverse *)work;
    JSContext *ctx = gw_loop_context();
    JSValue arguments[3] = {JS_NULL, JS_UNDEFINED, JS_UNDEFINED};
    if (item->status != 0) {
        arguments[0] = JS_NewString(ctx, code_of(item->status, item->system_error));
    } else {
        arguments[1] = JS_NewString(ctx, item->host);
        arguments[2] = JS_NewString(ctx, item->service);
    }
    JSValue callback = item->callback;
    free(item);
    gw_loop_call(callback, JS_UNDEFINED, 3, (JSValueConst *)arguments);
    JS_FreeValue(ctx, callback);
    for (int i = 0; i < 3; i++)
        JS_FreeValue(ctx, arguments[i]);
}

/* lookupService(address, port, callback) */
static JSValue dns_lookup_service(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t port;
    if (argc < 3 || JS_ToInt32(ctx, &port, argv[1]) != 0)
        return JS_EXCEPTION;
    reverse *item = calloc(1, sizeof(*item));
    if (item == NULL)
        return JS_ThrowOutOfMemory(ctx);
    const char *address = JS_ToCString(ctx, argv[0]);
    int error = address == NULL ? -1 : gw_socket_address(address, port, &item->address, &item->length);
    JS_FreeCString(ctx, address);
    if (error != 0) {
        free(item);
        return address == NULL ? JS_EXCEPTION : gw_throw_errno(ctx, EINVAL, "getnameinfo", NULL);
    }
    item->work.run = reverse_run;
    item->work.done = reverse_done;
    item->callback = JS_DupValue(ctx, argv[2]);
    error = gw_work_start(&item->work);
    if (error != 0) {
        JS_FreeValue(ctx, item->callback);
        free(item);
        return gw_throw_errno(ctx, error, "pthread_create", NULL);
    }
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("lookupService", 3, dns_lookup_service),
    JS_CFUNC_DEF("lookup", 3, dns_lookup),
};

int gw_init_dns(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}

/* Socket addresses as texts. See net.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "binding.h"
#include "net.h"

int gw_socket_address(const char *text, int port, struct sockaddr_storage *address, socklen_t *length)
{
    memset(address, 0, sizeof(*address));
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        *length = sizeof(*v4);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        *length = sizeof(*v6);
        return 0;
    }
    return -1;
}

JSValue gw_socket_name(JSContext *ctx, int fd, int remote)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    int status = remote ? getpeername(fd, (struct sockaddr *)&address, &length)
                        : getsockname(fd, (struct sockaddr *)&address, &length);
    if (status != 0)
        return JS_UNDEFINED;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
    bool is_v4 = address.ss_family == AF_INET;
    const void *bytes = is_v4 ? (const void *)&v4->sin_addr : (const void *)&v6->sin6_addr;
    char text[INET6_ADDRSTRLEN];
    if (inet_ntop(address.ss_family, bytes, text, sizeof(text)) == NULL)
        return JS_UNDEFINED;
    JSValue result = JS_NewArray(ctx);
    if (JS_IsException(result))
        return result;
    int port = ntohs(is_v4 ? v4->sin_port : v6->sin6_port);
    JS_DefinePropertyValueUint32(ctx, result, 0, JS_NewString(ctx, text), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, result, 1, JS_NewInt32(ctx, port), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, result, 2, JS_NewInt32(ctx, is_v4 ? 4 : 6), JS_PROP_C_W_E);
    return result;
}

/* isIP(text) → 0, 4 or 6 */
JSValue gw_socket_is_ip(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    if (argc < 1 || !JS_IsString(argv[0]))
        return JS_NewInt32(ctx, 0);
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
    if (text == NULL)
        return JS_EXCEPTION;
    char copy[64];
    int family = 0;
    if (length < sizeof(copy) && strlen(text) == length) {
        memcpy(copy, text, length + 1);
        unsigned char bytes[16];
        char *zone = strchr(copy, '%');
        if (inet_pton(AF_INET, copy, bytes) == 1)
            family = 4;
        if (zone != NULL && zone[1] != '\0')
            *zone = '\0';
        if (family == 0 && inet_pton(AF_INET6, copy, bytes) == 1)
            family = 6;
    }
    JS_FreeCString(ctx, text);
    return JS_NewInt32(ctx, family);
}

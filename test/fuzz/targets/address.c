/* Addresses as texts: from settings, from certificates, from DNS answers. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "net.h"

void fuzz_one(void)
{
    int port = (int)fuzz_u32();
    size_t length;
    const uint8_t *from = fuzz_take(fuzz_left(), &length);
    char *text = malloc(length + 1);
    fuzz_require(text != NULL, "out of memory");
    if (length > 0)
        memcpy(text, from, length);
    text[length] = '\0';
    struct sockaddr_storage address;
    socklen_t address_length = 0;
    int usable = gw_socket_address(text, port, &address, &address_length) == 0;
    if (usable)
        fuzz_require(address_length <= sizeof address && (address.ss_family == AF_INET || address.ss_family == AF_INET6),
                     "an address of no family");
    int family = 0;
    JSValue told = FUZZ_CALL("net", "isIP", JS_NewStringLen(fuzz_context, (const char *)from, length));
    fuzz_require(JS_ToInt32(fuzz_context, &family, told) == 0, "isIP gives no number");
    bool plain = memchr(text, '\0', length) == NULL && memchr(text, '%', length) == NULL;
    if (plain)
        fuzz_require((family != 0) == usable, "isIP and the socket disagree about an address");
    fuzz_free(told);
    free(text);
}

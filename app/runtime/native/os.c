/* What `os` needs: names, memory, load, network interfaces, error and signal numbers. */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "binding.h"
#include "modules.h"

/* [system name, node name, release, version, machine] */
static JSValue os_uname(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    struct utsname name;
    if (uname(&name) != 0)
        return gw_throw_errno(ctx, errno, "uname", NULL);
    const char *texts[] = {name.sysname, name.nodename, name.release, name.version, name.machine};
    JSValue array = JS_NewArray(ctx);
    for (int i = 0; i < GW_COUNT(texts) && !JS_IsException(array); i++)
        JS_DefinePropertyValueUint32(ctx, array, (uint32_t)i, JS_NewString(ctx, texts[i]), JS_PROP_C_W_E);
    return array;
}

/* [total memory, free memory, load 1, load 5, load 15, seconds since boot, processors] */
static JSValue os_info(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    struct sysinfo info;
    if (sysinfo(&info) != 0)
        return gw_throw_errno(ctx, errno, "sysinfo", NULL);
    const double values[] = {
        (double)info.totalram * info.mem_unit,
        (double)info.freeram * info.mem_unit,
        (double)info.loads[0] / 65536,
        (double)info.loads[1] / 65536,
        (double)info.loads[2] / 65536,
        (double)info.uptime,
        (double)sysconf(_SC_NPROCESSORS_ONLN),
    };
    JSValue array = JS_NewArray(ctx);
    for (int i = 0; i < GW_COUNT(values) && !JS_IsException(array); i++)
        JS_DefinePropertyValueUint32(ctx, array, (uint32_t)i, JS_NewFloat64(ctx, values[i]), JS_PROP_C_W_E);
    return array;
}

static const char *mac_of(const struct ifaddrs *list, const char *name, char text[18])
{
    snprintf(text, 18, "00:00:00:00:00:00");
    for (const struct ifaddrs *entry = list; entry != NULL; entry = entry->ifa_next) {
        if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != AF_PACKET || strcmp(entry->ifa_name, name) != 0)
            continue;
        const unsigned char *mac = ((const struct sockaddr_ll *)(const void *)entry->ifa_addr)->sll_addr;
        snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    }
    return text;
}

static socklen_t address_length(const struct sockaddr *address)
{
    return address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* [[name, address, netmask, family (4 or 6), mac, internal], …] of interfaces that are up. */
static JSValue os_interfaces(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    (void)argv;
    struct ifaddrs *list;
    if (getifaddrs(&list) != 0)
        return gw_throw_errno(ctx, errno, "uv_interface_addresses", NULL);
    JSValue array = JS_NewArray(ctx);
    uint32_t count = 0;
    for (const struct ifaddrs *entry = list; entry != NULL && !JS_IsException(array); entry = entry->ifa_next) {
        if (entry->ifa_addr == NULL || entry->ifa_netmask == NULL || (entry->ifa_flags & IFF_UP) == 0)
            continue;
        int family = entry->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6)
            continue;
        char address[64];
        char netmask[64];
        char mac[18];
        socklen_t length = address_length(entry->ifa_addr);
        if (getnameinfo(entry->ifa_addr, length, address, sizeof(address), NULL, 0, NI_NUMERICHOST) != 0 ||
            getnameinfo(entry->ifa_netmask, length, netmask, sizeof(netmask), NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        JSValue item = JS_NewArray(ctx);
        if (JS_IsException(item))
            break;
        JS_DefinePropertyValueUint32(ctx, item, 0, JS_NewString(ctx, entry->ifa_name), JS_PROP_C_W_E);
        JS_DefinePropertyValueUint32(ctx, item, 1, JS_NewString(ctx, address), JS_PROP_C_W_E);
        JS_DefinePropertyValueUint32(ctx, item, 2, JS_NewString(ctx, netmask), JS_PROP_C_W_E);
        JS_DefinePropertyValueUint32(ctx, item, 3, JS_NewInt32(ctx, family == AF_INET ? 4 : 6), JS_PROP_C_W_E);
        JS_DefinePropertyValueUint32(ctx, item, 4, JS_NewString(ctx, mac_of(list, entry->ifa_name, mac)), JS_PROP_C_W_E);
        JS_DefinePropertyValueUint32(ctx, item, 5, JS_NewBool(ctx, (entry->ifa_flags & IFF_LOOPBACK) != 0), JS_PROP_C_W_E);
        JS_DefinePropertyValueUint32(ctx, array, count++, item, JS_PROP_C_W_E);
    }
    freeifaddrs(list);
    return array;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("uname", 0, os_uname),
    JS_CFUNC_DEF("info", 0, os_info),
    JS_CFUNC_DEF("interfaces", 0, os_interfaces),
};

#define NUMBER(name) JS_PROP_INT32_DEF(#name, name, JS_PROP_ENUMERABLE)

static const JSCFunctionListEntry signals[] = {
    NUMBER(SIGHUP),  NUMBER(SIGINT),  NUMBER(SIGQUIT), NUMBER(SIGILL),  NUMBER(SIGTRAP), NUMBER(SIGABRT), NUMBER(SIGBUS),
    NUMBER(SIGFPE),  NUMBER(SIGKILL), NUMBER(SIGUSR1), NUMBER(SIGSEGV), NUMBER(SIGUSR2), NUMBER(SIGPIPE), NUMBER(SIGALRM),
    NUMBER(SIGTERM), NUMBER(SIGCHLD), NUMBER(SIGCONT), NUMBER(SIGSTOP), NUMBER(SIGTSTP), NUMBER(SIGXCPU), NUMBER(SIGXFSZ),
    NUMBER(SIGWINCH), NUMBER(SIGSYS),
};

static const JSCFunctionListEntry errors[] = {
    NUMBER(EACCES),       NUMBER(EADDRINUSE),   NUMBER(EAGAIN),      NUMBER(EBADF),      NUMBER(EBUSY),
    NUMBER(ECANCELED),    NUMBER(ECONNABORTED), NUMBER(ECONNREFUSED), NUMBER(ECONNRESET), NUMBER(EEXIST),
    NUMBER(EHOSTUNREACH), NUMBER(EINTR),        NUMBER(EINVAL),      NUMBER(EIO),        NUMBER(EISDIR),
    NUMBER(EMFILE),       NUMBER(ENETUNREACH),  NUMBER(ENOENT),      NUMBER(ENOMEM),     NUMBER(ENOSPC),
    NUMBER(ENOTCONN),     NUMBER(ENOTDIR),      NUMBER(ENOTEMPTY),   NUMBER(EPERM),      NUMBER(EPIPE),
    NUMBER(EROFS),        NUMBER(ETIMEDOUT),    NUMBER(EXDEV),
};

static int set_table(JSContext *ctx, JSValueConst object, const char *name, const JSCFunctionListEntry *table, int count)
{
    JSValue target = JS_NewObject(ctx);
    if (JS_IsException(target))
        return -1;
    JS_SetPropertyFunctionList(ctx, target, table, count);
    return JS_DefinePropertyValueStr(ctx, object, name, target, JS_PROP_C_W_E) < 0 ? -1 : 0;
}

int gw_init_os(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    if (set_table(ctx, object, "signals", signals, GW_COUNT(signals)) != 0)
        return -1;
    return set_table(ctx, object, "errors", errors, GW_COUNT(errors));
}

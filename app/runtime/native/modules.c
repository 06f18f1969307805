/* The table of native modules. See modules.h. */
#include "modules.h"

#include <stddef.h>

static const struct {
    const char *name;
    int (*init)(JSContext *ctx, JSValueConst object);
} modules[] = {
    {"core", gw_init_core},
    {"timers", gw_init_timers},
    {"immediates", gw_init_immediates},
    {"ticks", gw_init_ticks},
    {"events", gw_init_events},
    {"process", gw_init_process},
    {"fs", gw_init_fs},
    {"fs_io", gw_init_fs_io},
    {"os", gw_init_os},
    {"net", gw_init_net},
    {"dns", gw_init_dns},
    {"fdio", gw_init_fdio},
    {"cell", gw_init_cell},
    {"device", gw_init_device},
    {"netlink", gw_init_netlink},
    {"packet_filter", gw_init_packet_filter},
    {"watchdog", gw_init_watchdog},
    {"buffer", gw_init_buffer},
    {"utf8", gw_init_utf8},
    {"crypto", gw_init_crypto},
    {"x509", gw_init_x509},
    {"tls", gw_init_tls},
    {"codec", gw_init_codec},
    {"message_keys", gw_init_message_keys},
};

int gw_install_modules(JSContext *ctx)
{
    JSValue gateway = JS_NewObject(ctx);
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        if (modules[i].init == NULL)
            continue;
        JSValue object = JS_NewObject(ctx);
        if (JS_IsException(object) || modules[i].init(ctx, object) != 0) {
            JS_FreeValue(ctx, object);
            JS_FreeValue(ctx, gateway);
            return -1;
        }
        JS_DefinePropertyValueStr(ctx, gateway, modules[i].name, object, JS_PROP_C_W_E);
    }
    JSValue global = JS_GetGlobalObject(ctx);
    int status = JS_DefinePropertyValueStr(ctx, global, "__gateway", gateway, JS_PROP_CONFIGURABLE);
    JS_FreeValue(ctx, global);
    return status < 0 ? -1 : 0;
}

/*
 * The native modules. Each fills one object, `__gateway.<name>`, with its functions and returns 0, or -1 with an
 * exception pending. A module whose source files are absent is left out of the build: the symbols are weak.
 */
#ifndef GW_MODULES_H
#define GW_MODULES_H

#include "quickjs.h"

#define GW_MODULE(name) __attribute__((weak)) int gw_init_##name(JSContext *ctx, JSValueConst object)

GW_MODULE(core);
GW_MODULE(timers);
GW_MODULE(immediates);
GW_MODULE(ticks);
GW_MODULE(events);
GW_MODULE(process);
GW_MODULE(fs);
GW_MODULE(fs_io);
GW_MODULE(os);
GW_MODULE(net);
GW_MODULE(dns);
GW_MODULE(fdio);
GW_MODULE(cell);
GW_MODULE(device);
GW_MODULE(netlink);
GW_MODULE(packet_filter);
GW_MODULE(watchdog);
GW_MODULE(buffer);
GW_MODULE(utf8);
GW_MODULE(crypto);
GW_MODULE(x509);
GW_MODULE(tls);
GW_MODULE(codec);
GW_MODULE(message_keys);

/* Creates the global `__gateway` with one object per module present. Returns 0 or -1 with an exception pending. */
int gw_install_modules(JSContext *ctx);

#endif

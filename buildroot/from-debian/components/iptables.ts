import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Recipe } from "../recipe.ts";
import { CFLAGS, LDFLAGS } from "../toolchain.ts";

/** The matches and targets that rules on the card use; every other extension stays out of the binary. */
const EXTENSIONS = ["libxt_conntrack.c", "libxt_standard.c", "libxt_tcp.c", "libxt_udp.c"];

/** iptables, the legacy variant: it talks to the kernel by itself, where nftables would need two netlink libraries. */
export const iptables: Recipe = {
  name: "iptables",
  source: "iptables",
  needs: ["toolchain"],
  inputs: [],
  async build(kit) {
    const folder = await kit.unpack();
    for (const name of readdirSync(join(folder, "extensions"))) {
      if (/^lib(xt|ipt|ip6t|arpt|ebt)_.*\.c$/.test(name) && !EXTENSIONS.includes(name)) {
        rmSync(join(folder, "extensions", name));
      }
    }
    const features = [
      "--enable-static",
      "--disable-shared",
      "--disable-ipv6",
      "--disable-nftables",
      "--disable-devel",
    ];
    await kit.run(["./configure", "--host=i586-linux-musl", "--prefix=/usr", ...features], {
      cwd: folder,
      env: kit.environment({
        CC: "i586-gcc",
        AR: "i586-ar",
        RANLIB: "i586-ranlib",
        CFLAGS: `${CFLAGS.join(" ")} -D__UAPI_DEF_ETHHDR=0`,
        LDFLAGS: LDFLAGS.join(" "),
      }),
    });
    await kit.make(["-s"], { cwd: folder });
    await kit.install(join(folder, "iptables/xtables-legacy-multi"), "usr/sbin/xtables-legacy-multi");
    kit.keepLicence(folder, ["COPYING"]);
  },
};

import { join } from "node:path";
import type { Recipe } from "../recipe.ts";
import { CFLAGS, LDFLAGS } from "../toolchain.ts";

/** The DHCP client; its configuration syntax is the product's interface (R29). IPv4 only, no hooks but ours. */
export const dhcpcd: Recipe = {
  name: "dhcpcd",
  source: "dhcpcd",
  needs: ["toolchain"],
  inputs: [],
  async build(kit) {
    const folder = await kit.unpack();
    const places = ["--prefix=/usr", "--sbindir=/sbin", "--sysconfdir=/etc", "--libexecdir=/usr/lib/dhcpcd"];
    // The root file system is read-only: leases live as long as the system runs
    const state = ["--dbdir=/run/dhcpcd/db", "--rundir=/run/dhcpcd"];
    const features = ["--enable-static", "--disable-inet6", "--disable-ipv4ll", "--disable-auth"];
    // What reads packets runs without privileges, in an empty folder, under seccomp
    const walls = ["--enable-privsep", "--privsepuser=gw-dhcp", "--enable-seccomp"];
    const without = ["--without-dev", "--without-udev", "--without-openssl", "--with-hooks="];
    await kit.run(
      [
        "./configure",
        "--os=linux",
        ...places,
        ...state,
        ...features,
        ...walls,
        ...without,
        "--build=i586-linux-musl",
      ],
      {
        cwd: folder,
        env: kit.environment({ CC: "i586-gcc", CFLAGS: CFLAGS.join(" "), LDFLAGS: LDFLAGS.join(" ") }),
      },
    );
    await kit.make(["-s", "-C", "src", "dhcpcd"], { cwd: folder });
    await kit.install(join(folder, "src/dhcpcd"), "sbin/dhcpcd");
    kit.keepLicence(folder, ["LICENSE"]);
  },
};

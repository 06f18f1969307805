import { join } from "node:path";
import { boardOptions, optionsFile } from "../board.ts";
import type { Recipe } from "../recipe.ts";
import { CFLAGS, LDFLAGS } from "../toolchain.ts";

/** The DHCP client; its configuration syntax is the product's interface (R29). IPv4 only, no hooks but ours. */
export const dhcpcd: Recipe = {
  name: "dhcpcd",
  source: "dhcpcd",
  needs: ["toolchain"],
  inputs: [optionsFile("dhcpcd")],
  async build(kit) {
    const folder = await kit.unpack();
    const places = ["--prefix=/usr", "--sbindir=/sbin", "--sysconfdir=/etc", "--libexecdir=/usr/lib/dhcpcd"];
    await kit.run(
      [
        "./configure",
        "--os=linux",
        ...places,
        "--enable-static",
        ...boardOptions("dhcpcd"),
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

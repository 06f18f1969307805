import { IPV6_OFF_WORDS, IPV6_WORDS, OTHER_WORDS, OWN_WORDS } from "./dhcpcd-words.ts";
import { ConfigFault } from "./fault.ts";
import { contains as isIn, type Network, overlap, parseIpv4, partOfNetwork } from "./ipv4.ts";
import type { RawFile } from "./raw-files.ts";
import type { RuleId, RuleValues } from "./rules.ts";

/** `/etc/dhcpcd.conf` of HW-INW and HW-ENW: what dhcpcd would make of it (R29–R32). */

/** The two partitions, and what the one interface of each is called on the gateway. */
export const SIDES = { "HW-INW": "X2P1", "HW-ENW": "X1P1" } as const;
export type NetworkPartition = keyof typeof SIDES;
export const NETWORK_FILE = "/etc/dhcpcd.conf";

const LONGEST_SHOWN = 64;
const STATIC = /^([a-z][a-z0-9_]*)=(\S.*)$/;
const PREFIX = /^(?:[1-9]|[12]\d|3[0-2])$/;
/** A `#` begins a comment, unless the setting may have one in quotes. */
const COMMENT = /#.*$/;
const ADDRESS_SETTING = /static.*(?:ip_address|routers|domain_name|broadcast)/;
/** What the device reads of such a file. */
const MOST_LINES = 200;
const LONGEST_LINE = 300;
/** Values of `static` that are addresses; the first may have a prefix. */
const ADDRESSES: readonly string[] = ["ip_address", "routers", "domain_name_servers", "broadcast_address"];

/** What a file says about its side. */
export interface NetworkSettings {
  readonly partition: NetworkPartition;
  /** Null: the address comes from a DHCP server. */
  readonly network: Network | null;
  /** As it is written, for messages. */
  readonly address: string;
  readonly routers: readonly string[];
  readonly nameServers: readonly string[];
  /** False when the file was faulty: then the lack of something means nothing. */
  readonly whole: boolean;
  readonly fault: (rule: RuleId, values: RuleValues) => ConfigFault;
}

class NetworkReader {
  readonly #partition: NetworkPartition;
  readonly found: ConfigFault[] = [];
  readonly #lines = new Map<string, number>();
  readonly #values = new Map<string, readonly string[]>();
  #line = 0;
  #network: Network | null = null;
  #hasBlock = false;
  #isSkipping = false;

  constructor(partition: NetworkPartition) {
    this.#partition = partition;
  }

  read(text: string): NetworkSettings {
    const lines = text.replace(/\n$/, "").split("\n");
    for (const [index, line] of lines.entries()) {
      this.#line = index + 1;
      const isTooLong = Buffer.byteLength(line) > LONGEST_LINE;
      if (isTooLong || index >= MOST_LINES)
        this.#complain("network-length", { lines: MOST_LINES, bytes: LONGEST_LINE });
      if (index >= MOST_LINES) break;
      if (!isTooLong) this.#directive(line);
    }
    const routers = this.#values.get("routers") ?? [];
    const [address = ""] = this.#values.get("ip_address") ?? [];
    if (this.#network) {
      this.#line = this.#lines.get("static routers") ?? 0;
      for (const router of routers) {
        const number = parseIpv4(router);
        if (number !== null && !isIn(this.#network, number))
          this.#complain("network-router-outside", { router, address });
      }
    }
    const file = this.#file();
    return {
      partition: this.#partition,
      network: this.#network,
      address,
      routers,
      nameServers: this.#values.get("domain_name_servers") ?? [],
      whole: !this.found.some(({ severity }) => severity === "error"),
      fault: (rule, values) => new ConfigFault({ rule, file, values }),
    };
  }

  #file(): string {
    return `${this.#partition}:${NETWORK_FILE}`;
  }

  #complain(rule: RuleId, values: RuleValues = {}): void {
    const place = this.#line > 0 ? { line: this.#line, column: 1 } : undefined;
    this.found.push(new ConfigFault({ rule, file: this.#file(), place, values }));
  }

  #directive(line: string): void {
    const text = line.trim();
    if (text === "" || text.startsWith("#") || text.startsWith(";")) return;
    const hasQuotes = text.includes('"') && !ADDRESS_SETTING.test(text);
    const [name = "", ...rest] = (hasQuotes ? text : text.replace(COMMENT, "")).trim().split(/\s+/);
    const argument = rest.join(" ");
    if (name === "interface") {
      this.#interface(argument);
      return;
    }
    // Belongs to a block for another interface: the line that begins it has been told.
    if (this.#isSkipping) return;
    if (name === "static") this.#static(argument);
    else if (OWN_WORDS.has(name)) this.#complain("network-own", { name });
    else if (IPV6_WORDS.has(name)) this.#complain("network-ipv6", { name });
    else if (!OTHER_WORDS.has(name) && !IPV6_OFF_WORDS.has(name))
      this.#complain("network-directive", { name: JSON.stringify(name.slice(0, LONGEST_SHOWN)) });
  }

  /**
   * A block with our own name is ours; so is the first one with any other, as on a KISG 100, unless it has the other
   * side's name.
   */
  #interface(name: string): void {
    const own = SIDES[this.#partition];
    if (this.#isSkipping && name !== own) return;
    const names: readonly string[] = Object.values(SIDES);
    this.#isSkipping = name !== own && (this.#hasBlock || names.includes(name));
    this.#hasBlock = true;
    if (this.#isSkipping) this.#complain("network-interface", { name: name || "(none)", own });
    else this.#complain("network-interface-needless", { own });
  }

  #static(argument: string): void {
    const [, name = "", value = ""] = STATIC.exec(argument) ?? [];
    if (name === "" || value === "") {
      this.#complain("network-static");
      return;
    }
    const full = `static ${name}`;
    const earlier = this.#lines.get(full);
    if (earlier !== undefined) this.#complain("network-twice", { name: full, line: earlier });
    this.#lines.set(full, this.#line);
    if (name.startsWith("ip6")) this.#complain("network-ipv6", { name: full });
    if (!ADDRESSES.includes(name)) return;
    const words = value.split(/\s+/);
    this.#values.set(name, words);
    if (name === "ip_address") this.#network = this.#networkOf(value);
    else
      for (const word of words)
        if (parseIpv4(word) === null) this.#complain("network-address", { found: JSON.stringify(word) });
  }

  #networkOf(value: string): Network | null {
    const [text = "", length, ...more] = value.split("/");
    const found = JSON.stringify(value.slice(0, LONGEST_SHOWN));
    const address = parseIpv4(text);
    const prefix = Number(length);
    const hasPrefix = length !== undefined && PREFIX.test(length);
    if (address === null || more.length > 0) this.#complain("network-address", { found });
    else if (!hasPrefix) this.#complain("network-prefix", { found });
    else {
      const part = partOfNetwork({ address, prefix });
      if (part === null) return { address, prefix };
      this.#complain("network-no-host", { found, part });
    }
    return null;
  }
}

/** One side's file with all that is wrong or odd about it; without a file the side asks a DHCP server (R28). */
export function examineNetwork(
  partition: NetworkPartition,
  raw: RawFile,
): { readonly settings: NetworkSettings | null; readonly found: readonly ConfigFault[] } {
  if ("problem" in raw) {
    const file = `${partition}:${NETWORK_FILE}`;
    const values = { reason: raw.problem };
    return {
      settings: null,
      found: raw.absent ? [] : [new ConfigFault({ rule: "network-file", file, values })],
    };
  }
  const reader = new NetworkReader(partition);
  const settings = reader.read(raw.bytes.toString("utf8").replace(/^\uFEFF/, ""));
  return { settings, found: reader.found };
}

/** What only shows when both networks, or a network and its peer, are seen together (R27, R31). */
export function checkNetworks(
  sides: readonly NetworkSettings[],
  hosts: Readonly<Record<NetworkPartition, string | null>>,
): ConfigFault[] {
  const found: ConfigFault[] = [];
  for (const { partition, network, address, routers, nameServers, whole, fault } of sides) {
    const host = hosts[partition];
    if (!whole || !network || host === null) continue;
    const number = parseIpv4(host);
    if (number === null) {
      if (nameServers.length === 0) found.push(fault("network-no-names", { host }));
    } else if (!isIn(network, number) && routers.length === 0)
      found.push(fault("network-peer-outside", { host, address }));
  }
  const [inner, outer] = [sides.find(isInner), sides.find((side) => !isInner(side))];
  if (inner?.network && outer?.network && overlap(inner.network, outer.network))
    found.push(outer.fault("network-overlap", { internal: inner.address, external: outer.address }));
  return found;
}

function isInner({ partition }: NetworkSettings): boolean {
  return partition === "HW-INW";
}

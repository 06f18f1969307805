/** What breaks each rule of health log, network and leftovers, for app-config-rules.test.ts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ConfigFault } from "../../app/config/fault.ts";
import { examineLogSettings } from "../../app/config/log-settings.ts";
import { checkNetworks, examineNetwork, type NetworkPartition } from "../../app/config/network-file.ts";
import type { RuleId } from "../../app/config/rules.ts";
import type { SITE_RULES } from "../../app/config/rules-site.ts";
import { examineSite } from "../../app/config/site.ts";

/** What breaks a rule (and nothing else, unless `also` says so), and the line that it gives. */
export interface RuleCase {
  readonly faults: () => readonly ConfigFault[];
  readonly message: RegExp;
  readonly also?: readonly RuleId[];
}

function log(text: string): readonly ConfigFault[] {
  const { faults, warnings } = examineLogSettings(text);
  return [...faults, ...warnings];
}

const raw = (text: string) => ({ bytes: Buffer.from(text) });

/** One side's file by itself. */
export function network(...lines: readonly string[]): readonly ConfigFault[] {
  return examineNetwork("HW-INW", raw(`${lines.join("\n")}\n`)).found;
}

const GOOD = ["static ip_address=192.168.1.177/24", "static routers=192.168.1.1"];
const HOSTS: Readonly<Record<NetworkPartition, string | null>> = { "HW-INW": null, "HW-ENW": null };

/** Files of both sides with what they are for. */
function networks(options: {
  readonly inner: readonly string[];
  readonly outer?: readonly string[];
  readonly hosts?: Partial<typeof HOSTS>;
}): readonly ConfigFault[] {
  const { inner, outer = [], hosts } = options;
  const sides = (["HW-INW", "HW-ENW"] as const).map((partition, index) =>
    examineNetwork(partition, raw((index === 0 ? inner : outer).join("\n"))),
  );
  const settings = sides.flatMap((side) => side.settings ?? []);
  return [...sides.flatMap(({ found }) => found), ...checkNetworks(settings, { ...HOSTS, ...hosts })];
}

/** What is said of files on a card that has no settings, besides that these are missing. */
export function site(files: Readonly<Record<string, string>>, logBytes = 1e12): readonly ConfigFault[] {
  const root = mkdtempSync(join(tmpdir(), "gwcard-rules-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    mkdirSync(join(root, "HW-IDS"), { recursive: true });
    const log = join(root, "HW-LOG");
    const networks = { "HW-INW": null, "HW-ENW": null };
    const { found } = examineSite({ ids: join(root, "HW-IDS"), networks, log, logBytes });
    return found.filter(({ rule }) => rule !== "file-unreadable");
  } finally {
    rmSync(root, { recursive: true });
  }
}

export const SITE_CASES: Readonly<Record<keyof typeof SITE_RULES, RuleCase>> = {
  "log-limit": {
    faults: () => log("LogFileSizeLimit=ten\nDirectorySizeLimit=20"),
    message:
      /^HW-LOG:\/logs\/\.log, line 1, column 1: LogFileSizeLimit must be a positive number of bytes; no health log is written\. Cure: write LogFileSizeLimit=<bytes>, for example LogFileSizeLimit=100000000/,
  },
  "log-file": {
    faults: () => [
      new ConfigFault({
        rule: "log-file",
        file: "HW-LOG:/logs/.log",
        values: { reason: "it is a directory" },
      }),
    ],
    message: /^HW-LOG:\/logs\/\.log: it is a directory\. Cure: correct the file on the card/,
  },
  "log-limits-order": {
    faults: () => log("LogFileSizeLimit=200\nDirectorySizeLimit=100\n"),
    message: /\.log, line 2, column 1: DirectorySizeLimit is smaller than LogFileSizeLimit;/,
  },
  "log-card": {
    faults: () => site({ "HW-LOG/logs/.log": "LogFileSizeLimit=10\nDirectorySizeLimit=1001\n" }, 1000),
    message: /^HW-LOG:\/logs\/\.log: DirectorySizeLimit is more than the 1000 bytes of HW-LOG;/,
  },
  "log-line": {
    faults: () => log("LogFileSizeLimit=10\nDirectorySizeLimit=100\nlogFileSizeLimit=9\n"),
    message: /\.log, line 3, column 1: the line is none of LogFileSizeLimit=<bytes> and /,
  },
  "file-backup": {
    faults: () => site({ "HW-IDS/app/Core/pki/private/transfer/mqtt/publisher/mqtt-client.key~": "x" }),
    message:
      /^HW-IDS:\/app\/Core\/pki\/private\/transfer\/mqtt\/publisher\/mqtt-client\.key~: it looks like a/,
  },
  "file-unused": {
    faults: () => site({ "HW-IDS/app/Core/config/transfer/opc_ua/client/OpcUaClientSettings-1.json": "{}" }),
    message: /^HW-IDS:.*OpcUaClientSettings-1\.json: the gateway does not use this file\. Cure: remove it/,
  },
  "network-file": {
    faults: () => examineNetwork("HW-ENW", { problem: "it is a directory", absent: false }).found,
    message: /^HW-ENW:\/etc\/dhcpcd\.conf: it is a directory\. Cure: correct the file/,
  },
  "network-directive": {
    faults: () => network("statik ip_address=192.168.1.177/24"),
    message: /line 1, column 1: dhcpcd knows no setting "statik", it has no effect/,
  },
  "network-interface": {
    faults: () => network("interface X1P1", ...GOOD),
    message:
      /line 1, .*: what stands below this line is left out: it is for the interface X1P1, and this file is for X2P1 alone/,
  },
  "network-interface-needless": {
    faults: () => network("interface eth0", ...GOOD),
    message:
      /line 1, .*: the line is not needed: this file is for X2P1 alone, and what stands below it is used/,
  },
  "network-own": {
    faults: () => network("script /tmp/x"),
    message: /line 1, .*: script is left out: it is not for a file to decide on this device/,
  },
  "network-ipv6": {
    faults: () => network("static ip6_address=fd00::1/64"),
    message: /line 1, .*: the gateway speaks IPv4 only, static ip6_address has no effect/,
  },
  "network-static": {
    faults: () => network("static ip_address 192.168.1.177/24"),
    message: /line 1, .*: must be written static ip_address=A\.B\.C\.D\/PREFIX/,
  },
  "network-address": {
    faults: () => network("static ip_address=192.168.1.777/24"),
    message: /line 1, .*: "192\.168\.1\.777\/24" is no IPv4 address/,
  },
  "network-prefix": {
    faults: () => network("static ip_address=192.168.1.177"),
    message: /line 1, .*: "192\.168\.1\.177" has no prefix length from 1 to 32\. Cure: write the address as/,
  },
  "network-no-host": {
    faults: () => network("static ip_address=192.168.1.255/24"),
    message: /line 1, .*: "192\.168\.1\.255\/24" is the broadcast address of its network/,
  },
  "network-router-outside": {
    faults: () => network("static ip_address=192.168.1.177/24", "static routers=192.168.2.1"),
    message: /line 2, .*: the router 192\.168\.2\.1 is not in the network of 192\.168\.1\.177\/24/,
  },
  "network-length": {
    faults: () => network(...GOOD, `# ${"x".repeat(300)}`),
    message: /line 3, .*: the gateway reads lines of up to 300 bytes, and no more than 200 of them/,
  },
  "network-twice": {
    faults: () => network(...GOOD, "static routers=192.168.1.2"),
    message: /line 3, .*: static routers was set in line 2 already; the last one counts/,
  },
  "network-overlap": {
    faults: () => networks({ inner: GOOD, outer: ["static ip_address=192.168.0.9/16"] }),
    message:
      /^HW-ENW:.*: the internal network 192\.168\.1\.177\/24 and the external network 192\.168\.0\.9\/16 overlap/,
  },
  "network-peer-outside": {
    faults: () => networks({ inner: GOOD.slice(0, 1), hosts: { "HW-INW": "192.168.177.7" } }),
    message:
      /^HW-INW:.*: 192\.168\.177\.7 is not in the network of 192\.168\.1\.177\/24, and there is no static/,
  },
  "network-no-names": {
    faults: () => networks({ inner: GOOD, hosts: { "HW-INW": "plc.local" } }),
    message: /^HW-INW:.*: the static settings name no name server, so the name plc\.local can't be found/,
  },
};

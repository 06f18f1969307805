/**
 * What one value's time on the device goes into. The cells' shares are instructions of the card's own i586 build,
 * counted exactly outside of the device; OpenSSL's are those of its functions with all they call. The kernel's share is
 * what the device needed beyond them. Its own account of the kernel's time is no better: it is sampled by a tick, which
 * at a fixed pace hardly ever meets the kernel at work.
 */
import type { Workbench } from "../lab/workbench.ts";
import { type Build, type MeasuredRole, QUARK_INSTRUCTIONS_PER_SECOND } from "./callgrind.ts";
import { countValues } from "./count-values.ts";
import { costOf } from "./profile.ts";
import type { Stretch } from "./status-lines.ts";

/** As on the device while it is saturated. */
const CONFIGURED = 1000;
const ITEMS = 300;
const VALUES = 6000;
const OPENSSL = /(^|\/)openssl\//;

export interface Share {
  readonly key: string;
  readonly what: string;
  readonly microseconds: number;
}

/** `saturated`: what the device did under load; null when that could not be measured. */
export async function measureShares(options: {
  readonly bench: Workbench;
  readonly build: Build;
  readonly saturated: Stretch | null;
}): Promise<Share[]> {
  const { bench, build, saturated } = options;
  const { values, profiles } = await countValues({
    bench,
    build,
    configured: CONFIGURED,
    items: ITEMS,
    values: VALUES,
  });
  const time = (instructions: number) => (1e6 * instructions) / values / QUARK_INSTRUCTIONS_PER_SECOND;
  const total = (role: MeasuredRole) => profiles.get(role)?.total ?? 0;
  const openssl = (role: MeasuredRole) => {
    const profile = profiles.get(role);
    return profile === undefined ? 0 : costOf(profile, OPENSSL);
  };
  const shares: Share[] = [
    {
      key: "stage.opcua_crypto_us",
      what: "OPC UA: decrypt, check signature",
      microseconds: time(openssl("opcua")),
    },
    {
      key: "stage.decode_us",
      what: "decode, make payload",
      microseconds: time(total("opcua") - openssl("opcua")),
    },
    { key: "stage.route_us", what: "route", microseconds: time(total("navigation")) },
    {
      key: "stage.encode_us",
      what: "encode MQTT, keep until acknowledged",
      microseconds: time(total("mqtt") - openssl("mqtt")),
    },
    { key: "stage.tls_us", what: "TLS", microseconds: time(openssl("mqtt")) },
  ];
  if (saturated === null) return shares;
  const cells = shares.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const device = (1e6 * saturated.busy) / saturated.values;
  const what = "kernel: network, pipes, timers; other programs";
  return [...shares, { key: "stage.kernel_us", what, microseconds: Math.max(0, device - cells) }];
}

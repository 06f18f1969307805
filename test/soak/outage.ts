/** Makes one side fail in one way for some time, and sees how the device comes back. */
import type { Broker } from "../lab/broker.ts";
import type { Middleman } from "../lab/middleman.ts";
import type { Machine } from "../lab/qemu.ts";
import type { Ledger } from "./ledger.ts";
import { OUTAGE_KINDS, type OutageKind, type Side } from "./plan.ts";
import type { SoakServer } from "./server.ts";

export interface Outage {
  readonly side: Side;
  readonly kind: OutageKind;
  readonly plannedSeconds: number;
  /** Milliseconds since the epoch; `endedAt`: the way is free again. */
  readonly startedAt: number;
  endedAt: number | null;
  /** When the first value arrived that was made after the outage had begun; null: none did in time. */
  recoveredAt: number | null;
  /** When that value was made: then the OPC UA side worked again, however late the value arrived. */
  madeAt: number | null;
  /** The other side was out, too, before values came again: the time to recover says nothing about this side. */
  overlapped: boolean;
}

/** How this side has not failed yet. */
export function missingKinds(side: Side, outages: readonly Outage[]): OutageKind[] {
  return OUTAGE_KINDS.filter((kind) => !outages.some((each) => each.side === side && each.kind === kind));
}

export interface Site {
  readonly machine: Machine;
  readonly server: SoakServer;
  readonly broker: Broker;
  readonly proxies: Readonly<Record<Side, Middleman>>;
  readonly ledger: Ledger;
}

/** What the broker has acknowledged reaches the ear within this time after the device was cut off. */
const DRAIN_MS = 1500;
const LINKS = { opcua: "internal", mqtt: "external" } as const;

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export interface Failure {
  readonly side: Side;
  readonly kind: OutageKind;
  readonly seconds: number;
  /** Nothing gets through any more. */
  readonly onBegun: () => void;
}

/** Fails, waits, mends. */
export async function fail(site: Site, { side, kind, seconds, onBegun }: Failure): Promise<void> {
  const { machine, proxies, ledger } = site;
  const proxy = proxies[side];
  const server = side === "opcua" ? site.server : site.broker;
  switch (kind) {
    case "cut":
      proxy.refuse();
      onBegun();
      await pause(seconds * 1000);
      proxy.open();
      return;
    case "stall":
      proxy.stall();
      onBegun();
      await pause(seconds * 1000);
      proxy.open();
      return;
    case "link":
      await machine.setLink(LINKS[side], false);
      onBegun();
      await pause(seconds * 1000);
      await machine.setLink(LINKS[side], true);
      return;
    case "restart":
      await server.stop();
      onBegun();
      await pause(seconds * 1000);
      await server.start();
      return;
    case "kill":
      // A killed mosquitto takes with it what it has acknowledged and not passed on: that would be its loss and not the
      // device's. So the device is cut off first, and mosquitto is killed when the ear has everything.
      if (side === "mqtt") {
        proxy.refuse();
        while ((await ledger.next(() => true, DRAIN_MS)) !== null);
        await site.broker.kill();
      } else await site.server.stop("SIGKILL");
      onBegun();
      await pause(seconds * 1000);
      await server.start();
      proxy.open();
      return;
  }
}

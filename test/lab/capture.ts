/** What crossed the device's two network sockets, recorded by QEMU and read by tshark. */
import { EXTERNAL, INTERNAL, type PlantNetwork } from "./network.ts";
import { run } from "./process.ts";
import type { Workbench } from "./workbench.ts";

const SIDES: Readonly<Record<Side, PlantNetwork>> = { internal: INTERNAL, external: EXTERNAL };

export type Side = "internal" | "external";

export function captureFile(bench: Workbench, side: Side): string {
  return bench.path(`${side}.pcap`);
}

/**
 * Frames that have no business on that side: everything but ARP, DHCP and the connection to the one peer (R31, R33).
 * One line per frame.
 */
export async function strayFrames(bench: Workbench, side: Side): Promise<string[]> {
  const { peer, port } = SIDES[side];
  const allowed = `arp or dhcp or (ip.addr == ${peer} and tcp.port == ${port})`;
  const text = await run(["tshark", "-n", "-r", captureFile(bench, side), "-Y", `not (${allowed})`]);
  return text.split("\n").filter((line) => line !== "");
}

/** Number of frames to and from the peer. */
export async function peerFrames(bench: Workbench, side: Side): Promise<number> {
  const { peer, port } = SIDES[side];
  return await countFrames(bench, side, `ip.addr == ${peer} and tcp.port == ${port}`);
}

/** Number of frames on that side for which tshark's display filter holds. */
export async function countFrames(bench: Workbench, side: Side, filter: string): Promise<number> {
  const front = ["tshark", "-n", "-r", captureFile(bench, side)] as const;
  const text = await run([...front, "-Y", filter, "-T", "fields", "-e", "frame.number"]);
  return text.split("\n").filter((line) => line !== "").length;
}

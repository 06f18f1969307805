import type { Wire } from "./wire.ts";

/**
 * The two networks of the virtual device. Each is a network of its own inside QEMU (restricted: no way out, no way to
 * the other one) with exactly one peer in it: connections to that address are handed to a port of this machine's
 * loopback interface. The addresses are those of the product's sample files.
 */
export interface PlantNetwork {
  readonly cidr: string;
  readonly peer: string;
  /** Where the same peer is to be found, too: after a move. */
  readonly secondPeer: string;
  readonly port: number;
}

export type NetworkSide = "internal" | "external";

/** X2 P1, where the OPC UA server is. */
export const INTERNAL: PlantNetwork = {
  cidr: "192.168.177.0/24",
  peer: "192.168.177.7",
  secondPeer: "192.168.177.9",
  port: 4840,
};
/** X1 P1, where the broker is. */
export const EXTERNAL: PlantNetwork = {
  cidr: "192.168.188.0/24",
  peer: "192.168.188.8",
  secondPeer: "192.168.188.9",
  port: 8883,
};

export function serverUrl(host: string = INTERNAL.peer): string {
  return `opc.tcp://${host}:${INTERNAL.port}`;
}

export function brokerUri(host: string = EXTERNAL.peer): string {
  return `ssl://${host}:${EXTERNAL.port}`;
}

export const SERVER_URL = serverUrl();
export const BROKER_URI = brokerUri();

/** Position on the PCI bus, as on the board: 0000:00:14.6 is X1 P1 (external), 14.7 is X2 P1 (internal). */
const NICS = [
  { id: "external", network: EXTERNAL, address: "14.6", mac: "02:00:00:00:14:06" },
  { id: "internal", network: INTERNAL, address: "14.7", mac: "02:00:00:00:14:07" },
] as const;

/**
 * At a fixed pace QEMU's clock stands still while the guest is idle, and catches up when the next timer is due: a frame
 * that wakes the guest would be recorded with the time at which it fell asleep, up to 40 ms before. Frames to the guest
 * therefore wait in front of recording and network card for a timer of their own, which comes twice per millisecond.
 */
const ON_TIME = "filter-buffer,queue=tx,interval=500";

/** QEMU's name of the network card, for its monitor. */
export function networkCard(side: NetworkSide): string {
  return `nic-${side}`;
}

export function networkArguments(options: {
  readonly hostPorts: { readonly server: number; readonly broker: number };
  /** File that records everything on that side's wire; null: nothing is recorded. */
  readonly capture: ((side: NetworkSide) => string) | null;
  /** The guest runs at a fixed pace (`-icount`). */
  readonly paced: boolean;
  /** Cables that a test has in its hands. */
  readonly wires: Partial<Record<NetworkSide, Wire>>;
}): string[] {
  const { hostPorts, capture, paced, wires } = options;
  return NICS.flatMap(({ id, network, address, mac }) => {
    const hostPort = id === "internal" ? hostPorts.server : hostPorts.broker;
    // One socat per connection: QEMU's plain forwarding would connect once, at start, and never again. Its error
    // messages would end up in the connection, hence -lf. A peer that is down accepts and closes at once.
    const forwards = [network.peer, network.secondPeer].map(
      (address) =>
        `guestfwd=tcp:${address}:${network.port}-cmd:socat -lf /dev/null - TCP:127.0.0.1:${hostPort}`,
    );
    const peer = `user,ipv6=off,restrict=on,net=${network.cidr},${forwards.join(",")}`;
    return [
      ...(wires[id]?.arguments(id, peer) ?? ["-netdev", `${peer},id=${id}`]),
      ...["-device", `e1000,id=${networkCard(id)},netdev=${id},addr=${address},mac=${mac},romfile=`],
      ...(capture !== null && paced ? ["-object", `${ON_TIME},id=${id}-on-time,netdev=${id}`] : []),
      ...(capture === null ? [] : ["-object", `filter-dump,id=${id}-dump,netdev=${id},file=${capture(id)}`]),
    ];
  });
}

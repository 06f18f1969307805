/** IPv4 addresses and networks as numbers. */

export interface Network {
  readonly address: number;
  readonly prefix: number;
}

const OCTETS = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** The address as a number; null when the text is none. */
export function parseIpv4(text: string): number | null {
  const octets = OCTETS.exec(text)?.slice(1).map(Number);
  if (!octets || octets.some((octet) => octet > 255)) return null;
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function firstOf({ address, prefix }: Network): number {
  const size = 2 ** (32 - prefix);
  return address - (address % size);
}

/** Whether an address lies in a network. */
export function contains(network: Network, address: number): boolean {
  return firstOf(network) === firstOf({ address, prefix: network.prefix });
}

/** Whether two networks have an address in common: then the larger one contains the other. */
export function overlap(one: Network, other: Network): boolean {
  return contains({ ...one, prefix: Math.min(one.prefix, other.prefix) }, other.address);
}

/** What is wrong with a host having this address: it is the first or last of its network. */
export function partOfNetwork({ address, prefix }: Network): "network" | "broadcast" | null {
  if (prefix > 30) return null;
  const first = firstOf({ address, prefix });
  if (address === first) return "network";
  return address === first + 2 ** (32 - prefix) - 1 ? "broadcast" : null;
}

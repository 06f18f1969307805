/** From a host's name to the addresses that are tried, in the order of "happy eyeballs" (Node.js ≥ 20). */
import { lookup as systemLookup } from "../dns.ts";
import { invalidArgType, nodeError } from "../node-error.ts";
import type { Address } from "./attempt.ts";
import type { ConnectOptions } from "./connect-options.ts";
import { binding } from "./handle.ts";

interface Resolution {
  readonly host: string;
  readonly port: number;
  readonly options: ConnectOptions;
  /** False once the socket is closed: then nobody hears of the answer. */
  readonly isWanted: () => boolean;
  /** For the 'lookup' event. */
  readonly onLookup: (error: Error | null, address?: string, family?: number) => void;
  readonly onResolved: (addresses: readonly Address[]) => void;
  readonly onFailed: (error: Error) => void;
}

const isAddress = ({ address, family }: Address) =>
  binding.isIP(address) !== 0 && (family === 4 || family === 6);

/** Why an answer is none. */
function refusal({ address, family }: Address, { host, port }: Resolution): Error {
  if (binding.isIP(address) === 0) {
    return nodeError(TypeError, "ERR_INVALID_IP_ADDRESS", `Invalid IP address: ${address}`);
  }
  const error = nodeError(
    RangeError,
    "ERR_INVALID_ADDRESS_FAMILY",
    `Invalid address family: ${family} ${host}:${port}`,
  );
  return Object.assign(error, { host, port });
}

/** Each address once, the families in turns, the first one's first. */
function inTurns(addresses: readonly Address[]): Address[] {
  const first = addresses[0]?.family;
  const once = addresses.filter(
    ({ address }, index) => addresses.findIndex((other) => other.address === address) === index,
  );
  const preferred = once.filter(({ family }) => family === first);
  const others = once.filter(({ family }) => family !== first);
  const longest = Math.max(preferred.length, others.length);
  return Array.from({ length: longest }, (_, index) => [preferred[index], others[index]])
    .flat()
    .filter((address) => address !== undefined);
}

/** Looks the host up, as the options say. */
export function resolveHost(resolution: Resolution): void {
  const { host, options, isWanted, onLookup, onResolved, onFailed } = resolution;
  const { lookup = systemLookup } = options;
  if (typeof lookup !== "function") throw invalidArgType("options.lookup", "function", lookup);
  const family = options.family ?? 0;
  const one = family === 4 || family === 6;
  const query = { family, hints: options.hints || 0, ...(!one && { all: true }) };
  lookup(host, query, (error, found, kind) => {
    if (one) onLookup(error, found as string | undefined, kind);
    if (!isWanted()) return;
    if (error) {
      if (!one) onLookup(error);
      process.nextTick(onFailed, error);
      return;
    }
    const answers = Array.isArray(found) ? found : [{ address: found, family: kind } as Address];
    for (const answer of one ? [] : answers) {
      onLookup(null, answer.address, answer.family);
      if (!isWanted()) return;
    }
    const addresses = inTurns(answers.filter(isAddress));
    if (addresses.length > 0) onResolved(addresses);
    else process.nextTick(onFailed, refusal(answers[0] ?? { address: "undefined", family: 4 }, resolution));
  });
}

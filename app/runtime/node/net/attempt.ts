/** Connecting: the host's addresses are tried one after the other ("happy eyeballs", as Node.js ≥ 20 does). */
import type { lookup as dnsLookup } from "../dns.ts";
import { binding, type HandleCallback, socketError, type TcpHandle } from "./handle.ts";

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export type Lookup = typeof dnsLookup;

/** How long one address may take while there is another. */
const ATTEMPT_TIMEOUT_MS = 250;

interface AttemptOptions {
  readonly addresses: readonly Address[];
  readonly port: number;
  /** Hears of all events of the connection that came about. */
  readonly onEvent: HandleCallback;
  readonly onConnected: (handle: TcpHandle, address: Address) => void;
  readonly onFailed: (error: Error) => void;
}

/** Connects to the first address that answers. Returns a function that gives up. */
export function connectToAny(options: AttemptOptions): () => void {
  const { addresses, port, onEvent, onConnected, onFailed } = options;
  const errors: Error[] = [];
  let stopCurrent: () => void = () => undefined;
  let next = 0;

  const failed = (error: Error) => {
    errors.push(error);
    if (next < addresses.length) tryNext();
    else onFailed(errors.length > 1 ? aggregate(errors) : error);
  };

  const tryNext = () => {
    const candidate = addresses[next++] as Address;
    let settled = false;
    let patience: NodeJS.Timeout | null = null;
    const settle = () => {
      settled = true;
      if (patience) clearTimeout(patience);
    };
    const refuse = (errno: number) => {
      settle();
      failed(socketError(errno, "connect", { address: candidate.address, port }));
    };
    // Until it is connected, a handle has nothing else to tell.
    const handle = binding.connect(candidate.address, port, (_event, value) => {
      if (settled) return;
      if (value === 0) {
        settle();
        (handle as TcpHandle).setCallback(onEvent);
        onConnected(handle as TcpHandle, candidate);
      } else {
        (handle as TcpHandle).close();
        refuse(value);
      }
    });
    if (typeof handle === "number") {
      refuse(handle);
      return;
    }
    if (next < addresses.length) {
      patience = setTimeout(() => {
        handle.close();
        refuse(-110);
      }, ATTEMPT_TIMEOUT_MS);
    }
    stopCurrent = () => {
      if (settled) return;
      settle();
      handle.close();
    };
  };

  tryNext();
  return () => stopCurrent();
}

function aggregate(errors: readonly Error[]): Error {
  const { code } = errors[0] as Error & { code: string };
  return Object.assign(new AggregateError(errors, ""), { code });
}

/** What connect() takes, in the shapes that Node.js takes it in. */
import { invalidArgType, nodeError } from "../node-error.ts";
import type { Lookup } from "./attempt.ts";

type Callback = (error?: Error | null) => void;

export interface ConnectOptions {
  port: number | string;
  host?: string;
  family?: number;
  hints?: number;
  lookup?: Lookup;
  noDelay?: boolean;
  keepAlive?: boolean;
  keepAliveInitialDelay?: number;
  timeout?: number;
  path?: string;
}

/** A port number, checked. */
export function portOf(port: unknown): number {
  if (port !== undefined && typeof port !== "number" && typeof port !== "string") {
    throw invalidArgType("options.port", ["number", "string"], port);
  }
  const number = typeof port === "string" && port.trim() !== "" ? Number(port) : port;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 0 || number > 65535) {
    throw nodeError(
      RangeError,
      "ERR_SOCKET_BAD_PORT",
      `Port should be >= 0 and < 65536. Received ${port === undefined ? "undefined" : `type ${typeof port} (${String(port)})`}.`,
    );
  }
  return number;
}

/** connect(options, cb), connect(port, host, cb): as Node.js takes them. */
export function normalizeConnectArguments(args: readonly unknown[]): [ConnectOptions, Callback | null] {
  const last = args.at(-1);
  const callback = typeof last === "function" ? (last as Callback) : null;
  const [first, second] = args;
  if (typeof first === "object" && first !== null) return [first as ConnectOptions, callback];
  if (typeof first === "string" && !/^\d+$/.test(first)) return [{ path: first } as ConnectOptions, callback];
  return [{ port: first as number, ...(typeof second === "string" && { host: second }) }, callback];
}

/** Port numbers, checked as Node.js does. */
import { nodeError } from "../node-error.ts";

export function portOf(port: unknown): number {
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

/** node:net, clients only: nothing on the device listens (design §6). */
import { EventEmitter } from "./events/emitter.ts";
import { normalizeConnectArguments } from "./net/connect-options.ts";
import { binding } from "./net/handle.ts";
import { Socket, type SocketOptions } from "./net/socket.ts";
import { nodeError } from "./node-error.ts";

export const isIP = (input: string): 0 | 4 | 6 => binding.isIP(input);
export const isIPv4 = (input: string): boolean => isIP(input) === 4;
export const isIPv6 = (input: string): boolean => isIP(input) === 6;

/** net.connect(options | port, host, callback) */
export function connect(...args: unknown[]): Socket {
  const [options] = normalizeConnectArguments(args);
  return new Socket(options as SocketOptions).connect(...args);
}
export const createConnection = connect;

/** Libraries name the class; making one is refused. */
export class Server extends EventEmitter {
  constructor() {
    super();
    throw nodeError(Error, "ERR_NOT_ON_DEVICE", "net.Server: no socket listens on the device");
  }
}
export function createServer(): Server {
  return new Server();
}

let autoSelectFamily = true;
export const getDefaultAutoSelectFamily = (): boolean => autoSelectFamily;
export const setDefaultAutoSelectFamily = (on: boolean): void => {
  autoSelectFamily = on;
};

export { Socket, Socket as Stream };
export default {
  Server,
  Socket,
  Stream: Socket,
  connect,
  createConnection,
  createServer,
  getDefaultAutoSelectFamily,
  isIP,
  isIPv4,
  isIPv6,
  setDefaultAutoSelectFamily,
};

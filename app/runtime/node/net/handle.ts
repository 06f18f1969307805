/** The native side of a TCP connection (`native/net.c`) and the errors made of its numbers. */
import { native } from "../../binding.ts";

/** Numbers of native/net.c's callback events. */
export const ON_CONNECT = 0;
export const ON_DATA = 1;
export const ON_END = 2;
export const ON_READ_ERROR = 3;
export const ON_WRITTEN = 4;

type Name = [address: string, port: number, family: 4 | 6];

export type HandleCallback = (event: number, value: Buffer & number) => void;

export interface TcpHandle {
  /** 0: written; 1: ON_WRITTEN follows; negative: errno. */
  write(chunks: readonly Uint8Array[]): number;
  /** Bytes taken now, 0 when there is no room, or a negative errno. */
  tryWrite(bytes: Uint8Array): number;
  setCallback(callback: HandleCallback): void;
  start(): number;
  stop(): number;
  shutdown(): number;
  close(): number;
  /** Closes with RST instead of FIN. */
  reset(): number;
  ref(): number;
  unref(): number;
  setNoDelay(on: boolean): number;
  setKeepAlive(on: boolean, seconds: number): number;
  localName(): Name | undefined;
  remoteName(): Name | undefined;
}

interface NetBinding {
  /** A handle, or a negative errno. */
  connect(address: string, port: number, callback: HandleCallback): TcpHandle | number;
  isIP(text: string): 0 | 4 | 6;
}

interface CoreBinding {
  errnoName(number: number): string;
}

export const binding = native("net") as NetBinding;
const core = native("core") as CoreBinding;

/** "connect ECONNREFUSED 10.0.0.1:4840", with errno, code, syscall and the peer, as Node.js words it. */
export function socketError(
  errno: number,
  syscall: string,
  peer?: { address: string; port: number },
): Error & { code: string } {
  const code = core.errnoName(errno);
  const where = peer ? ` ${peer.address}:${peer.port}` : "";
  return Object.assign(new Error(`${syscall} ${code}${where}`), { errno, code, syscall, ...peer });
}

/** Constants and classes that libraries compare with: their values, and who is an instance of whom. */
import constants from "node:constants";
import crypto, { createHash, createSecretKey, KeyObject } from "node:crypto";
import { EventEmitter } from "node:events";
import { Socket } from "node:net";
import os from "node:os";
import stream from "node:stream";
import { createSecureContext } from "node:tls";
import { show, showCode } from "./show.ts";

show("padding", () => [
  constants.RSA_PKCS1_PADDING,
  constants.RSA_PKCS1_OAEP_PADDING,
  constants.RSA_PKCS1_PSS_PADDING,
  constants.RSA_PSS_SALTLEN_DIGEST,
  constants.RSA_NO_PADDING,
]);
show("padding of crypto", () => [
  crypto.constants.RSA_PKCS1_PADDING,
  crypto.constants.RSA_PKCS1_OAEP_PADDING,
  crypto.constants.RSA_PKCS1_PSS_PADDING,
  crypto.constants.RSA_PSS_SALTLEN_DIGEST,
  crypto.constants.RSA_PSS_SALTLEN_MAX_SIGN,
  crypto.constants.RSA_PSS_SALTLEN_AUTO,
]);
show("of the system", () => [constants.O_NONBLOCK, constants.ENOENT, constants.SIGTERM, constants.S_IFREG]);
show("of os", () => [
  os.constants.signals.SIGKILL,
  os.constants.signals.SIGUSR2,
  os.constants.errno.EPIPE,
  os.constants.errno.ECONNRESET,
  os.constants.errno.ETIMEDOUT,
  os.constants.errno.EHOSTUNREACH,
]);

const socket = new Socket();
const key = createSecretKey(Buffer.from("0123456789abcdef"));
show("instances", () => [
  key instanceof KeyObject,
  createHash("sha1") instanceof KeyObject,
  socket instanceof stream.Duplex,
  socket instanceof stream.Readable,
  socket instanceof stream.Writable,
  socket instanceof stream.Stream,
  socket instanceof EventEmitter,
  process instanceof EventEmitter,
  Buffer.alloc(1) instanceof globalThis.Buffer,
]);
socket.destroy();

for (const [label, options] of [
  ["nothing", {}],
  ["no key", { key: "no key" }],
  ["number", { ca: 5 as never }],
] as const) {
  showCode(`secure context of ${label}`, () => typeof createSecureContext(options));
}

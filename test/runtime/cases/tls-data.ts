/**
 * TLS with a lot of data in every shape of write: corked and not, text and bytes, small and larger than a record, faster
 * than the server reads. Arguments: PKI folder, port of the server in tls.test.ts, which answers with a hash.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as tls from "node:tls";
import { random } from "./show.ts";

const [, , folder, port] = process.argv as [string, string, string, string];
const ROUNDS = 400;
const next = random(5);
const hash = createHash("sha256");
let [callbacks, expected, drains] = [0, 0, 0];
const order: number[] = [];

const socket = tls.connect({
  host: "127.0.0.1",
  port: Number(port),
  servername: "localhost",
  ca: readFileSync(`${folder}/ca.pem`),
});

function write(size: number): boolean {
  const number = expected++;
  const done = (error?: Error | null) => {
    callbacks++;
    order.push(number);
    if (error) console.log(`write failed: ${error.message}`);
  };
  if (next() < 0.3) {
    const text = "grün ".repeat(Math.ceil(size / 6));
    hash.update(text);
    return next() < 0.5 ? socket.write(text, done) : socket.write(text, "utf8", done);
  }
  const bytes = Buffer.alloc(size, `${size}-`);
  hash.update(bytes);
  return socket.write(bytes, done);
}

function go(round: number): void {
  if (round === ROUNDS) {
    hash.update("end");
    socket.end("end");
    return;
  }
  const corked = next() < 0.4;
  if (corked) socket.cork();
  let more = true;
  for (let i = 0; i < 1 + next() * 6; i++) {
    const kind = next();
    more = write(kind < 0.6 ? Math.floor(next() * 200) : Math.floor(next() * (kind < 0.95 ? 9000 : 90_000)));
  }
  if (corked) socket.uncork();
  if (more || next() < 0.3) {
    setImmediate(() => go(round + 1));
  } else {
    drains++;
    socket.once("drain", () => go(round + 1));
  }
}

let answer = "";
/* Before the handshake is done, too. */
write(10);
write(20_000);
socket.on("secureConnect", () => go(0));
socket.on("data", (data: Buffer) => {
  answer += data;
});
socket.on("error", (error: Error) => console.log(`error ${error.message}`));
socket.on("close", () => {
  const sorted = order.every((number, i) => number === i);
  console.log(`same bytes: ${answer === hash.digest("hex")}`);
  console.log(
    `every write called back: ${callbacks === expected}, in order: ${sorted}, waited: ${drains > 0}`,
  );
});

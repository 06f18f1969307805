/** Device only: memory and descriptors stay flat over many connections, timers and rejections. Argument: echo's port. */
import { readdirSync } from "node:fs";
import net from "node:net";
import { processBinding } from "../../../app/runtime/node/process.ts";

const port = Number(process.argv[2]);
const ROUNDS = 1000;
const WARM_UP = 200;
const TOLERANCE = 8 * 1024;

function connectOnce(round: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.setTimeout(10_000);
    socket.on("close", () => resolve());
    socket.on("error", () => undefined);
    socket.on("data", () => (round % 3 === 0 ? socket.destroy() : socket.end()));
    socket.write(Buffer.alloc(2000, round));
    if (round % 5 === 0) socket.destroy(new Error("given up"));
  });
}

async function churn(round: number): Promise<void> {
  await connectOnce(round);
  const timer = setInterval(() => undefined, 1000);
  clearInterval(timer);
  clearImmediate(setImmediate(() => undefined));
  await Promise.reject(new Error("caught")).catch(() => undefined);
}

async function main(): Promise<void> {
  let before = { heap: 0, descriptors: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    await churn(round);
    if (round === WARM_UP) before = measure();
  }
  const after = measure();
  console.log("descriptors", after.descriptors - before.descriptors);
  console.log("heap flat", after.heap - before.heap < TOLERANCE || after.heap - before.heap);
}

function measure(): { heap: number; descriptors: number } {
  processBinding.gc();
  return { heap: process.memoryUsage().heapUsed, descriptors: readdirSync("/proc/self/fd").length };
}

main();

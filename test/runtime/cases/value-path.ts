/**
 * Device only: values on their whole way behind the OPC UA client, in one process: link, navigation, link, MQTT cell,
 * broker. Arguments: a folder that stands for HW-IDS, how many values, which of them the broker ends a stretch with, and
 * "heap" when RAM says nothing. A stretch ends with a packet that no publisher may get: by then everything is
 * acknowledged. Tells after the last one whether memory has grown since the second.
 */
import { readFileSync } from "node:fs";
import { platform } from "#platform";
import { Publisher } from "../../../app/cells/mqtt/publisher.ts";
import { Forwarder } from "../../../app/cells/navigation/forwarder.ts";
import { readMqttSettings } from "../../../app/config/mqtt.ts";
import { MQTT_PATHS } from "../../../app/config/paths.ts";
import { readRawSide } from "../../../app/config/raw-files.ts";
import { FrameSender } from "../../../app/link/frame-sender.ts";
import { processBinding } from "../../../app/runtime/node/process.ts";

const [, , folder = "", count = "", stretch = "", memory = ""] = process.argv;
const values = Number(count);
const perStretch = Number(stretch);
const LARGEST_BATCH = 700;
const SOURCE_PORT = 40_000;
/** A garbage collection leaves so much until the next one. */
const HEAP_TOLERANCE = 16 * 1024;
/** Pages, and how the C library's free lists lie. */
const RESIDENT_TOLERANCE = 512 * 1024;

interface Holdings {
  readonly heap: number;
  readonly resident: number;
}

function measure(): Holdings {
  processBinding.gc();
  const resident = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return { heap: process.memoryUsage().heapUsed, resident: Number(resident?.[1]) * 1024 };
}

const settings = readMqttSettings(readRawSide(folder, MQTT_PATHS));
const [topic] = settings.topics;
if (topic === undefined) throw new Error("the settings have no topic");

function broken(error: Error | null): never {
  throw error ?? new Error("a pipe has ended");
}

/** A sender and what reads its frames at the other end of a pipe. */
function link(onData: (chunk: Uint8Array) => void) {
  const { readFd, writeFd } = platform.pipe();
  const sender = new FrameSender({ writer: platform.writer(writeFd, broken), bufferBytes: 32 * 1024 * 1024 });
  return { sender, source: platform.reader(readFd, onData, broken) };
}

const toMqtt = link((chunk) => publisher.push(chunk));
const forwarder = new Forwarder({ routes: new Map([[SOURCE_PORT, topic.port]]), sender: toMqtt.sender });
const toNavigation = link((chunk) => forwarder.push(chunk));

let made = 0;
let stretches = 0;
let before: Holdings | null = null;

/** Batches of all sizes, until the stretch is complete. */
function make(): void {
  const until = Math.min(values, (stretches + 1) * perStretch);
  const batch = Math.min(until - made, 1 + ((made * 7) % LARGEST_BATCH));
  for (let each = 0; each < batch; each += 1) {
    toNavigation.sender.sendText(SOURCE_PORT, `{"Value":${made},"Text":"${"v".repeat(made % 200)}"}`);
    made += 1;
  }
  if (made < until) setImmediate(make);
  // The whole first stretch waits for the connection: no queue is ever longer, so no later one needs more memory.
  else if (stretches === 0) publisher.start();
}

function endStretch(): void {
  stretches += 1;
  if (made < values) {
    // The allocators have taken by the end of the second stretch what they will keep.
    if (stretches === 2) before = measure();
    make();
    return;
  }
  const after = measure();
  const first = before ?? after;
  const grown: string[] = [];
  if (after.heap - first.heap > HEAP_TOLERANCE) grown.push(`heap +${after.heap - first.heap}`);
  if (memory !== "heap" && after.resident - first.resident > RESIDENT_TOLERANCE)
    grown.push(`resident +${after.resident - first.resident}`);
  const dropped = toNavigation.sender.dropped + toMqtt.sender.dropped;
  console.log(`${made} values, ${dropped} dropped, ${grown.join(", ") || "flat"}`);
  publisher.stop(() => process.exit(0));
}

const publisher = new Publisher({
  settings,
  source: toMqtt.source,
  onFirst: () => console.log("first"),
  log: {
    info: () => undefined,
    warning(line) {
      if (line.includes("the broker sent SUBACK")) endStretch();
      else if (!line.includes("the broker closed the connection")) console.log(line);
    },
    error: (line) => console.log(line),
    debug: () => undefined,
  },
});
make();

/** `make run`: the finished card in a virtual device, between a demo OPC UA server and a broker; shows what arrives. */
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { MQTT_CONNECTED, OPCUA_CONNECTED, withoutStamp } from "./console-lines.ts";
import { BOOT_DEADLINE_MS, type Device, powerOn } from "./device.ts";
import { LabError } from "./errors.ts";
import { BROKER_URI, SERVER_URL } from "./network.ts";
import type { Message } from "./observer.ts";
import type { BootWay } from "./qemu.ts";
import { HEARTBEAT_TOPIC, WILL_TOPIC } from "./site.ts";
import { REPOSITORY, Workbench } from "./workbench.ts";

const USAGE = `make run [RUN="OPTIONS"]
  --boot uefi|quark   uefi (default): 32-bit firmware starts GRUB from the card, as on the device
                      quark: kernel and initramfs out of the card, on nothing but the Quark's instruction set
  --values N          end when N values have arrived
  --seconds N         end N seconds after the first value
  --every SECONDS     how often the machine's variables change (default 5)`;

const TOPIC_WIDTH = 30;
/** Kernel and firmware say a lot; these lines tell the story. */
const MILESTONES: readonly (readonly [RegExp, string])[] = [
  [/Linux version/, "the kernel runs"],
  [/BLKDEVSR\] Port 'mmc0' /, "the operating system is up, the card is mounted"],
  [new RegExp(OPCUA_CONNECTED), "the OPC UA session stands"],
  [new RegExp(MQTT_CONNECTED), "the MQTT connection stands"],
];

interface RunOptions {
  readonly boot: BootWay;
  readonly values: number;
  readonly seconds: number;
  readonly everyMs: number;
}

function readOptions(): RunOptions {
  const { values } = parseArgs({
    options: {
      boot: { type: "string", default: "uefi" },
      values: { type: "string", default: "Infinity" },
      seconds: { type: "string", default: "Infinity" },
      every: { type: "string", default: "5" },
    },
  });
  const [count, seconds, every] = [values.values, values.seconds, values.every].map(Number);
  const { boot } = values;
  if (
    (boot !== "uefi" && boot !== "quark") ||
    !(Number(count) > 0) ||
    !(Number(seconds) > 0) ||
    !(Number(every) > 0)
  ) {
    throw new TypeError("these options make no sense together");
  }
  return { boot, values: Number(count), seconds: Number(seconds), everyMs: Number(every) * 1000 };
}

function say(text = ""): void {
  process.stdout.write(`${text}\n`);
}

function introduce(device: Device, options: RunOptions): void {
  const { server, broker, variables } = device;
  const cpu =
    options.boot === "uefi"
      ? "32-bit UEFI firmware → GRUB → kernel, all from the card"
      : "kernel and initramfs of the card, on the Quark's instruction set";
  say(`
  demo OPC UA server                virtual IOT2040                           mosquitto
  127.0.0.1:${server.port}                   boots a copy of out/card.img              127.0.0.1:${broker.port}
  ${variables.length} variables        ──X2 P1──▶  opcua ▶ navigation ▶ mqtt  ──X1 P1──▶  TLS, client certificate
  SignAndEncrypt                                                              and password required

  The device knows them as ${SERVER_URL} and ${BROKER_URI}.

  Device: ${cpu}.
  Server and broker are in two networks that meet nowhere but in the device; every ${options.everyMs / 1000} s all variables change.
  Serial console and logs: ${relative(REPOSITORY, device.machine.serialLog)} and the other files beside it. Stop with Ctrl-C.
`);
}

function showMilestones(device: Device, startedAt: number): void {
  const since = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`.padStart(8);
  const open = new Map(MILESTONES.map(([pattern, text]) => [pattern, text]));
  const problems = new Set<string>();
  device.machine.console.follow((line) => {
    for (const [pattern, text] of open) {
      if (!pattern.test(line)) continue;
      open.delete(pattern);
      say(`${since()}  ${text}`);
    }
    const text = withoutStamp(line);
    if (text === null || text.startsWith("Info: ") || problems.has(text)) return;
    problems.add(text);
    say(`${since()}  the device says: ${text}`);
  });
}

function row(message: Message): string {
  const time = new Date(message.at).toISOString().slice(11, 23);
  if (message.topic === WILL_TOPIC) {
    return `${time}  ${message.topic.padEnd(TOPIC_WIDTH)}  ${message.payload}: the broker has lost the device`;
  }
  const { Value, StatusCode } = JSON.parse(message.payload) as {
    Value: unknown;
    StatusCode?: { Symbol: string };
  };
  const status = StatusCode === undefined ? "" : `  (${StatusCode.Symbol})`;
  return `${time}  ${message.topic.padEnd(TOPIC_WIDTH)}  ${JSON.stringify(Value)}${status}`;
}

async function demonstrate(device: Device, options: RunOptions): Promise<void> {
  const { server, observer, variables } = device;
  const count = () =>
    observer.messages.entries.filter(({ topic }) => topic !== HEARTBEAT_TOPIC && topic !== WILL_TOPIC).length;
  let headed = false;
  const hide = observer.messages.follow((message) => {
    if (!headed) say(`\n${"time (UTC)".padEnd(12)}  ${"topic".padEnd(TOPIC_WIDTH)}  value`);
    headed = true;
    say(row(message));
  });
  await observer.messages.until(() => count() > 0, { what: "first value", deadlineMs: BOOT_DEADLINE_MS });
  const until = performance.now() + options.seconds * 1000;
  while (count() < options.values && performance.now() < until) {
    await server.change({ count: 1, everyMs: 0 });
    await device.everyChangeArrived();
    const pause = Math.min(options.everyMs, Math.max(0, until - performance.now()));
    if (count() < options.values) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  const { changes } = await device.everyChangeArrived();
  hide();
  say(`\n${changes} changes of ${variables.length} variables arrived, each as the server made it, in order.`);
}

async function main(): Promise<void> {
  const options = readOptions();
  const bench = new Workbench("run", join(REPOSITORY, "out/run"));
  let interrupted = false;
  process.once("SIGINT", () => {
    interrupted = true;
    say("\nStopping …");
    void bench.close({ keep: false }).then(() => process.exit(0));
  });
  say("Making certificates, starting the demo server and mosquitto, preparing a copy of the card …");
  try {
    const device = await powerOn({ bench, boot: options.boot });
    introduce(device, options);
    showMilestones(device, performance.now());
    await demonstrate(device, options);
  } catch (error) {
    if (interrupted) return;
    throw error;
  } finally {
    if (!interrupted) await bench.close({ keep: false });
  }
}

main().then(
  () => undefined,
  (error: unknown) => {
    const usage = error instanceof TypeError;
    process.stderr.write(
      `${error instanceof Error ? error.message : String(error)}\n${usage ? `${USAGE}\n` : ""}`,
    );
    if (error instanceof LabError) process.stderr.write("The logs are in out/run.\n");
    process.exitCode = 1;
  },
);

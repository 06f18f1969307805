import { readMqttSettings } from "../../config/mqtt.ts";
import { MQTT_PATHS } from "../../config/paths.ts";
import { type RawSide, readRawSide } from "../../config/raw-files.ts";
import { tellFaults } from "../../config/tell.ts";
import { everyInterval, ItemCounters } from "../../link/item-counters.ts";
import type { Cell, CellContext } from "../cell.ts";
import { Publisher } from "./publisher.ts";

/** The MQTT cell: takes frames from navigation and publishes them over TLS. It sees nothing else of the inner side. */

/** R139, verbatim. */
const STARTED = [
  "Starting the MQTT Publisher Manager Server service",
  "The MQTT Publisher Manager Server service has been started",
  "Starting the MQTT Publisher Manager service",
  "Starting the MQTT Publisher service",
  "The MQTT Publisher service has been started",
  "The MQTT Publisher Manager service has been started",
];

function start(side: RawSide, context: CellContext): void {
  const [inFd] = context.descriptors;
  if (inFd === undefined) throw new Error("the MQTT cell was started without its pipe");
  const settings = readMqttSettings(side);
  context.log.useDebug(settings.debug);
  for (const line of STARTED) context.log.info(line);
  for (const line of settings.summary) context.log.info(line);
  tellFaults(context.log, settings.warnings);

  const reader = context.platform.reader(
    inFd,
    (chunk) => publisher.push(chunk),
    (error) => {
      throw error ?? new Error("the pipe from the navigation cell has ended");
    },
  );
  const publisher = new Publisher({
    settings,
    log: context.log,
    source: reader,
    onFirst() {
      const seconds = context.platform.uptime().toFixed(1);
      context.log.info(`MQTT Publisher has sent its first message, ${seconds} s after the kernel started`);
    },
    openWay: () => context.openWay(settings.host),
    onState: (reason) =>
      context.report(reason === null ? { kind: "connected" } : { kind: "disconnected", reason }),
  });
  const published = new ItemCounters(new Map(settings.topics.map(({ port, name }) => [port, name])));
  everyInterval(context.log, (seconds) => {
    context.log.debug(`MQTT Publisher: in flight: ${publisher.inFlight}`);
    return [
      `MQTT Publisher: reconnects since the start: ${publisher.reconnects}`,
      ...published.describe(`MQTT Publisher: published in ${seconds} s`, publisher.published()),
    ];
  });
  context.onLook(() => publisher.progress);
  context.onGo(() => publisher.start());
  context.onNetwork((word) => {
    if (word === "retry") publisher.retry();
    else publisher.drop("the address of X1 P1 has changed");
  });
  context.onStop(() => publisher.stop(() => process.exit(0)));
  context.report({ kind: "peer", peer: { host: settings.host, port: settings.port } });
  context.report({ kind: "started" });
}

export const mqttCell: Cell = {
  prepare({ root }) {
    const side = readRawSide(`${root}/HW-IDS`, MQTT_PATHS);
    return (context) => start(side, context);
  },
};

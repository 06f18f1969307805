import { ConfigError } from "../../config/fault.ts";
import { readMqttPorts } from "../../config/mqtt-file.ts";
import { readOpcUaPorts } from "../../config/opcua-file.ts";
import { MQTT_PATHS, OPCUA_PATHS } from "../../config/paths.ts";
import type { Ports } from "../../config/ports.ts";
import { type RawFile, readRawSettings } from "../../config/raw-files.ts";
import { buildRoutes } from "../../config/routes.ts";
import { reportDrops } from "../../link/drop-report.ts";
import { FrameSender } from "../../link/frame-sender.ts";
import type { Cell, CellContext } from "../cell.ts";
import { Forwarder } from "./forwarder.ts";

/** The navigation cell: the one-way valve between the two sides. It has no network and never waits for MQTT (R33). */

const BUFFER_BYTES = 32 * 1024 * 1024;
/** R140, verbatim. */
const STARTED = [
  "Starting the Navigation Service service",
  "Loading all GuideSettings",
  "All GuideSettings has been loaded",
  "The Navigation Service service has been started",
];

interface Inputs {
  readonly opcua: RawFile;
  readonly mqtt: RawFile;
}

/** Null when the file is faulty: the cell that the file belongs to says what is wrong with it. */
function portsOf(read: () => Ports): Ports | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

function start(inputs: Inputs, context: CellContext): void {
  const [inFd, outFd] = context.descriptors;
  if (inFd === undefined || outFd === undefined)
    throw new Error("the navigation cell was started without its pipes");
  const sources = portsOf(() => readOpcUaPorts(inputs.opcua));
  const targets = portsOf(() => readMqttPorts(inputs.mqtt));
  const routes = sources && targets ? buildRoutes(sources, targets) : null;
  if (routes) {
    for (const line of STARTED) context.log.info(line);
    for (const warning of routes.warnings) context.log.warning(warning.message);
  }
  const broken = (error: Error): never => {
    throw error;
  };
  const sender = new FrameSender({
    writer: context.platform.writer(outFd, broken),
    bufferBytes: BUFFER_BYTES,
  });
  // Without routes it still empties the pipe, so that the other side runs undisturbed.
  const forwarder = new Forwarder({ routes: routes?.targets ?? new Map(), sender });
  context.platform.reader(
    inFd,
    (chunk) => forwarder.push(chunk),
    (error) => broken(error ?? new Error("the pipe from the OPC UA cell has ended")),
  );
  reportDrops({
    log: context.log,
    dropped: () => sender.dropped,
    text: (count) =>
      `Navigation Service: the MQTT publisher can't send and the buffer is full; the oldest ${count} values were dropped in the last minute`,
  });
  context.onStop(() => process.exit(0));
  context.report({ kind: "started" });
}

export const navigationCell: Cell = {
  prepare({ root }) {
    const ids = `${root}/HW-IDS`;
    const inputs = { opcua: readRawSettings(ids, OPCUA_PATHS), mqtt: readRawSettings(ids, MQTT_PATHS) };
    return (context) => start(inputs, context);
  },
};

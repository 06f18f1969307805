import { ConfigError } from "../../config/fault.ts";
import { readGuideFile } from "../../config/guide-file.ts";
import { readMqttPorts } from "../../config/mqtt-file.ts";
import { readOpcUaPorts } from "../../config/opcua-file.ts";
import { GUIDE_PATH, MQTT_PATHS, OPCUA_PATHS } from "../../config/paths.ts";
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
  readonly guide: RawFile;
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

/** The routes, or none when a file is faulty (R141); what is wrong or odd is told. */
function openRoutes(inputs: Inputs, log: CellContext["log"]): ReadonlyMap<number, number> {
  const { guide, faults, warnings } = readGuideFile(inputs.guide);
  const sources = portsOf(() => readOpcUaPorts(inputs.opcua));
  const targets = portsOf(() => readMqttPorts(inputs.mqtt));
  const routes = sources && targets && faults.length === 0 ? buildRoutes(sources, targets, guide) : null;
  const wrong = [...faults, ...(routes?.faults ?? [])];
  if (routes && wrong.length === 0) for (const line of STARTED) log.info(line);
  for (const fault of wrong) log.error(fault.message);
  for (const warning of [...warnings, ...(routes?.warnings ?? [])]) log.warning(warning.message);
  return routes?.targets ?? new Map();
}

function start(inputs: Inputs, context: CellContext): void {
  const [inFd, outFd] = context.descriptors;
  if (inFd === undefined || outFd === undefined)
    throw new Error("the navigation cell was started without its pipes");
  const routes = openRoutes(inputs, context.log);
  const broken = (error: Error): never => {
    throw error;
  };
  const sender = new FrameSender({
    writer: context.platform.writer(outFd, broken),
    bufferBytes: BUFFER_BYTES,
  });
  // Without routes it still empties the pipe, so that the other side runs undisturbed.
  const forwarder = new Forwarder({ routes, sender });
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
    const inputs = {
      opcua: readRawSettings(ids, OPCUA_PATHS),
      mqtt: readRawSettings(ids, MQTT_PATHS),
      guide: readRawSettings(ids, GUIDE_PATH),
    };
    return (context) => start(inputs, context);
  },
};

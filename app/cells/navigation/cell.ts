import { GUIDE_PATH, MQTT_PATHS, OPCUA_PATHS } from "../../config/paths.ts";
import { readRawSettings } from "../../config/raw-files.ts";
import { reportDrops } from "../../link/drop-report.ts";
import { FrameSender } from "../../link/frame-sender.ts";
import type { Cell, CellContext } from "../cell.ts";
import { Forwarder } from "./forwarder.ts";
import { openRoutes, type RouteFiles } from "./open-routes.ts";

/** The navigation cell: the one-way valve between the two sides. It has no network and never waits for MQTT (R33). */

const BUFFER_BYTES = 32 * 1024 * 1024;
function start(inputs: RouteFiles, context: CellContext): void {
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

import type { RouteFiles } from "../../config/join.ts";
import { GUIDE_PATH, MQTT_PATHS, OPCUA_PATHS } from "../../config/paths.ts";
import { readRawSettings } from "../../config/raw-files.ts";
import { reportDrops } from "../../link/drop-report.ts";
import { FrameSender } from "../../link/frame-sender.ts";
import { everyInterval, ItemCounters } from "../../link/item-counters.ts";
import type { Cell, CellContext } from "../cell.ts";
import { Forwarder } from "./forwarder.ts";
import { openRoutes } from "./open-routes.ts";

/** The navigation cell: the one-way valve between the two sides. It has no network and never waits for MQTT (R33). */

const BUFFER_BYTES = 32 * 1024 * 1024;

/** R143, R165: what came over OPC UA, item by item, and what became of it here. */
function tellCounters(options: {
  log: CellContext["log"];
  forwarder: Forwarder;
  sender: FrameSender;
  /** By target port. */
  dropped: ReadonlyMap<number, number>;
  sourceNames: ReadonlyMap<number, string>;
  targetNames: ReadonlyMap<number, string>;
}): void {
  const { log, forwarder, sender, dropped, sourceNames, targetNames } = options;
  const received = new ItemCounters(sourceNames);
  const lost = new ItemCounters(targetNames);
  everyInterval(log, (seconds) => {
    const { frames, bytes } = sender.waiting;
    return [
      `Navigation Service: buffered: ${frames} (${bytes} bytes), dropped since the start: ${sender.dropped}`,
      ...received.describe(`Navigation Service: received in ${seconds} s`, forwarder.received()),
      ...(dropped.size > 0 ? lost.describe(`Navigation Service: dropped in ${seconds} s`, dropped) : []),
    ];
  });
}

/** R115: what operators read while the way to the broker takes less than the server delivers. */
export function tellDropped(count: number): string {
  return `Navigation Service: the MQTT publisher can't send and the buffer is full; the oldest ${count} values were dropped in the last minute. Cure: see the lines of the MQTT Publisher for what keeps it from sending; where the broker is only too slow, read fewer values, or less often`;
}

function start(inputs: RouteFiles, context: CellContext): void {
  const [inFd, outFd] = context.descriptors;
  if (inFd === undefined || outFd === undefined)
    throw new Error("the navigation cell was started without its pipes");
  const { targets, sourceNames, targetNames } = openRoutes(inputs, context.log);
  const broken = (error: Error): never => {
    throw error;
  };
  const dropped = new Map<number, number>();
  const sender = new FrameSender({
    writer: context.platform.writer(outFd, broken),
    bufferBytes: BUFFER_BYTES,
    onDrop: (port) => dropped.set(port, (dropped.get(port) ?? 0) + 1),
  });
  // Without routes it still empties the pipe, so that the other side runs undisturbed.
  const forwarder = new Forwarder({ routes: targets, sender });
  context.platform.reader(
    inFd,
    (chunk) => forwarder.push(chunk),
    (error) => broken(error ?? new Error("the pipe from the OPC UA cell has ended")),
  );
  reportDrops({
    log: context.log,
    dropped: () => sender.dropped,
    text: tellDropped,
  });
  tellCounters({ log: context.log, forwarder, sender, dropped, sourceNames, targetNames });
  context.onLook(() => ({ steps: sender.written, busy: sender.isWaiting }));
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

import { StatusCodes } from "node-opcua-client";
import { type OpcUaSettings, readOpcUaSettings } from "../../config/opcua.ts";
import { OPCUA_PATHS } from "../../config/paths.ts";
import { type RawSide, readRawSide } from "../../config/raw-files.ts";
import { tellFaults } from "../../config/tell.ts";
import { reportDrops } from "../../link/drop-report.ts";
import { FrameSender } from "../../link/frame-sender.ts";
import { everyInterval } from "../../link/item-counters.ts";
import type { Cell, CellContext } from "../cell.ts";
import { NodeWarnings } from "./acquisition/node-warnings.ts";
import { Collector } from "./collector.ts";
import { silenceLibrary } from "./connection/client-options.ts";
import { encodeHeartbeat } from "./values/payload.ts";

/** The OPC UA cell: reads from the one server and writes frames to navigation; nothing comes back to it (R33). */

/** Navigation always takes; this only bridges the moment in which it is being started again. */
const BUFFER_BYTES = 2 * 1024 * 1024;
/** A heartbeat comes after this time at the latest, even if nothing is known about the server yet. */
const FIRST_HEARTBEAT_MS = 20_000;
/** R138, verbatim. */
const STARTED = [
  "Starting the OPC UA Client Manager Server service",
  "The OPC UA Client Manager Server service has been started",
  "Starting the OPC UA Client Manager service",
  "Loading all OpcUaClientSettings",
  "All OpcUaClientSettings has been loaded",
  "The OPC UA Client Manager service has been started",
];

/** A counter in regular intervals, also while the server is away (design §7). */
function startHeartbeat(options: {
  heartbeat: NonNullable<OpcUaSettings["heartbeat"]>;
  collector: Collector;
  sender: FrameSender;
  firstAttempt: Promise<void>;
}): void {
  const { heartbeat, collector, sender, firstAttempt } = options;
  let count = 0;
  const beat = (): void => {
    const status = collector.connected ? StatusCodes.Good : StatusCodes.BadNotConnected;
    sender.sendText(heartbeat.port, encodeHeartbeat({ count, time: new Date(), status }));
    count += 1;
  };
  let begun = false;
  const begin = (): void => {
    if (begun) return;
    begun = true;
    beat();
    setInterval(beat, heartbeat.seconds * 1000);
  };
  // The first one tells how the first attempt to connect has ended, unless that takes very long.
  const patience = setTimeout(begin, FIRST_HEARTBEAT_MS);
  void firstAttempt.then(() => {
    clearTimeout(patience);
    begin();
  });
}

function start(side: RawSide, context: CellContext): void {
  const { log, platform } = context;
  const [outFd] = context.descriptors;
  if (outFd === undefined) throw new Error("the OPC UA cell was started without its pipe");
  silenceLibrary();
  const settings = readOpcUaSettings(side);
  log.useDebug(settings.debug);
  for (const line of STARTED) log.info(line);
  for (const line of settings.summary) log.info(line);
  tellFaults(log, settings.warnings);

  const writer = platform.writer(outFd, (error) => {
    throw error;
  });
  const sender = new FrameSender({ writer, bufferBytes: BUFFER_BYTES });
  const warnings = new NodeWarnings(log);
  const collector = new Collector({
    settings,
    log,
    handlers: {
      onText: (port, text) => sender.sendText(port, text),
      onState: (reason) =>
        context.report(reason === null ? { kind: "connected" } : { kind: "disconnected", reason }),
      openWay: () => context.openWay(settings.host),
      onWarning: (node, text) => warnings.tell(node, text),
    },
  });
  reportDrops({
    log,
    dropped: () => sender.dropped,
    text: (count) =>
      `OPC UA Client: the Navigation Service does not take values; the oldest ${count} were dropped in the last minute. Cure: see what the log says of the Navigation Service; if nothing, configure fewer nodes or a longer readingCycle`,
  });

  everyInterval(log, () => [`OPC UA Client: reconnects since the start: ${collector.reconnects}`]);
  let begun = false;
  context.onLook(() => ({
    steps: sender.written + collector.steps,
    busy: sender.isWaiting || (begun && !collector.connected),
  }));
  context.onGo(() => {
    begun = true;
    const firstAttempt = collector.run();
    if (settings.heartbeat)
      startHeartbeat({ heartbeat: settings.heartbeat, collector, sender, firstAttempt });
  });
  context.onNetwork((word) => {
    if (word === "retry") collector.retry();
    else collector.drop("the address of X2 P1 has changed");
  });
  context.onStop(() => void collector.stop().finally(() => process.exit(0)));
  context.report({ kind: "peer", peer: { host: settings.host, port: settings.tcpPort } });
  context.report({ kind: "started" });
}

export const opcuaCell: Cell = {
  prepare({ root }) {
    const side = readRawSide(`${root}/HW-IDS`, OPCUA_PATHS);
    return (context) => start(side, context);
  },
};

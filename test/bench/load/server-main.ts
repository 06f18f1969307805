/**
 * A server with many Doubles that change when the bench says so. It shares the PC with the device under test: one timer,
 * nothing is computed per change that the protocol does not need.
 */
import {
  DataChangeNotification,
  DataType,
  PublishResponse,
  StatusCodes,
  type UAVariable,
  Variant,
} from "node-opcua";
import { makeOpcUaServer, serve } from "../../lab/opcua-endpoint.ts";
import {
  LOAD_NAMESPACE_URI,
  type LoadCommand,
  type LoadReport,
  type LoadSettings,
  loadItem,
  loadValue,
} from "./protocol.ts";

/** Changes of one round that are spread over time are at least so far apart; more of them come together. */
const SPREAD_TICK_MS = 5;

class LoadItem {
  readonly #index: number;
  readonly #node: UAVariable;
  #sequence = 0;

  constructor(index: number, node: UAVariable) {
    this.#index = index;
    this.#node = node;
    this.#set(new Date());
  }

  change(now: Date): void {
    this.#sequence += 1;
    this.#set(now);
  }

  #set(now: Date): void {
    const value = loadValue(this.#index, this.#sequence);
    this.#node.setValueFromSource(new Variant({ dataType: DataType.Double, value }), StatusCodes.Good, now);
  }
}

function countValues(response: unknown): number {
  if (!(response instanceof PublishResponse)) return 0;
  const notifications = response.notificationMessage?.notificationData ?? [];
  return notifications.reduce(
    (sum, notification) =>
      notification instanceof DataChangeNotification ? sum + (notification.monitoredItems?.length ?? 0) : sum,
    0,
  );
}

async function main(): Promise<void> {
  const settings = JSON.parse(process.argv[2] ?? "{}") as LoadSettings;
  const server = await makeOpcUaServer(settings);
  const addressSpace = server.engine.addressSpace;
  if (addressSpace === null) throw new Error("the server has no address space");
  const namespace = addressSpace.registerNamespace(LOAD_NAMESPACE_URI);
  const items = Array.from({ length: settings.items }, (_, index) => {
    const { name, nodeId } = loadItem(index);
    const node = namespace.addVariable({
      browseName: name,
      nodeId,
      organizedBy: addressSpace.rootFolder.objects,
      dataType: DataType.Double,
      // 0 = reported on every change (Part 3 §5.6.2): nothing is lost to sampling.
      minimumSamplingInterval: 0,
    });
    return new LoadItem(index, node);
  });
  const responses: number[] = [];
  server.on("response", (response: unknown) => responses.push(countValues(response)));
  let changes = 0;
  let timer: NodeJS.Timeout | undefined;

  process.on("message", (command: LoadCommand) => {
    clearInterval(timer);
    const wanted = command.items * command.rounds;
    const startedAt = performance.now();
    let made = 0;
    // By the clock and not by counting ticks: a late timer does not lower the rate.
    const advance = () => {
      const rounds = (performance.now() - startedAt) / command.everyMs;
      const due = command.spread
        ? Math.floor(rounds * command.items) + 1
        : (Math.floor(rounds) + 1) * command.items;
      const now = new Date();
      for (; made < Math.min(due, wanted); made++) {
        items[made % command.items]?.change(now);
        changes += 1;
      }
      if (made < wanted) return;
      clearInterval(timer);
      const report: LoadReport = { changes, responses: command.rounds === 0 ? responses : [] };
      process.send?.(report);
    };
    const everyMs = command.spread
      ? Math.max(SPREAD_TICK_MS, command.everyMs / command.items)
      : command.everyMs;
    timer = setInterval(advance, Math.max(1, everyMs));
    advance();
  });
  await serve(server, settings);
}

await main();

/** A server whose items all count: the value of an item is the number of the round in which it took it. */
import { DataType, StatusCodes, Variant } from "node-opcua";
import { makeOpcUaServer, serve } from "../lab/opcua-endpoint.ts";
import {
  type RoundReport,
  SOAK_NAMESPACE_URI,
  type SoakCommand,
  type SoakServerSettings,
  soakItem,
} from "./protocol.ts";

async function main(): Promise<void> {
  const settings = JSON.parse(process.argv[2] ?? "{}") as SoakServerSettings;
  const server = await makeOpcUaServer(settings);
  const addressSpace = server.engine.addressSpace;
  if (addressSpace === null) throw new Error("the server has no address space");
  const namespace = addressSpace.registerNamespace(SOAK_NAMESPACE_URI);
  const nodes = Array.from({ length: settings.items }, (_, index) => {
    const { name, nodeId } = soakItem(index);
    return namespace.addVariable({
      browseName: name,
      nodeId,
      organizedBy: addressSpace.rootFolder.objects,
      dataType: DataType.UInt32,
      // 0 = reported on every change (Part 3 §5.6.2): nothing is lost to sampling.
      minimumSamplingInterval: 0,
    });
  });
  let round = settings.firstRound;
  const next = () => {
    const now = new Date();
    // Told before it is done: no value can be anywhere before the soak knows of it.
    const report: RoundReport = { round, at: now.getTime() };
    process.send?.(report);
    for (const node of nodes) {
      node.setValueFromSource(
        new Variant({ dataType: DataType.UInt32, value: round }),
        StatusCodes.Good,
        now,
      );
    }
    round += 1;
  };
  next();
  await serve(server, settings);
  const timer = setInterval(next, settings.roundEveryMs);
  process.on("message", ({ hold }: SoakCommand) => {
    if (hold) clearInterval(timer);
  });
}

await main();

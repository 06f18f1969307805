/**
 * The demo machine: an OPC UA server in a process of its own, so that a test can take it away and bring it back.
 */
import {
  coerceExpandedNodeId,
  coerceStatusCode,
  DataType,
  type Namespace,
  resolveNodeId,
  StatusCodes,
  type UAVariable,
  Variant,
  VariantArrayType,
} from "node-opcua";
import { makeOpcUaServer, serve } from "./opcua-endpoint.ts";
import type { Change, ServerCommand, ServerReport, ServerSettings } from "./opcua-protocol.ts";
import {
  ALL_VARIABLES,
  DEMO_NAMESPACE_URI,
  type OpcUaType,
  SampleSequence,
  VARIABLES,
  type WireValue,
} from "./variables.ts";

/** A plain JSON value as node-opcua wants it, type by type. */
function toNodeOpcua(type: OpcUaType, value: unknown): unknown {
  switch (type) {
    case "Int64":
    case "UInt64": {
      const bits = BigInt.asUintN(64, BigInt(value as string));
      return [Number(bits >> 32n), Number(bits & 0xffffffffn)];
    }
    case "Float":
    case "Double":
      return Number(value);
    case "DateTime":
      return new Date(value as string);
    case "ByteString":
      return Buffer.from(value as string, "base64");
    case "NodeId":
      return resolveNodeId(value as string);
    case "ExpandedNodeId":
      return coerceExpandedNodeId(value);
    case "StatusCode":
      return coerceStatusCode(value as number);
    default:
      return value;
  }
}

function toVariant(wire: WireValue): Variant {
  const value = wire.array
    ? (wire.value as unknown[]).map((element) => toNodeOpcua(wire.type, element))
    : toNodeOpcua(wire.type, wire.value);
  return new Variant({
    dataType: DataType[wire.type],
    arrayType: wire.array ? VariantArrayType.Array : VariantArrayType.Scalar,
    value,
  });
}

/** One variable of the machine: its node, its values to come, and the number of changes so far. */
class MachineVariable {
  readonly #name: string;
  readonly #node: UAVariable;
  readonly #sequence: SampleSequence;
  #index: number;

  constructor(options: {
    namespaces: readonly Namespace[];
    definition: (typeof VARIABLES)[number];
    firstIndex: number;
  }) {
    const { definition, firstIndex } = options;
    const namespace = options.namespaces.find((ns) => definition.nodeId.startsWith(`ns=${ns.index};`));
    if (namespace === undefined) throw new Error(`no namespace for ${definition.nodeId}`);
    this.#name = definition.name;
    this.#sequence = new SampleSequence(definition);
    for (let skipped = 0; skipped < firstIndex; skipped++) this.#sequence.next();
    this.#index = firstIndex;
    const { wire } = new SampleSequence(definition).next();
    this.#node = namespace.addVariable({
      browseName: definition.name,
      nodeId: definition.nodeId,
      organizedBy: namespace.addressSpace.rootFolder.objects,
      dataType: definition.name === "Variant" ? DataType.Variant : DataType[wire.type],
      valueRank: wire.array ? 1 : -1,
      // 0 = reported on every change, so that a client that asks for everything gets everything (Part 3 §5.6.2).
      minimumSamplingInterval: 0,
    });
  }

  change(now: Date): Change {
    const { wire, json } = this.#sequence.next();
    this.#node.setValueFromSource(toVariant(wire), StatusCodes.Good, now);
    return {
      name: this.#name,
      index: this.#index++,
      sourceTimestamp: now.toISOString(),
      type: wire.type,
      array: wire.array === true,
      json,
    };
  }
}

async function main(): Promise<void> {
  const settings = JSON.parse(process.argv[2] ?? "{}") as ServerSettings;
  const server = await makeOpcUaServer(settings);
  const addressSpace = server.engine.addressSpace;
  if (addressSpace === null) throw new Error("the server has no address space");
  const own = addressSpace.getOwnNamespace();
  const machine = addressSpace.registerNamespace(DEMO_NAMESPACE_URI);
  const variables = (settings.extras ? ALL_VARIABLES : VARIABLES).map(
    (definition) =>
      new MachineVariable({ namespaces: [own, machine], definition, firstIndex: settings.firstIndex }),
  );
  // No two rounds share a time stamp: it identifies a change.
  let last = 0;
  const round = () => {
    last = Math.max(Date.now(), last + 1);
    const report: ServerReport = { changes: variables.map((variable) => variable.change(new Date(last))) };
    process.send?.(report);
  };
  round();

  process.on("message", (message: ServerCommand) => {
    let left = message.count;
    const next = () => {
      round();
      if (--left > 0) setTimeout(next, message.everyMs);
    };
    next();
  });
  await serve(server, settings);
}

await main();

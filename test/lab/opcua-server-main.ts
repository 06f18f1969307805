/**
 * The demo machine: an OPC UA server in a process of its own, so that a test can take it away and bring it back.
 */
import { join } from "node:path";
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
import { STRUCTURED_VARIABLES } from "./structures.ts";
import {
  ALL_VARIABLES,
  DEMO_NAMESPACE_URI,
  type DemoVariable,
  type RichWire,
  SampleSequence,
  VARIABLES,
} from "./variables.ts";

/** Makes a structure; set when there is an address space with its data type. */
let construct: ((dataType: string, fields: Record<string, unknown>) => unknown) | null = null;

/** node-opcua keeps what is below a millisecond beside the Date. */
function toDate(text: string): Date {
  const [, whole = "", ticks = ""] = /^(.*\.\d{3})(\d*)Z$/.exec(text) ?? [];
  const picoseconds = Number(ticks.padEnd(4, "0")) * 100_000;
  return Object.assign(new Date(`${whole}Z`), { picoseconds });
}

/** A plain JSON value as node-opcua wants it, type by type. */
function toNodeOpcua({ type, dataType }: RichWire, value: unknown): unknown {
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
      return toDate(value as string);
    case "ByteString":
      return Buffer.from(value as string, "base64");
    case "NodeId":
      return resolveNodeId(value as string);
    case "ExpandedNodeId":
      return coerceExpandedNodeId(value);
    case "StatusCode":
      return coerceStatusCode(value as number);
    case "Variant":
      return toVariant(value as RichWire);
    case "ExtensionObject":
      return construct?.(dataType ?? "", value as Record<string, unknown>);
    default:
      return value;
  }
}

function toVariant(wire: RichWire): Variant {
  const rank = wire.array ? 1 : (wire.dimensions?.length ?? 0);
  const value =
    rank === 0
      ? toNodeOpcua(wire, wire.value)
      : (wire.value as unknown[]).map((element) => toNodeOpcua(wire, element));
  return new Variant({
    dataType: DataType[wire.type],
    arrayType: [VariantArrayType.Scalar, VariantArrayType.Array][rank] ?? VariantArrayType.Matrix,
    ...(rank > 1 && wire.dimensions ? { dimensions: [...wire.dimensions] } : {}),
    value,
  });
}

/** One variable of the machine: its node, its values to come, and the number of changes so far. */
class MachineVariable {
  readonly #name: string;
  readonly #node: UAVariable;
  readonly #sequence: SampleSequence<RichWire>;
  #index: number;

  constructor(options: {
    namespaces: readonly Namespace[];
    definition: DemoVariable<RichWire>;
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
      dataType: wire.dataType ?? (definition.name === "Variant" ? DataType.Variant : DataType[wire.type]),
      valueRank: wire.array ? 1 : (wire.dimensions?.length ?? -1),
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
      array: wire.array === true || wire.dimensions !== undefined,
      json,
    };
  }
}

/** The demo machine's own data types. */
const DEMO_TYPES = join(import.meta.dirname, "demo-types.xml");

async function main(): Promise<void> {
  const settings = JSON.parse(process.argv[2] ?? "{}") as ServerSettings;
  const server = await makeOpcUaServer(settings, settings.extras ? [DEMO_TYPES] : []);
  const addressSpace = server.engine.addressSpace;
  if (addressSpace === null) throw new Error("the server has no address space");
  const own = addressSpace.getOwnNamespace();
  const machine = addressSpace.registerNamespace(DEMO_NAMESPACE_URI);
  construct = (dataType, fields) => addressSpace.constructExtensionObject(resolveNodeId(dataType), fields);
  const variables = (settings.extras ? [...ALL_VARIABLES, ...STRUCTURED_VARIABLES] : VARIABLES).map(
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

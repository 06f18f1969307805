/**
 * Variables of the demo machine beyond single values and lists: structures of its own (`demo-types.xml`) and of OPC UA,
 * matrices, lists of any type, times finer than a millisecond; with the JSON that each must become (Part 6 §5.4.2–5.4.8,
 * non-reversible form), written down here from the raw numbers and texts.
 */
import type { DemoVariable, Random, RichWire, Sample } from "./variables.ts";

const MODES: readonly [readonly [number, string], ...(readonly [number, string])[]] = [
  [0, "Idle_0"],
  [1, "Running_1"],
  [7, "Fault_7"],
  // The server's definition has no name for it.
  [5, "5"],
];

/** A part of a structure: what node-opcua's constructor takes, and the JSON. */
interface Part<T = unknown> {
  readonly value: T;
  readonly json: unknown;
}

type RichSample = Sample<RichWire>;

const measured = (random: Random): number => random.integer(-1_000_000, 1_000_000) / 1000;
const tenth = (random: Random): number => random.integer(-9999, 9999) / 10;
const name = (random: Random): string =>
  `${random.pick(["drill", "Fräser", '"T"', "工具"])} ${random.uint32()}`;
const list = <T>(random: Random, most: number, make: () => T): T[] =>
  Array.from({ length: random.integer(0, most) }, make);

function position(random: Random): Part {
  const [x, y] = [measured(random), tenth(random)];
  return { value: { x, y: Math.fround(y) }, json: { X: x, Y: y } };
}

/** Wear and Serial are optional: each is there or not. */
function tool(random: Random): Part {
  const [mode, modeText] = random.pick(MODES);
  const text = name(random);
  const wear = random.integer(0, 1) === 0 ? undefined : tenth(random);
  const serial = random.integer(0, 1) === 0 ? undefined : random.uint64();
  return {
    value: {
      name: text,
      mode,
      ...(wear === undefined ? {} : { wear: Math.fround(wear) }),
      ...(serial === undefined ? {} : { serial: [Number(serial >> 32n), Number(serial & 0xffffffffn)] }),
    },
    json: {
      Name: text,
      ...(wear === undefined ? {} : { Wear: wear }),
      Mode: modeText,
      ...(serial === undefined ? {} : { Serial: String(serial) }),
    },
  };
}

/** A union: the value that it holds, alone (Part 6 §5.4.8). */
function reading(random: Random): Part {
  const [number, text, place] = [measured(random), name(random), position(random)];
  return random.pick<Part>([
    { value: { number }, json: number },
    { value: { text }, json: text },
    { value: { place: place.value }, json: place.json },
  ]);
}

function station(random: Random): Part {
  const [mode, modeText] = random.pick(MODES);
  const home = position(random);
  const path = list(random, 3, () => position(random));
  const tools = list(random, 3, () => tool(random));
  const last = reading(random);
  const number = random.uint32();
  const cycle = measured(random);
  const started = new Date(random.integer(0, 2 ** 32) * 1000 + random.integer(0, 999)).toISOString();
  const counts = list(random, 3, () => BigInt.asIntN(64, random.uint64()));
  const note = random.pick([null, name(random)]);
  return {
    value: {
      number,
      mode,
      home: home.value,
      path: path.map(({ value }) => value),
      tools: tools.map(({ value }) => value),
      last: last.value,
      cycle,
      started,
      counts: counts.map((count) => [Number(BigInt.asUintN(64, count) >> 32n), Number(count & 0xffffffffn)]),
      note: { text: note },
    },
    json: {
      Number: number,
      Mode: modeText,
      Home: home.json,
      Path: path.map(({ json }) => json),
      Tools: tools.map(({ json }) => json),
      Last: last.json,
      Cycle: cycle,
      Started: started,
      Counts: counts.map(String),
      // A null field is left out (Part 6 §5.4.2.1).
      ...(note === null ? {} : { Note: note }),
    },
  };
}

const structure =
  (dataType: string, make: (random: Random) => Part) =>
  (random: Random): RichSample => {
    const { value, json } = make(random);
    return { wire: { type: "ExtensionObject", dataType, value }, json };
  };

const TYPES = {
  position: "ns=2;i=5002",
  tool: "ns=2;i=5003",
  reading: "ns=2;i=5004",
  station: "ns=2;i=5005",
};

const samples: Readonly<Record<string, (random: Random) => RichSample>> = {
  Station: structure(TYPES.station, station),
  Tool: structure(TYPES.tool, tool),
  Reading: structure(TYPES.reading, reading),
  Positions: (random) => {
    const parts = list(random, 4, () => position(random));
    return {
      wire: {
        type: "ExtensionObject",
        dataType: TYPES.position,
        dimensions: [parts.length],
        value: parts.map(({ value }) => value),
      },
      json: parts.map(({ json }) => json),
    };
  },
  // A structure of OPC UA itself.
  Range: structure("ns=0;i=884", (random) => {
    const [low, high] = [measured(random), measured(random)];
    return { value: { low, high }, json: { Low: low, High: high } };
  }),
  // An enumeration by itself is a number: a Variant holds an Int32 (Part 6 §5.1.7).
  Mode: (random) => {
    const [value] = random.pick(MODES);
    return { wire: { type: "Int32", dataType: "ns=2;i=5001", value }, json: value };
  },
  DoubleMatrix: (random) => {
    const dimensions = [random.integer(1, 3), random.integer(1, 3)] as const;
    const value = Array.from({ length: dimensions[0] * dimensions[1] }, () => measured(random));
    const rows = Array.from({ length: dimensions[0] }, (_, row) =>
      value.slice(row * dimensions[1], (row + 1) * dimensions[1]),
    );
    return { wire: { type: "Double", dimensions, value }, json: rows };
  },
  Int64Cube: (random) => {
    const value = Array.from({ length: 4 }, () => BigInt.asIntN(64, random.uint64()).toString());
    return {
      wire: { type: "Int64", dimensions: [2, 1, 2], value },
      json: [[value.slice(0, 2)], [value.slice(2)]],
    };
  },
  // Every element has a type of its own; one is a list.
  Mixture: (random) => {
    const [number, text, time] = [measured(random), name(random), fineTime(random)];
    return {
      wire: {
        type: "Variant",
        dimensions: [4],
        value: [
          { type: "Double", value: number },
          { type: "String", value: text },
          { type: "DateTime", value: time },
          { type: "Double", dimensions: [2], value: [number, -number] },
        ],
      },
      json: [number, text, time, [number, -number]],
    };
  },
  FineTime: (random) => {
    const value = fineTime(random);
    return { wire: { type: "DateTime", value }, json: value };
  },
};

/** Down to 100 ns, the last digit of which is not 0. */
function fineTime(random: Random): string {
  const whole = new Date(random.integer(0, 2 ** 32) * 1000 + random.integer(0, 999)).toISOString();
  const ticks = String(random.integer(0, 999)).padStart(3, "0");
  return whole.replace("Z", `${ticks}${random.integer(1, 9)}Z`);
}

/** Beyond R76 too (L6), for servers that have `demo-types.xml`. */
export const STRUCTURED_VARIABLES: readonly DemoVariable<RichWire>[] = Object.entries(samples).map(
  ([variable, sample], index) => ({ name: variable, nodeId: `ns=2;i=${4045 + index}`, sample }),
);

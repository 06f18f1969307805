/**
 * What the bundle makes on demand is what node-opcua makes while it loads: the library itself is the oracle. The work
 * folder stays when a test fails.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { BundleHelperError, inheritImports } from "../../app/bundle/bundle.ts";
import { lazy, lazyNodeIds, lazyStructures } from "../../app/bundle/lazy.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");

interface Stream {
  readonly length: number;
  readonly buffer: Buffer;
}
interface Structure {
  encode(stream: Stream): void;
}
interface StructureClass {
  new (options?: object): Structure;
  readonly schema: object;
  readonly dataTypeNodeId: object;
  readonly encodingDefaultBinary: object;
}
interface Found {
  readonly constructor: StructureClass;
}
interface Factory {
  hasStructureByTypeName(name: string): boolean;
  getStructureInfoByTypeName(name: string): Found;
  getStructureInfoForDataType(id: object): Found | null;
  getConstructor(id: object): StructureClass | null;
  structuredTypesNames(): Iterable<string>;
}
interface Library {
  readonly types: Readonly<Record<string, unknown>>;
  readonly factory: { getStandardDataTypeFactory(): Factory };
  readonly nodeid: {
    resolveNodeId(name: string): { toString(): string; displayText(): string };
    coerceNodeId(id: string): { displayText(): string };
  };
  readonly constants: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  readonly stream: { BinaryStream: new (size: number) => Stream };
}

/** The same packages twice: as they are and with the plugin, each in one script of its own. */
async function library(folder: string, name: string, lazily: boolean): Promise<Library> {
  const outfile = join(folder, `${name}.cjs`);
  const contents = `
    exports.types = require("node-opcua-types");
    exports.factory = require("node-opcua-factory");
    exports.nodeid = require("node-opcua-nodeid");
    exports.constants = require("node-opcua-constants");
    exports.stream = require("node-opcua-binary-stream");`;
  await build({
    stdin: { contents, resolveDir: REPOSITORY },
    outfile,
    bundle: true,
    platform: "node",
    logLevel: "error",
    plugins: lazily ? [lazy()] : [],
  });
  return createRequire(import.meta.url)(outfile) as Library;
}

/** Everything that a schema says, without the schemas that it refers to. */
function described(schema: object): string {
  const seen = new Set<unknown>();
  return JSON.stringify(schema, (key, value: unknown) => {
    if (key === "_dataTypeFactory" || typeof value === "function") return undefined;
    if (key === "schema" || key === "_baseSchema") return (value as { name?: string } | null)?.name;
    if (typeof value === "object" && value !== null) {
      if (seen.has(value)) return "seen before";
      seen.add(value);
    }
    return value;
  });
}

const isStructure = (value: unknown): value is StructureClass =>
  typeof value === "function" && "schema" in value && "encodingDefaultBinary" in value;

function encoded(from: Library, Class: StructureClass): string {
  const stream = new from.stream.BinaryStream(10_000);
  new Class({}).encode(stream);
  return stream.buffer.subarray(0, stream.length).toString("hex");
}

test("structures on demand: same exports, schemas, ids, bytes, and found by name, data type and encoding", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gwcard-lazy-"));
  const plain = await library(folder, "plain", false);
  const names = Object.keys(plain.types).filter((name) => isStructure(plain.types[name]));
  assert.ok(names.length >= 300, `only ${names.length} structures`);
  const oracle = plain.factory.getStandardDataTypeFactory();
  const ways: Record<string, (factory: Factory, name: string) => unknown> = {
    "by its export": () => undefined,
    "by name": (factory, name) => factory.getStructureInfoByTypeName(name).constructor,
    "by data type": (factory, name) =>
      factory.getStructureInfoForDataType((plain.types[name] as StructureClass).dataTypeNodeId)?.constructor,
    "by encoding": (factory, name) =>
      factory.getConstructor((plain.types[name] as StructureClass).encodingDefaultBinary),
  };
  for (const [way, find] of Object.entries(ways)) {
    // A fresh copy for each way in: what is found first is what makes it.
    const onDemand = await library(folder, way.replaceAll(" ", "-"), true);
    assert.deepEqual(Object.keys(onDemand.types).sort(), Object.keys(plain.types).sort());
    const factory = onDemand.factory.getStandardDataTypeFactory();
    // From the last to the first: nothing may count on the order in the file.
    for (const name of names.toReversed()) {
      const theirs = plain.types[name] as StructureClass;
      assert.ok(factory.hasStructureByTypeName(name), name);
      const found = find(factory, name);
      const expected = find(oracle, name);
      const mine = onDemand.types[name];
      assert.ok(isStructure(mine), `${name} ${way}`);
      assert.equal(found === mine, expected === theirs, `${name} ${way}`);
      if (expected === null) assert.equal(found, null, `${name} ${way}`);
      assert.equal(described(mine.schema), described(theirs.schema), name);
      assert.equal(String(mine.dataTypeNodeId), String(theirs.dataTypeNodeId), name);
      assert.equal(String(mine.encodingDefaultBinary), String(theirs.encodingDefaultBinary), name);
      assert.equal(encoded(onDemand, mine), encoded(plain, theirs), name);
    }
  }
  const untouched = await library(folder, "untouched", true);
  const all = [...untouched.factory.getStandardDataTypeFactory().structuredTypesNames()];
  assert.deepEqual(all.sort(), [...oracle.structuredTypesNames()].sort(), "a list of all has all");
  rmSync(folder, { recursive: true });
});

test("standard node ids on demand: each name and each number leads where it led", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gwcard-lazy-"));
  const plain = await library(folder, "plain", false);
  const onDemand = await library(folder, "on-demand", true);
  const names = new Set(Object.values(plain.constants).flatMap((map) => Object.keys(map ?? {})));
  assert.ok(names.size > 2_700, `only ${names.size} names`);
  for (const name of names) {
    if (/^\d+$/.test(name)) continue;
    const outcome = ({ nodeid }: Library) => {
      try {
        return nodeid.resolveNodeId(name).displayText();
      } catch (error) {
        return String(error);
      }
    };
    assert.equal(outcome(onDemand), outcome(plain), name);
  }
  assert.equal(onDemand.nodeid.resolveNodeId("Double"), onDemand.nodeid.resolveNodeId("Double"));
  for (let id = 0; id < 33_000; id++) {
    const text = ({ nodeid }: Library) => nodeid.coerceNodeId(`i=${id}`).displayText();
    assert.equal(text(onDemand), text(plain), `i=${id}`);
  }
  rmSync(folder, { recursive: true });
});

test("a library that looks different stops the build and says what to do", () => {
  const cure = "adapt app/bundle/lazy.ts to this release, or take the edit out: only the start gets slower";
  assert.throws(() => lazyStructures("types.js", "module.exports = 1;\n"), {
    name: "LazyEditError",
    code: "ERR_LAZY_EDIT",
    message: `types.js: only 0 structures found; ${cure}`,
  });
  assert.throws(() => lazyNodeIds("nodeid.js", "module.exports = 1;\n"), {
    message: `nodeid.js: its indexes of names are built in another way; ${cure}`,
  });
  assert.throws(() => inheritImports("var __toESM=1;"), BundleHelperError);
});

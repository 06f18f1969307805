/** The judgement on a case: Node.js and every build of the runtime print the same and end well. */
import assert from "node:assert/strict";
import { type Engine, engines, enginesAndQemu, runOnDevice, runOnNode } from "./harness.ts";

let known: Promise<Engine[]> | undefined;
let all: Promise<Engine[]> | undefined;

/** The builds as they run on this PC: for what takes long, and for memory, because QEMU's own grows with the code. */
export function builds(): Promise<Engine[]> {
  known ??= engines();
  return known;
}

/** And the card's build in QEMU, with a Quark's instructions only. */
export function buildsAndQemu(): Promise<Engine[]> {
  all ??= enginesAndQemu();
  return all;
}

/** With `errors` standard error has to be the same too. */
export async function agree(
  name: string,
  args: readonly string[] = [],
  { errors = false }: { readonly errors?: boolean } = {},
): Promise<void> {
  const expected = await runOnNode(name, args);
  assert.equal(expected.end, 0, `${name} on Node.js: ${expected.stderr}`);
  assert.notEqual(expected.stdout, "", `${name} prints nothing`);
  for (const engine of await buildsAndQemu()) {
    const actual = await runOnDevice(engine, name, args);
    assert.equal(actual.end, 0, `${name} on ${engine.name}: ${actual.stderr}`);
    assert.deepEqual(actual.stdout.split("\n"), expected.stdout.split("\n"), `${name} on ${engine.name}`);
    if (errors) assert.equal(actual.stderr, expected.stderr, `${name} on ${engine.name}, standard error`);
  }
}

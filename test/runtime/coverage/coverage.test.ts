/** Every member of Node's API that the gateway's bundle uses is exercised by a conformance case. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { bundleApp } from "../../../app/bundle/bundle.ts";
import { AGREEING, type Needs } from "../cases.ts";
import { startNetPeers } from "../net-peers.ts";
import { makePki } from "../pki.ts";
import { startServers } from "../tls-servers.ts";
import { type BundleUse, bundleUse } from "./bundle-use.ts";
import { EXEMPTIONS, HANDED_AROUND } from "./exemptions.ts";
import { Inventory, type Member, MODULES, nodeGlobals } from "./inventory.ts";
import { type Exercised, record } from "./recording.ts";

const repository = new URL("../../../", import.meta.url).pathname;
/** The runtime's own modules use Node's API too; what they use is theirs. */
const RUNTIME = "app/runtime/";

interface Used {
  readonly member: Member;
  readonly places: readonly string[];
}

/** The gateway as the card has it, with Node's builtins left outside. */
async function gatewayUse(): Promise<BundleUse> {
  const folder = mkdtempSync(join(tmpdir(), "gwcard-coverage-"));
  const outfile = join(folder, "gateway.js");
  await bundleApp({ target: "device", entry: "app/main.ts", outfile, builtins: "external" });
  const use = bundleUse(readFileSync(outfile, "utf8"), nodeGlobals());
  rmSync(folder, { recursive: true });
  return use;
}

const outside = (places: ReadonlySet<string>) => [...places].filter((place) => !place.startsWith(RUNTIME));

function membersInUse(use: BundleUse, inventory: Inventory): Map<string, Used> {
  const used = new Map<string, Used>();
  const add = (member: Member, places: readonly string[]) => {
    if (places.length === 0) return;
    const known = used.get(member.name)?.places ?? [];
    used.set(member.name, { member, places: [...new Set([...known, ...places])] });
  };
  for (const [path, places] of use.paths) {
    const member = inventory.find(path.split("."));
    if (member) add(member, outside(places));
  }
  for (const member of inventory.instanceMembers(new Set(used.keys()))) {
    const places = use.names.get(member.key);
    if (places) add(member, outside(places));
  }
  return used;
}

const matches = (pattern: string, name: string) =>
  pattern.endsWith(".*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

/** Runs `work` with the arguments of all cases, while their peers are up. */
async function withPeers<T>(work: (args: (needs: Needs) => readonly string[]) => Promise<T>): Promise<T> {
  const pki = makePki();
  const [peers, servers] = [await startNetPeers(), await startServers(pki)];
  const args = { nothing: [], "net peers": peers.args, pki: [pki], "tls servers": [pki, ...servers.args] };
  try {
    return await work((needs) => args[needs]);
  } finally {
    await servers.stop();
    await peers.close();
    rmSync(pki, { recursive: true });
  }
}

describe("coverage of Node's API", { concurrency: false }, () => {
  const inventory = new Inventory();
  let use: BundleUse;
  let used: Map<string, Used>;
  let exercised: Exercised;
  before(async () => {
    use = await gatewayUse();
    used = membersInUse(use, inventory);
    exercised = await withPeers((args) =>
      record(new Map(Object.entries(AGREEING).map(([name, needs]) => [name, args(needs)])), inventory),
    );
  });

  const builtins = () => [
    ...new Set([...use.paths.keys()].flatMap((path) => /^module ([^.]*)/.exec(path)?.[1] ?? [])),
  ];
  const isExercised = ({ name, key, kind }: Member) =>
    exercised.members.has(name) ||
    (kind === "value" && name.includes(".prototype.") && exercised.properties.has(key));

  it("finds what the gateway is known to use", () => {
    for (const name of [
      "Buffer.from",
      "Buffer.prototype.readDoubleLE",
      "tls.connect",
      "crypto.privateDecrypt",
    ]) {
      assert.ok(used.has(name), `${name} was not found in the bundle`);
    }
  });

  it("every member in use has a case, or an exemption with its reason", () => {
    const missing = [...used.values()].filter(
      ({ member }) =>
        !isExercised(member) &&
        !EXEMPTIONS.some(({ members }) => members.some((pattern) => matches(pattern, member.name))),
    );
    assert.deepEqual(
      missing.map(({ member, places }) => `${member.name}: used by ${places.slice(0, 3).join(", ")}`),
      [],
      "extend the case in test/runtime/cases that is about it (test/runtime/cases.ts lists them)",
    );
  });

  it("no exemption is out of date", () => {
    const stale = EXEMPTIONS.flatMap(({ members }) => members).filter((pattern) => {
      const exempted = [...used.values()].filter(({ member }) => matches(pattern, member.name));
      return exempted.length === 0 || exempted.every(({ member }) => isExercised(member));
    });
    assert.deepEqual(stale, [], "not in the bundle any more, or exercised by a case");
  });

  it("every builtin that is required is known", () => {
    const unknown = builtins().filter((name) => !(MODULES as readonly string[]).includes(name));
    assert.deepEqual(unknown, [], "add them to MODULES in inventory.ts");
  });

  it("no builtin is handed around as a whole: then its members could not be followed", () => {
    const whole = [...use.paths].filter(
      ([path, places]) =>
        /^module [^.]*$/.test(path) && inventory.find([path]) === undefined && outside(places).length > 0,
    );
    assert.deepEqual(
      whole.map(([path]) => path),
      HANDED_AROUND.flatMap(({ members }) => members),
      whole.map(([path, places]) => `${path} in ${[...places].join(", ")}`).join("\n"),
    );
  });

  it("every case is run by a test", () => {
    const folder = join(repository, "test/runtime");
    const tests = readdirSync(folder)
      .filter((file) => file.endsWith(".test.ts"))
      .map((file) => readFileSync(join(folder, file), "utf8"));
    const cases = readdirSync(join(folder, "cases")).map((file) => file.replace(/\.ts$/, ""));
    const texts = cases.map((name) => readFileSync(join(folder, "cases", `${name}.ts`), "utf8"));
    const isHelper = (name: string) => texts.some((text) => text.includes(`from "./${name}.ts"`));
    const forgotten = cases
      .filter((name) => !isHelper(name) && !(name in AGREEING))
      .filter((name) => !tests.some((text) => text.includes(`"${name}"`)));
    assert.deepEqual(forgotten, []);
  });
});

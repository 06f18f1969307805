/** GuideSettings-0.json: without it names decide, with its roadmap numbers do, and a faulty one lets nothing through. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { openRoutes } from "../../app/cells/navigation/open-routes.ts";
import { checkConfiguration } from "../../app/config/check.ts";
import { ABSENT, type RawFile } from "../../app/config/raw-files.ts";

const sample = (name: string): RawFile => ({
  bytes: readFileSync(new URL(`../../app/config/samples/${name}`, import.meta.url)),
});
const opcua = sample("OpcUaClientSettings-0.json");
const mqtt = sample("MqttPublisherSettings-0.json");
const json = (value: unknown): RawFile => ({ bytes: Buffer.from(JSON.stringify(value)) });

/** R140, verbatim. */
const STARTED = [
  "Info: Starting the Navigation Service service",
  "Info: Loading all GuideSettings",
  "Info: All GuideSettings has been loaded",
  "Info: The Navigation Service service has been started",
];

function open(guide: RawFile, files = { opcua, mqtt }) {
  const lines: string[] = [];
  const log = {
    info: (line: string) => void lines.push(`Info: ${line}`),
    warning: (line: string) => void lines.push(`Warning: ${line}`),
    error: (line: string) => void lines.push(`Error: ${line}`),
  };
  return { routes: [...openRoutes({ ...files, guide }, log).targets], lines };
}

const GUIDE = { id: 0, receivingHubId: 0, sendingHubId: 0 };
const road = (pairs: readonly (readonly [number, number])[]) =>
  json({
    ...GUIDE,
    roadmap: pairs.map(([sourcePortId, targetPortId]) => ({ sourcePortId, targetPortId })),
  });
const SAME: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [2, 2],
];

test("without the file, without a roadmap, and with the roadmap of version 1.2 the samples are routed alike (R117–R120, R122, K48)", () => {
  for (const [guide, how] of [
    [ABSENT, "by name"],
    [json(GUIDE), "by name"],
    [road(SAME), "by the roadmap of GuideSettings-0.json"],
  ] as const) {
    const digest = "bytes" in guide ? createHash("sha256").update(guide.bytes).digest("hex") : null;
    const lines = [
      ...STARTED,
      ...(digest ? [`Info: Navigation Service: SHA-256 of GuideSettings-0.json: ${digest}`] : []),
      `Info: Navigation Service: settings: 3 routes ${how}`,
    ];
    assert.deepEqual(open(guide), { routes: SAME, lines });
  }
});

test("a roadmap decides alone (R118)", () => {
  const { routes, lines } = open(
    road([
      [1, 2],
      [2, 1],
    ]),
  );
  assert.deepEqual(routes, [
    [1, 2],
    [2, 1],
  ]);
  assert.deepEqual(lines.slice(0, 4), STARTED);
  assert.equal(lines.length, 7);
  assert.match(
    lines[6] ?? "",
    /^Warning: .*\/heartbeat\/id: .*no working route from id 0, its values are not/,
  );
});

test("an empty roadmap lets nothing through, and says so", () => {
  const { routes, lines } = open(road([]));
  assert.deepEqual([routes, lines.length], [[], 9]);
});

test("a faulty GuideSettings-0.json is told in full; the block of R140 is missing, and nothing is routed by guess (R140, R141)", () => {
  const faulty: [RawFile, RegExp[]][] = [
    [
      { bytes: Buffer.from("{") },
      [/^Error: HW-IDS:\/app\/Core\/config\/transfer\/navigation\/GuideSettings-0\.json, line 1/],
    ],
    [{ problem: "it is a directory", absent: false }, [/^Error: .*GuideSettings-0\.json: it is a directory/]],
    [json({ id: 0 }), [/"receivingHubId" is missing/, /"sendingHubId" is missing/]],
    [json({ ...GUIDE, receivingHubId: 1, sendingHubId: 2 }), [/receivingHubId is 1/, /sendingHubId is 2/]],
    [
      road([...SAME, [1, 2]]),
      [/^Error: .*\/roadmap\/3\/sourcePortId: the source port 1 has a route already/],
    ],
  ];
  for (const [guide, expected] of faulty) {
    const { routes, lines } = open(guide);
    assert.deepEqual(routes, []);
    assert.equal(lines.length, expected.length, lines.join("\n"));
    expected.forEach((pattern, index) => void assert.match(lines[index] ?? "", pattern));
  }
});

test("when another file is faulty, its own cell says so; the guide's faults are told all the same", () => {
  const broken = { opcua: json({}), mqtt };
  assert.deepEqual(open(ABSENT, broken), { routes: [], lines: [] });
  assert.match(
    open(json([]), broken).lines.join("\n"),
    /^Error: .*must be an object in \{ \}, but is a list\. .*$/,
  );
});

test("the device tells what does not fit between the files as gwcard check does, also when a file is faulty elsewhere (R117–R122, K12)", () => {
  type Settings = Record<string, unknown>;
  const changed = (file: RawFile, change: Settings): RawFile => {
    const text = "bytes" in file ? file.bytes.toString() : assert.fail();
    return json({ ...(JSON.parse(text) as Settings), ...change });
  };
  const cases: [change: { opcua?: Settings; mqtt?: Settings; guide?: unknown }, rules: readonly string[]][] =
    [
      [{ opcua: { readingCycle: "fast" }, guide: { ...GUIDE, receivingHubId: 1 } }, ["hub-receiving"]],
      [
        { mqtt: { topics: 5 }, guide: { ...GUIDE, receivingHubId: 1, sendingHubId: 2 } },
        ["hub-receiving", "hub-sending"],
      ],
      [{ guide: { ...GUIDE, sendingHubId: 2, roadmap: 5 } }, ["setting-type", "hub-sending"]],
      [{ opcua: { id: "x" }, mqtt: { id: 3, keepAlive: -1 } }, ["hub-not-zero"]],
      [
        { opcua: { url: "http://plc", nodes: [{ id: 1, name: "Tmp", nodeId: "ns=1;i=1" }] } },
        ["node-without-topic", "topic-without-node", "topic-without-node"],
      ],
      [{ opcua: { nodes: [{ id: 1, name: "Tmp" }] } }, []],
      [
        {
          opcua: { userCredentials: { username: "a", password: "p" } },
          mqtt: { userCredentials: { username: "b", password: "p" }, id: "x" },
        },
        ["password-shared"],
      ],
    ];
  for (const [change, rules] of cases) {
    const files = { opcua: changed(opcua, change.opcua ?? {}), mqtt: changed(mqtt, change.mqtt ?? {}) };
    const guide = change.guide === undefined ? ABSENT : json(change.guide);
    const { routes, lines } = open(guide, files);
    assert.deepEqual(routes, []);
    const ruleOf = (line: string): string => /\[([a-z-]+)\]$/.exec(line)?.[1] ?? "";
    assert.deepEqual(lines.map(ruleOf), rules, lines.join("\n"));
    const side = (settings: RawFile) => ({ settings, certificates: new Map(), privateKeys: new Map() });
    const all = checkConfiguration({ opcua: side(files.opcua), mqtt: side(files.mqtt), guide });
    const between = all
      .filter(
        ({ rule, file }) =>
          /^(?:hub|ids|route)-|-without-|-shared$/.test(rule) || file.includes("/navigation/"),
      )
      .map(({ message }) => message);
    assert.deepEqual(
      lines.map((line) => line.replace(/^\w+: /, "")),
      between,
    );
  }
});

test("every route of a roadmap leads from a known source to a known target, once", () => {
  const port = fc.nat(4);
  fc.assert(
    fc.property(fc.array(fc.tuple(port, port), { maxLength: 6 }), (pairs) => {
      const { routes, lines } = open(road(pairs));
      const twice = new Set(pairs.map(([source]) => source)).size < pairs.length;
      const known = pairs.filter((pair) => pair.every((id) => id <= 2));
      assert.deepEqual(routes, twice ? [] : known);
      assert.equal(
        lines.some((line) => line.startsWith("Error: ")),
        twice,
      );
    }),
  );
});

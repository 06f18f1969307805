/** GuideSettings-0.json: without it names decide, with its roadmap numbers do, and a faulty one lets nothing through. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { openRoutes } from "../../app/cells/navigation/open-routes.ts";
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

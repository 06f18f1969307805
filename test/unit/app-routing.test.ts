/** Routing from settings to frames, against a model that knows nothing of how it is done (R117–R122). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Forwarder } from "../../app/cells/navigation/forwarder.ts";
import { openRoutes } from "../../app/cells/navigation/open-routes.ts";
import { ABSENT, type RawFile } from "../../app/config/raw-files.ts";
import { encodeFrame } from "../../app/link/frame.ts";
import { FrameSender } from "../../app/link/frame-sender.ts";
import { goodSite } from "./app-config-site.ts";

interface Item {
  readonly id: number;
  readonly name: string;
}

const json = (value: unknown): RawFile => ({ bytes: Buffer.from(JSON.stringify(value)) });
/** Few ids and names, so that they meet; the largest ports and names that only look alike among them. */
const anyId = fc.constantFrom(0, 1, 2, 3, 255, 256, 65536, 4294967295);
const anyName = fc.constantFrom("a", "A", "a ", "ä", "a\u0308", "__proto__", "constructor", "7", "😀");
const items = fc.uniqueArray(fc.record({ id: anyId, name: anyName }), {
  minLength: 1,
  maxLength: 6,
  comparator: (one, other) => one.id === other.id || one.name === other.name,
});
const roadmap = fc.option(fc.array(fc.tuple(anyId, anyId), { maxLength: 6 }), { nil: null });

/** What must come of it: by name, or by the roadmap alone; nothing when a source has two routes. */
function model(sources: readonly Item[], targets: readonly Item[], roads: [number, number][] | null) {
  const routes = new Map<number, number>();
  if (roads === null) {
    for (const { id, name } of sources) {
      const topic = targets.find((target) => target.name === name);
      if (topic) routes.set(id, topic.id);
    }
    return routes;
  }
  if (roads.some(([source], index) => roads.findIndex(([other]) => other === source) !== index))
    return routes;
  for (const [source, target] of roads)
    if (sources.some(({ id }) => id === source) && targets.some(({ id }) => id === target))
      routes.set(source, target);
  return routes;
}

function frames(list: readonly (readonly [number, string])[]): Buffer {
  return Buffer.concat(list.map(([port, text]) => encodeFrame(port, text)));
}

test("whatever the three files say, each value goes where they send it, in order, counted, and nowhere else (R33, R117–R122)", () => {
  const values = fc.array(fc.tuple(anyId, fc.string({ maxLength: 20 })), { maxLength: 40 });
  fc.assert(
    fc.property(
      items,
      items,
      fc.boolean(),
      roadmap,
      values,
      fc.nat(200),
      (sources, targets, hasHeartbeat, roads, sent, cut) => {
        const { opcua, mqtt } = goodSite();
        const [first, ...rest] = sources;
        const nodes = hasHeartbeat && rest.length > 0 ? rest : sources;
        Object.assign(opcua, {
          heartbeat: nodes === sources ? null : { ...first, timeout: 1 },
          nodes: nodes.map((each) => ({ ...each, nodeId: "ns=1;i=1" })),
        });
        mqtt.topics = targets.map((each) => ({ ...each, topicName: `t/${each.id}` }));
        const guide = {
          ...{ id: 0, receivingHubId: 0, sendingHubId: 0 },
          roadmap: roads?.map(([sourcePortId, targetPortId]) => ({ sourcePortId, targetPortId })),
        };
        const silent = { info: () => undefined, warning: () => undefined, error: () => undefined };
        const files = { opcua: json(opcua), mqtt: json(mqtt), guide: roads === null ? ABSENT : json(guide) };
        const open = openRoutes(files, silent);
        const expected = model(sources, targets, roads);
        assert.deepEqual(new Map(open.targets), expected);
        for (const [source, name] of open.sourceNames)
          assert.equal(sources.find(({ id }) => id === source)?.name, name);
        for (const [target, name] of open.targetNames)
          assert.equal(targets.find(({ id }) => id === target)?.name, name);

        const arrived: Buffer[] = [];
        const writer = {
          write: (bytes: Uint8Array) => arrived.push(Buffer.from(bytes)) && bytes.length,
          onceWritable: () => undefined,
          close: () => undefined,
        };
        const sender = new FrameSender({ writer, bufferBytes: 1_000_000 });
        const forwarder = new Forwarder({ routes: open.targets, sender });
        const all = frames(sent);
        forwarder.push(Buffer.from(all.subarray(0, cut)));
        forwarder.push(Buffer.from(all.subarray(cut)));
        const routed = sent.flatMap(([port, text]): [number, string][] => {
          const target = expected.get(port);
          return target === undefined ? [] : [[target, text]];
        });
        assert.deepEqual(Buffer.concat(arrived), frames(routed));
        for (const [source, count] of forwarder.received())
          assert.equal(count, sent.filter(([port]) => port === source).length);
        assert.deepEqual([...forwarder.received().keys()].sort(), [...expected.keys()].sort());
      },
    ),
    { numRuns: 100 },
  );
});

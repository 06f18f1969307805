/** What of MQTT 3.1.1's packets is the same for every message. `#codec` writes the rest of a PUBLISH (§3.3). */
import type { TopicSetting } from "../../config/mqtt-file.ts";
import { TOPIC_FIELDS, Topic, type TopicTable } from "../../runtime/codec-types.ts";

/** Bits of a PUBLISH's first byte (§3.3.1). */
const PUBLISH = 0x30;
export const DUP_FLAG = 0x08;
const QOS_SHIFT = 1;
const QOS_MASK = 0x03;
const RETAIN_FLAG = 0x01;
/** First byte of PUBREL (§3.6.1). */
const PUBREL = 0x62;

export type PublishedTopic = Pick<TopicSetting, "port" | "topicName" | "qualityOfService" | "retain">;

/** Everything that is the same in all packets of a topic, encoded once (R105, R111, R112, L11, L12). */
export function topicTable(topics: readonly PublishedTopic[]): TopicTable {
  const sorted = [...topics].sort((a, b) => a.port - b.port);
  const entries = new Uint32Array(sorted.length * TOPIC_FIELDS);
  const encoded: Buffer[] = [];
  let at = 0;
  for (const [index, { port, topicName, qualityOfService, retain }] of sorted.entries()) {
    const name = Buffer.from(topicName, "utf8");
    const first = PUBLISH | (qualityOfService << QOS_SHIFT) | (retain ? RETAIN_FLAG : 0);
    encoded.push(Buffer.from([first, name.length >>> 8, name.length & 0xff]), name);
    const entry = index * TOPIC_FIELDS;
    entries[entry + Topic.port] = port;
    entries[entry + Topic.from] = at;
    at += 3 + name.length;
    entries[entry + Topic.to] = at;
  }
  return { entries, bytes: Buffer.concat(encoded) };
}

/** The quality of service that the first byte of a PUBLISH names. */
export function qosOf(first: number): number {
  return (first >>> QOS_SHIFT) & QOS_MASK;
}

/** Where the PUBLISH that begins at `start` ends (§2.2.3). */
export function packetEnd(bytes: Buffer, start: number): number {
  let length = 0;
  let at = start + 1;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at] as number;
    at += 1;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return at + length;
  }
}

/** PUBREL (§3.6). */
export function pubrel(id: number): Buffer {
  return Buffer.from([PUBREL, 2, id >>> 8, id & 0xff]);
}

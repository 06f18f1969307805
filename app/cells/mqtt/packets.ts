/** What of MQTT 3.1.1's packets is the same for every message. `#codec` writes the rest of a PUBLISH (§3.3). */
import type { QualityOfService } from "../../config/mqtt-file.ts";
import type { TopicTable } from "../../runtime/codec-types.ts";

/** Bits of a PUBLISH's first byte (§3.3.1). */
const PUBLISH = 0x30;
export const DUP_FLAG = 0x08;
const QOS_SHIFT = 1;
/** First byte of PUBREL (§3.6.1). */
const PUBREL = 0x62;

/** The first byte of a PUBLISH without DUP and without RETAIN. */
export function firstByte(qos: QualityOfService): number {
  return PUBLISH | (qos << QOS_SHIFT);
}

/** Topic names as they stand in a packet (§1.5.3), encoded once, by port. */
export function topicTable(
  topics: readonly { readonly port: number; readonly topicName: string }[],
): TopicTable {
  const sorted = [...topics].sort((a, b) => a.port - b.port);
  const encoded = sorted.map(({ topicName }) => {
    const text = Buffer.from(topicName, "utf8");
    return Buffer.concat([Buffer.from([text.length >>> 8, text.length & 0xff]), text]);
  });
  const offsets = new Uint32Array(sorted.length + 1);
  for (const [index, { length }] of encoded.entries()) offsets[index + 1] = (offsets[index] ?? 0) + length;
  return { ports: Uint32Array.from(sorted, ({ port }) => port), offsets, bytes: Buffer.concat(encoded) };
}

/** PUBREL (§3.6). */
export function pubrel(id: number): Buffer {
  return Buffer.from([PUBREL, 2, id >>> 8, id & 0xff]);
}

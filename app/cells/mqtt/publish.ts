/** PUBLISH as MQTT 3.1.1 §3.3 has it, written straight into the buffer that goes to the socket. */
import type { QualityOfService } from "../../config/mqtt-file.ts";

/** Bits of the first byte (§3.3.1). */
const PUBLISH = 0x30;
export const DUP_FLAG = 0x08;
const QOS_SHIFT = 1;
const ID_BYTES = 2;

/** A topic name as it stands in a packet (§1.5.3): encoded once. */
export function encodeTopic(name: string): Buffer {
  const text = Buffer.from(name, "utf8");
  const encoded = Buffer.alloc(2 + text.length);
  encoded.writeUInt16BE(text.length, 0);
  text.copy(encoded, 2);
  return encoded;
}

/** Most bytes of a PUBLISH with this topic and a payload of this length: the remaining length takes one to four bytes. */
export function publishBytesAtMost(topic: Buffer, payloadBytes: number): number {
  return 1 + 4 + topic.length + ID_BYTES + payloadBytes;
}

/**
 * Writes a PUBLISH without DUP and without RETAIN to `at`; there must be room for it. The payload lies in `source` from
 * `start` to `end`; `id` is 0 with quality of service 0, which has none. Returns where the packet ends.
 */
export function writePublish(
  target: Buffer,
  at: number,
  qos: QualityOfService,
  topic: Buffer,
  id: number,
  source: Buffer,
  start: number,
  end: number,
): number {
  let length = topic.length + (end - start);
  if (id !== 0) length += ID_BYTES;
  let to = at + 1;
  target[at] = PUBLISH | (qos << QOS_SHIFT);
  while (length > 0x7f) {
    target[to] = (length & 0x7f) | 0x80;
    to += 1;
    length >>>= 7;
  }
  target[to] = length;
  to += 1;
  target.set(topic, to);
  to += topic.length;
  if (id !== 0) {
    target[to] = id >>> 8;
    target[to + 1] = id & 0xff;
    to += ID_BYTES;
  }
  return to + source.copy(target, to, start, end);
}

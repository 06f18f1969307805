/** PUBLISH (MQTT 3.1.1 §3.3): what of it is the same for every message. `#codec` writes the packets. */
import type { QualityOfService } from "../../config/mqtt-file.ts";

/** Bits of the first byte (§3.3.1). */
const PUBLISH = 0x30;
export const DUP_FLAG = 0x08;
const QOS_SHIFT = 1;
const ID_BYTES = 2;
/** The first byte and the longest remaining length (§2.2.3). */
const FIXED_HEADER_BYTES = 5;

/** The first byte of a PUBLISH without DUP and without RETAIN. */
export function firstByte(qos: QualityOfService): number {
  return PUBLISH | (qos << QOS_SHIFT);
}

/** A topic name as it stands in a packet (§1.5.3): encoded once. */
export function encodeTopic(name: string): Buffer {
  const text = Buffer.from(name, "utf8");
  const encoded = Buffer.alloc(2 + text.length);
  encoded.writeUInt16BE(text.length, 0);
  text.copy(encoded, 2);
  return encoded;
}

/** Most bytes of a PUBLISH with this topic and a payload of this length. */
export function publishBytesAtMost(topic: Buffer, payloadBytes: number): number {
  return FIXED_HEADER_BYTES + topic.length + ID_BYTES + payloadBytes;
}

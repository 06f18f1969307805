/** What of MQTT 3.1.1's packets is the same for every message. `#codec` writes the rest of a PUBLISH (§3.3). */
import type { QualityOfService } from "../../config/mqtt-file.ts";

/** Bits of a PUBLISH's first byte (§3.3.1). */
const PUBLISH = 0x30;
export const DUP_FLAG = 0x08;
const QOS_SHIFT = 1;
/** First byte of PUBREL (§3.6.1). */
const PUBREL = 0x62;

/** Most bytes of a PUBLISH beside topic and payload: the first byte, four of the remaining length (§2.2.3), two of the id. */
export const ROOM_BESIDE_TOPIC_AND_PAYLOAD = 7;

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

/** PUBREL (§3.6). */
export function pubrel(id: number): Buffer {
  return Buffer.from([PUBREL, 2, id >>> 8, id & 0xff]);
}

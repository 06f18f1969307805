/**
 * Looks at every byte from the broker before mqtt.js does: a publisher receives CONNACK, PUBACK, PUBREC, PUBCOMP and
 * PINGRESP, each of two or four bytes, and nothing else. A broker has no way to make this cell do anything (R33), nor to
 * make it collect a packet of 256 MB. Acknowledgements end here; mqtt.js gets the rest.
 */

import { codec } from "#codec";

/** First bytes of the packets that acknowledge (MQTT 3.1.1 §2.2). */
export const PUBACK = 0x40;
export const PUBREC = 0x50;
export const PUBCOMP = 0x70;
export type AckType = typeof PUBACK | typeof PUBREC | typeof PUBCOMP;

/** Packet types (§2.2.1) that a publisher receives. */
const PERMITTED = new Map([
  [2, { name: "CONNACK", length: 2 }],
  [4, { name: "PUBACK", length: 2 }],
  [5, { name: "PUBREC", length: 2 }],
  [7, { name: "PUBCOMP", length: 2 }],
  [13, { name: "PINGRESP", length: 0 }],
]);
export const TYPE_NAMES =
  "RESERVED CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT RESERVED".split(
    " ",
  );
const ACK_BYTES = 4;

/** The broker sent something that MQTT 3.1.1 does not give a publisher. */
export class MqttProtocolError extends Error {
  readonly code = "ERR_MQTT_PROTOCOL";
  constructor(message: string) {
    super(message);
    this.name = "MqttProtocolError";
  }
}

export class AckReader {
  /** Hears of `count` messages with consecutive ids from `id` on (65535 is followed by 1). */
  readonly #onAck: (type: AckType, id: number, count: number) => void;
  /** The packet that a chunk ended in: its first `#seen` bytes. */
  readonly #packet = Buffer.alloc(ACK_BYTES);
  #seen = 0;

  constructor(onAck: (type: AckType, id: number, count: number) => void) {
    this.#onAck = onAck;
  }

  /** Takes a chunk; returns what is in it for mqtt.js, or null. Throws `MqttProtocolError` at the first byte that is not permitted. */
  read(chunk: Uint8Array): Buffer | null {
    const { length } = chunk;
    let rest: Buffer | null = null;
    let at = 0;
    while (at < length) {
      if (this.#seen === 0) {
        // The usual case: PUBACKs and nothing else, in the order of the messages.
        for (let count = codec.countPubacks(chunk, at); count > 0; count = codec.countPubacks(chunk, at)) {
          this.#onAck(PUBACK, ((chunk[at + 2] as number) << 8) | (chunk[at + 3] as number), count);
          at += count * ACK_BYTES;
        }
        if (at === length) break;
      }
      const packet = this.#take(chunk[at] as number);
      if (packet !== null) rest = rest === null ? Buffer.from(packet) : Buffer.concat([rest, packet]);
      at += 1;
    }
    return rest;
  }

  /** One byte of a packet that lies across chunks or is rare; returns the packet when it is whole and for mqtt.js. */
  #take(byte: number): Buffer | null {
    const packet = this.#packet;
    packet[this.#seen] = byte;
    this.#seen += 1;
    if (this.#seen === 1) this.#checkFirst(byte);
    else if (this.#seen === 2) this.#checkLength(byte);
    if (this.#seen < 2 || this.#seen < 2 + (packet[1] as number)) return null;
    const whole = packet.subarray(0, this.#seen);
    this.#seen = 0;
    const type = packet[0] as number;
    if (type !== PUBACK && type !== PUBREC && type !== PUBCOMP) return whole;
    this.#onAck(type, packet.readUInt16BE(2), 1);
    return null;
  }

  #checkFirst(byte: number): void {
    if (!PERMITTED.has(byte >>> 4) || (byte & 0x0f) !== 0) {
      throw new MqttProtocolError(
        `the broker sent ${TYPE_NAMES[byte >>> 4]} with flags ${byte & 0x0f}, which a publisher never asked for`,
      );
    }
  }

  #checkLength(byte: number): void {
    const permitted = PERMITTED.get((this.#packet[0] as number) >>> 4);
    if (permitted && byte !== permitted.length) {
      throw new MqttProtocolError(`the broker sent ${permitted.name} with the wrong length ${byte}`);
    }
  }
}

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

const CONNACK = 0x20;
const PINGRESP = 0xd0;

/** Packets that a publisher receives, by their first byte (§2.2.1, §2.2.2), and their remaining lengths. */
const PERMITTED = new Map([
  [CONNACK, 2],
  [PUBACK, 2],
  [PUBREC, 2],
  [PUBCOMP, 2],
  [PINGRESP, 0],
]);
const PUBLISH_TYPE = 3;
const TYPE_NAMES =
  "RESERVED CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT RESERVED".split(
    " ",
  );
const ACK_BYTES = 4;
const CURE = "Cure: see the broker's log, or use another broker";

/** The name of the packet that begins with this byte. */
export function packetName(first: number): string {
  return TYPE_NAMES[first >>> 4] as string;
}

/** The broker sent something that MQTT 3.1.1 does not give a publisher. */
export class MqttProtocolError extends Error {
  readonly code = "ERR_MQTT_PROTOCOL";
  /** It sent a message: this client's session has subscriptions, which another client must have made. */
  readonly subscribed: boolean;

  constructor(message: string, options: { subscribed?: boolean } = {}) {
    super(message);
    this.name = "MqttProtocolError";
    this.subscribed = options.subscribed ?? false;
  }
}

export class AckReader {
  /** Hears of `count` messages with consecutive ids from `id` on (65535 is followed by 1). */
  readonly #onAck: (type: AckType, id: number, count: number) => void;
  readonly #clean: boolean;
  /** Whether CONNACK has come, the first packet and the only one of its kind (§3.2). */
  #connected = false;
  /** PINGREQs that are not answered yet. */
  #pings = 0;
  /** The packet that a chunk ended in: its first `#seen` bytes. */
  readonly #packet = Buffer.alloc(ACK_BYTES);
  #seen = 0;

  /** `clean`: a new session was asked for. */
  constructor(options: { clean: boolean; onAck: (type: AckType, id: number, count: number) => void }) {
    this.#clean = options.clean;
    this.#onAck = options.onAck;
  }

  /** PINGREQ goes out: one PINGRESP is asked for. */
  pinged(): void {
    this.#pings += 1;
  }

  /** Takes a chunk; returns what is in it for mqtt.js, or null. Throws `MqttProtocolError` at the first byte that is not permitted. */
  read(chunk: Uint8Array): Buffer | null {
    const { length } = chunk;
    let rest: Buffer | null = null;
    let at = 0;
    while (at < length) {
      if (this.#seen === 0 && this.#connected) {
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
    if (type === CONNACK) this.#checkConnack(whole);
    if (type !== PUBACK && type !== PUBREC && type !== PUBCOMP) return whole;
    this.#onAck(type, packet.readUInt16BE(2), 1);
    return null;
  }

  #checkFirst(byte: number): void {
    const name = packetName(byte);
    if (byte >>> 4 === PUBLISH_TYPE) {
      throw new MqttProtocolError(
        "the broker sent PUBLISH, which a publisher never asked for. Cure: give the gateway a clientId of its own; another client subscribed with this one",
        { subscribed: true },
      );
    }
    if (!PERMITTED.has(byte)) {
      const flags = byte & 0x0f;
      throw new MqttProtocolError(
        `the broker sent ${name} with flags ${flags}, which a publisher never asked for. ${CURE}`,
      );
    }
    if (byte === CONNACK ? this.#connected : !this.#connected) {
      throw new MqttProtocolError(
        `the broker sent ${name} ${byte === CONNACK ? "twice" : "before CONNACK"}. ${CURE}`,
      );
    }
    if (byte !== PINGRESP) return;
    if (this.#pings === 0) {
      throw new MqttProtocolError(`the broker sent PINGRESP, which nothing asked for. ${CURE}`);
    }
    this.#pings -= 1;
  }

  #checkLength(byte: number): void {
    const first = this.#packet[0] as number;
    if (byte !== PERMITTED.get(first)) {
      throw new MqttProtocolError(
        `the broker sent ${packetName(first)} with the wrong length ${byte}. ${CURE}`,
      );
    }
  }

  /** Its flags (§3.2.2.1, §3.2.2.2); mqtt.js sees to the return code. */
  #checkConnack(packet: Buffer): void {
    const flags = packet[2] as number;
    const isRefused = packet[3] !== 0;
    if (flags > 1) throw new MqttProtocolError(`the broker sent CONNACK with flags ${flags}. ${CURE}`);
    if (flags === 1 && this.#clean && !isRefused) {
      throw new MqttProtocolError(`the broker kept a session that it was asked to forget. ${CURE}`);
    }
    this.#connected = true;
  }
}

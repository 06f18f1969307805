/**
 * The packets of MQTT 3.1.1 that a publisher sends and may receive, byte by byte. Nothing else is understood: a broker
 * has no way to make this client do anything (R33).
 */

/** Longest remaining length (§2.2.3). */
const MAX_REMAINING = 268_435_455;
const PROTOCOL_LEVEL = 4;
const DUP = 0x08;

/** Packet types (§2.2.1). */
const Type = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;
const TYPE_NAMES = [
  "RESERVED",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
  "RESERVED",
] as const;

/** What a broker may say to this client. */
export type Inbound =
  | { readonly kind: "connack"; readonly sessionPresent: boolean; readonly returnCode: number }
  | { readonly kind: "puback" | "pubrec" | "pubcomp"; readonly id: number }
  | { readonly kind: "pingresp" };

/** The broker sent something that it may not send to a client that never subscribes. */
export class MqttProtocolError extends Error {
  readonly code = "MQTT_PROTOCOL";
}

/** CONNECT (§3.1). */
export interface ConnectOptions {
  readonly clientId: string;
  readonly cleanSession: boolean;
  readonly keepAlive: number;
  readonly user: { readonly name: string; readonly password: string | null } | null;
  /** Published by the broker when it loses us; never retained (R111). */
  readonly will: { readonly topicName: string; readonly message: string; readonly qos: 0 | 1 | 2 } | null;
}

function mqttString(text: string): Buffer {
  const bytes = Buffer.byteLength(text, "utf8");
  const buffer = Buffer.allocUnsafe(2 + bytes);
  buffer.writeUInt16BE(bytes, 0);
  buffer.write(text, 2, "utf8");
  return buffer;
}

function lengthBytes(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4;
}

/** Writes first byte and remaining length; returns where the rest begins. */
function writeHead(buffer: Buffer, first: number, length: number): number {
  buffer[0] = first;
  let at = 1;
  let rest = length;
  do {
    buffer[at] = (rest & 0x7f) | (rest > 0x7f ? 0x80 : 0);
    rest >>>= 7;
    at += 1;
  } while (rest > 0);
  return at;
}

export function encodeConnect(options: ConnectOptions): Buffer {
  const { clientId, cleanSession, keepAlive, user, will } = options;
  const flags =
    (cleanSession ? 0x02 : 0) |
    (will ? 0x04 | (will.qos << 3) : 0) |
    (user ? 0x80 : 0) |
    (user && user.password !== null ? 0x40 : 0);
  const variable = Buffer.from([
    0,
    4,
    0x4d,
    0x51,
    0x54,
    0x54,
    PROTOCOL_LEVEL,
    flags,
    keepAlive >>> 8,
    keepAlive & 0xff,
  ]);
  const parts = [variable, mqttString(clientId)];
  if (will) parts.push(mqttString(will.topicName), mqttString(will.message));
  if (user) {
    parts.push(mqttString(user.name));
    if (user.password !== null) parts.push(mqttString(user.password));
  }
  const body = Buffer.concat(parts);
  const head = Buffer.allocUnsafe(1 + lengthBytes(body.length));
  writeHead(head, Type.connect << 4, body.length);
  return Buffer.concat([head, body]);
}

/** A topic as it goes into each PUBLISH, made once. */
export function encodeTopic(topicName: string): Buffer {
  return mqttString(topicName);
}

/** PUBLISH (§3.3), never retained. `id` is ignored for quality of service 0. */
export function encodePublish(options: {
  topic: Buffer;
  payload: Buffer;
  qos: 0 | 1 | 2;
  id: number;
}): Buffer {
  const { topic, payload, qos, id } = options;
  const length = topic.length + (qos > 0 ? 2 : 0) + payload.length;
  if (length > MAX_REMAINING) throw new RangeError(`a PUBLISH of ${length} bytes can't be expressed`);
  const packet = Buffer.allocUnsafe(1 + lengthBytes(length) + length);
  let at = writeHead(packet, (Type.publish << 4) | (qos << 1), length);
  at += topic.copy(packet, at);
  if (qos > 0) at = packet.writeUInt16BE(id, at);
  payload.copy(packet, at);
  return packet;
}

/** Marks an encoded PUBLISH as sent before (§3.3.1.1), in place. */
export function markDuplicate(packet: Buffer): void {
  packet[0] = (packet[0] ?? 0) | DUP;
}

export function encodePubrel(id: number): Buffer {
  return Buffer.from([(Type.pubrel << 4) | 0x02, 2, id >>> 8, id & 0xff]);
}

export const PINGREQ: Buffer = Buffer.from([Type.pingreq << 4, 0]);
export const DISCONNECT: Buffer = Buffer.from([Type.disconnect << 4, 0]);

/** Reads what the broker sends. Every permitted packet is 2 or 4 bytes long, so nothing is ever buffered beyond that. */
export class InboundParser {
  readonly #packet = Buffer.alloc(4);
  #filled = 0;

  /** Calls back for each packet; throws `MqttProtocolError` at the first byte that is not permitted. */
  push(chunk: Uint8Array, onPacket: (packet: Inbound) => void): void {
    for (const byte of chunk) {
      this.#packet[this.#filled] = byte;
      this.#filled += 1;
      if (this.#filled === 1) this.#checkFirst(byte);
      else if (this.#filled === 2) this.#checkLength(byte);
      if (this.#filled >= 2 && this.#filled === 2 + (this.#packet[1] ?? 0)) {
        this.#filled = 0;
        onPacket(this.#decode());
      }
    }
  }

  #checkFirst(byte: number): void {
    const type = byte >>> 4;
    const known =
      type === Type.connack ||
      type === Type.puback ||
      type === Type.pubrec ||
      type === Type.pubcomp ||
      type === Type.pingresp;
    if (!known || (byte & 0x0f) !== 0) {
      throw new MqttProtocolError(
        `the broker sent ${TYPE_NAMES[type]} with flags ${byte & 0x0f}, which a publisher never asked for`,
      );
    }
  }

  #checkLength(byte: number): void {
    const type = (this.#packet[0] ?? 0) >>> 4;
    if (byte !== (type === Type.pingresp ? 0 : 2)) {
      throw new MqttProtocolError(`the broker sent ${TYPE_NAMES[type]} with the wrong length ${byte}`);
    }
  }

  #decode(): Inbound {
    const type = (this.#packet[0] ?? 0) >>> 4;
    const [, , high = 0, low = 0] = this.#packet;
    switch (type) {
      case Type.connack:
        if (high > 1) throw new MqttProtocolError(`the broker sent CONNACK with the flags ${high}`);
        return { kind: "connack", sessionPresent: high === 1, returnCode: low };
      case Type.puback:
        return { kind: "puback", id: (high << 8) | low };
      case Type.pubrec:
        return { kind: "pubrec", id: (high << 8) | low };
      case Type.pubcomp:
        return { kind: "pubcomp", id: (high << 8) | low };
      default:
        return { kind: "pingresp" };
    }
  }
}

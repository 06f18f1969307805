/**
 * Looks at every byte from the broker before the MQTT client does: a publisher receives CONNACK, PUBACK, PUBREC, PUBCOMP
 * and PINGRESP, each of two or four bytes, and nothing else. A broker has no way to make this cell do anything (R33),
 * nor to make it collect a packet of 256 MB.
 */

/** Packet types (MQTT 3.1.1 §2.2.1) that a publisher receives. */
const PERMITTED = new Map([
  [2, { name: "CONNACK", length: 2 }],
  [4, { name: "PUBACK", length: 2 }],
  [5, { name: "PUBREC", length: 2 }],
  [7, { name: "PUBCOMP", length: 2 }],
  [13, { name: "PINGRESP", length: 0 }],
]);
const TYPE_NAMES =
  "RESERVED CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT RESERVED".split(
    " ",
  );

/** The broker sent something that MQTT 3.1.1 does not give a publisher. */
export class MqttProtocolError extends Error {
  readonly code = "ERR_MQTT_PROTOCOL";
  constructor(message: string) {
    super(message);
    this.name = "MqttProtocolError";
  }
}

export class InboundGuard {
  /** Bytes of the present packet seen so far, and how many it has in all once that is known. */
  #seen = 0;
  #total = 2;
  #type = 0;

  /** Throws `MqttProtocolError` at the first byte that is not permitted. */
  check(chunk: Uint8Array): void {
    for (const byte of chunk) {
      this.#seen += 1;
      if (this.#seen === 1) this.#checkFirst(byte);
      else if (this.#seen === 2) this.#checkLength(byte);
      if (this.#seen === this.#total) {
        this.#seen = 0;
        this.#total = 2;
      }
    }
  }

  #checkFirst(byte: number): void {
    this.#type = byte >>> 4;
    if (!PERMITTED.has(this.#type) || (byte & 0x0f) !== 0) {
      throw new MqttProtocolError(
        `the broker sent ${TYPE_NAMES[this.#type]} with flags ${byte & 0x0f}, which a publisher never asked for`,
      );
    }
  }

  #checkLength(byte: number): void {
    const expected = PERMITTED.get(this.#type);
    if (expected && byte !== expected.length) {
      throw new MqttProtocolError(`the broker sent ${expected.name} with the wrong length ${byte}`);
    }
    this.#total = 2 + byte;
  }
}

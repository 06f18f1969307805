/**
 * What is done to bytes once per value: frames between cells (`app/link/frame.ts`) and PUBLISH. Two implementations that
 * do the same: `native/codec.c` on the device and `app/link/codec.ts` on Node.js. Import it as `#codec`.
 */

/** Of each frame that `scanFrames` finds: where its header starts, where it ends, its port. */
export const FOUND_FIELDS = 3;

/** Fields of the `cursor` of `writePublishes`. */
export const Cursor = {
  /** Where in `target` the next packet begins. */
  at: 0,
  /** Its identifier; 0: packets have none, and leave no trace in `starts`. */
  id: 1,
  /** Its place in `starts`, which is a ring with a power of two of places. */
  slot: 2,
} as const;
/** Most bytes of a PUBLISH beside topic and payload: the first byte, four of the remaining length (§2.2.3), two of the id. */
export const ROOM_BESIDE_TOPIC_AND_PAYLOAD = 7;

/** Topic names as they stand in a packet (§1.5.3), by port. */
export interface TopicTable {
  /** In ascending order. */
  readonly ports: Uint32Array;
  /** Where in `bytes` the topic of each port begins, and where the last one ends. */
  readonly offsets: Uint32Array;
  readonly bytes: Buffer;
}

export interface Codec {
  /**
   * Writes a frame around UTF-8 text to `at` and returns where it ends, or minus its length when there is no room for it;
   * then nothing that matters is written. Throws RangeError when the port is not an unsigned 32-bit number.
   */
  writeFrame(target: Buffer, at: number, port: number, text: string): number;
  /**
   * Finds value frames that follow one another from `at` on, notes them in `found` and returns how many there are. It
   * stops at what is no whole, sound value frame, and when `found` is full.
   */
  scanFrames(bytes: Buffer, at: number, found: Uint32Array): number;
  /** Gives the frames from number `from` to `to` of `found` the ports that stand there. */
  readdressFrames(bytes: Buffer, found: Uint32Array, from: number, to: number): void;
  /**
   * Writes frames from number `from` to `to` of those `found` in `bytes` as PUBLISH packets (MQTT 3.1.1 §3.3) that begin
   * with the byte `first`, one behind the other; a frame whose port has no topic is left out. Where, with which
   * identifiers and into which places of `starts` says `cursor`, and is moved on there. Returns the number of the first
   * frame that is not dealt with, because `target` might have no room for it; else `to`.
   */
  writePublishes(
    target: Buffer,
    cursor: Int32Array,
    first: number,
    topics: TopicTable,
    bytes: Buffer,
    found: Uint32Array,
    from: number,
    to: number,
    starts: Int32Array,
  ): number;
  /** How many PUBACKs (§3.4) there are from `at` on, whole and with consecutive ids; 65535 is followed by 1. */
  countPubacks(bytes: Uint8Array, at: number): number;
}

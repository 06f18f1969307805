/**
 * What is done to bytes once per value: frames between cells (`app/link/frame.ts`) and PUBLISH. Two implementations that
 * do the same: `native/codec.c` on the device and `app/link/codec.ts` on Node.js. Import it as `#codec`.
 */

/** Of each frame that `scanFrames` finds: where its header starts, where it ends, its port. */
export const FOUND_FIELDS = 3;

/** Fields of a route; routes are in ascending order of sources. */
export const Route = {
  source: 0,
  target: 1,
  /** How many frames have taken it, modulo 2^32. */
  taken: 2,
} as const;
export const ROUTE_FIELDS = 3;

/** Fields of the `cursor` of `writePublishes`. */
export const Cursor = {
  /** Where in `target` the next packet begins. */
  at: 0,
  /** The identifier of the next message with quality of service 1 or 2; the others have none, and leave no trace in the ring. */
  id: 1,
  /** Its place in the ring. */
  slot: 2,
  /** How many more messages with quality of service 2 may be written. */
  exactlyOnce: 3,
} as const;
/** Fields of a place in the ring, which has a power of two of places: where in `target` a packet begins, the number of its topic. */
export const RING_FIELDS = 2;
/** Most bytes of a PUBLISH beside topic and payload: the first byte, four of the remaining length (§2.2.3), two of the id. */
export const ROOM_BESIDE_TOPIC_AND_PAYLOAD = 7;

/** Fields of a topic in `TopicTable.entries`. */
export const Topic = {
  port: 0,
  /** Where in `TopicTable.bytes` it begins and ends. */
  from: 1,
  to: 2,
  /** How many messages were written for it, modulo 2^32. */
  written: 3,
} as const;
export const TOPIC_FIELDS = 4;

/** What a PUBLISH consists of beside payload and identifier, by port. */
export interface TopicTable {
  /** In ascending order of ports. */
  readonly entries: Uint32Array;
  /** Of each topic the first byte of its packets (§3.3.1), and its name as it stands in them (§1.5.3). */
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
  /**
   * Sends the frames from number `from` to `to` of `found` where `routes` says: puts the target port in and counts the
   * frame. Stops at the first one without a route and returns its number, else `to`.
   */
  routeFrames(bytes: Buffer, found: Uint32Array, from: number, to: number, routes: Uint32Array): number;
  /**
   * Writes frames from number `from` to `to` of those `found` in `bytes` as PUBLISH packets (MQTT 3.1.1 §3.3), one behind
   * the other; a frame whose port has no topic is left out. Where, with which identifiers and into which places of `ring`
   * says `cursor`, and is moved on there. Returns the number of the first frame that is not dealt with, because `target`
   * might have no room for it or it is one too many with quality of service 2; else `to`.
   */
  writePublishes(
    target: Buffer,
    cursor: Int32Array,
    topics: TopicTable,
    bytes: Buffer,
    found: Uint32Array,
    from: number,
    to: number,
    ring: Int32Array,
  ): number;
  /** How many PUBACKs (§3.4) there are from `at` on, whole and with consecutive ids; 65535 is followed by 1. */
  countPubacks(bytes: Uint8Array, at: number): number;
}

/**
 * What is done to bytes once per value: frames between cells (`app/link/frame.ts`) and PUBLISH. Two implementations that
 * do the same: `native/codec.c` on the device and `app/link/codec.ts` on Node.js. Import it as `#codec`.
 */

/** Of each frame that `scanFrames` finds: where its header starts, where it ends, its port. */
export const FOUND_FIELDS = 3;

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
   * Writes a PUBLISH (MQTT 3.1.1 §3.3) that begins with the byte `first` to `at`, for which there must be room: the topic
   * as it stands in a packet, the identifier unless it is 0, and as payload `source` from `start` to `end`. Returns where
   * the packet ends.
   */
  writePublish(
    target: Buffer,
    at: number,
    first: number,
    topic: Buffer,
    id: number,
    source: Buffer,
    start: number,
    end: number,
  ): number;
  /** How many PUBACKs (§3.4) there are from `at` on, whole and with consecutive ids; 65535 is followed by 1. */
  countPubacks(bytes: Uint8Array, at: number): number;
}

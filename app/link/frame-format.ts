/**
 * The one-way message between cells: a length-prefixed binary frame.
 *
 *   0  magic    FF 47 57 FF
 *   4  kind     u8 (1 = value)
 *   5  zero     u8
 *   6  check    u16, over kind, port and length
 *   8  port     u32, big-endian: source port (opcua → navigation) or target port (navigation → mqtt), R118
 *  12  length   u32, big-endian: bytes of payload
 *  16  payload  UTF-8 text
 *
 * UTF-8 never contains the byte FF, so a frame that a crashed writer left unfinished is always recognised: the next
 * frame's magic would have to lie inside its payload. The reader then takes up again at that magic.
 */

/** Bytes in front of the payload. */
export const HEADER_BYTES = 16;
/** Where in it the port stands. */
export const PORT_AT = 8;
/** Longest payload that travels; what is longer is refused where it arises. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** What a frame carries. A reader skips kinds that it does not know. */
export const FrameKind = { value: 1 } as const;

export const MAGIC = 0xff4757ff;
export const MAGIC_BYTES = Buffer.from([0xff, 0x47, 0x57, 0xff]);
export const FORBIDDEN_BYTE = 0xff;

export function headerCheck(kind: number, port: number, length: number): number {
  return (
    (kind * 0x9e5 +
      (port >>> 16) * 31 +
      (port & 0xffff) * 7 +
      (length >>> 16) * 13 +
      (length & 0xffff) +
      0x4757) &
    0xffff
  );
}

/** Whether the header at `at`, all of which must be there, is one of a frame that may travel. */
export function isSoundHeader(bytes: Buffer, at: number): boolean {
  const length = bytes.readUInt32BE(at + 12);
  return (
    bytes.readUInt32BE(at) === MAGIC &&
    length <= MAX_PAYLOAD_BYTES &&
    bytes[at + 5] === 0 &&
    bytes.readUInt16BE(at + 6) === headerCheck(bytes[at + 4] as number, bytes.readUInt32BE(at + 8), length)
  );
}

/** Where the sound frame at `at` ends. */
export function frameEnd(bytes: Buffer, at: number): number {
  return at + HEADER_BYTES + bytes.readUInt32BE(at + 12);
}

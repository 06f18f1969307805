import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import type { MessageKeyOptions, MessageOpener, MessageSealer } from "../runtime/platform-types.ts";

/** Symmetric protection of OPC UA messages (Part 6 §6.7.2, §6.7.6) on Node.js; `native/message_keys.c` is the device's. */

const BLOCK_BYTES = 16;
const SIZE_FIELD = 4;
/** Behind the message and security headers; what comes from here on is encrypted. */
const PLAIN_BYTES = 16;
const SIGNATURE_BYTES = { SHA1: 20, SHA256: 32 } as const;

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function sign({ digest, signingKey }: MessageKeyOptions, signed: Buffer): Buffer {
  return createHmac(digest, signingKey).update(signed).digest();
}

export function messageOpener(keys: MessageKeyOptions): MessageOpener {
  const signatureBytes = SIGNATURE_BYTES[keys.digest];
  return {
    open(bytes) {
      const chunk = viewOf(bytes);
      if (chunk.length < PLAIN_BYTES + signatureBytes) return -1;
      if (keys.cipher) {
        if ((chunk.length - PLAIN_BYTES) % BLOCK_BYTES !== 0) return -1;
        const { key, iv } = keys.cipher;
        const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(false);
        decipher.update(chunk.subarray(PLAIN_BYTES)).copy(chunk, PLAIN_BYTES);
        decipher.final();
      }
      const end = chunk.length - signatureBytes;
      if (!timingSafeEqual(sign(keys, chunk.subarray(0, end)), chunk.subarray(end))) return -1;
      if (!keys.cipher) return end;
      if (end === PLAIN_BYTES) return -1;
      const padding = chunk.readUInt8(end - 1) + 1;
      return padding > end - PLAIN_BYTES ? -1 : end - padding;
    },
  };
}

export function messageSealer(keys: MessageKeyOptions): MessageSealer {
  const signatureBytes = SIGNATURE_BYTES[keys.digest];
  return {
    seal(bytes, given) {
      const chunk = viewOf(bytes);
      let padding = 0;
      if (keys.cipher) {
        const over = (given - PLAIN_BYTES + 1 + signatureBytes) % BLOCK_BYTES;
        padding = over === 0 ? 1 : 1 + BLOCK_BYTES - over;
      }
      const end = given + padding;
      const total = end + signatureBytes;
      if (given < PLAIN_BYTES || total > chunk.length) {
        throw new RangeError("a message needs room for its padding and signature");
      }
      chunk.fill(padding - 1, given, end);
      chunk.writeUInt32LE(total, SIZE_FIELD);
      sign(keys, chunk.subarray(0, end)).copy(chunk, end);
      if (keys.cipher) {
        const { key, iv } = keys.cipher;
        const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(false);
        cipher.update(chunk.subarray(PLAIN_BYTES, total)).copy(chunk, PLAIN_BYTES);
        cipher.final();
      }
      return total;
    },
  };
}

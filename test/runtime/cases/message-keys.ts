/** #platform: what protects OPC UA messages, for each security policy's keys; changed messages are refused. */
import { Buffer } from "node:buffer";
import { platform } from "#platform";
import type { MessageKeyOptions } from "../../../app/runtime/platform-types.ts";
import { show } from "./show.ts";

const key = (text: string, bytes: number) => Buffer.alloc(bytes, text);
const POLICIES: readonly (readonly [string, MessageKeyOptions])[] = [
  [
    "Basic128Rsa15",
    { digest: "SHA1", signingKey: key("s", 16), cipher: { key: key("c", 16), iv: key("i", 16) } },
  ],
  ["Basic256", { digest: "SHA1", signingKey: key("s", 24), cipher: { key: key("c", 32), iv: key("i", 16) } }],
  [
    "Basic256Sha256",
    { digest: "SHA256", signingKey: key("sign", 32), cipher: { key: key("crypt", 32), iv: key("iv", 16) } },
  ],
  [
    "Aes128_Sha256_RsaOaep",
    { digest: "SHA256", signingKey: key("sign", 32), cipher: { key: key("aes", 16), iv: key("iv", 16) } },
  ],
  ["signed only", { digest: "SHA256", signingKey: key("sign", 32), cipher: null }],
];
const ROOM = 64;

/** A message whose body is `size` bytes. */
function message(size: number): Buffer {
  const bytes = Buffer.alloc(24 + size + ROOM, "message ");
  bytes.write("MSGF", 0);
  return bytes;
}

for (const [name, keys] of POLICIES) {
  const sealer = platform.messageSealer(keys);
  const opener = platform.messageOpener(keys);
  for (const size of [0, 1, 6, 7, 8, 15, 16, 17, 100, 150, 300, 400, 450, 500, 5000]) {
    const bytes = message(size);
    const length = sealer.seal(bytes, 24 + size);
    const sealed = Buffer.from(bytes.subarray(0, length));
    show(`${name} ${size} sealed`, () => [length, size > 100 ? sealed.subarray(-48) : sealed]);
    show(`${name} ${size} opened`, () => {
      const copy = Buffer.from(sealed);
      const end = opener.open(copy);
      return [end, copy.subarray(8, end).equals(message(size).subarray(8, 24 + size))];
    });
    show(`${name} ${size} changed`, () =>
      [0, 9, 20, length - 1].map((at) => {
        const copy = Buffer.from(sealed);
        copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
        return opener.open(copy);
      }),
    );
  }
  show(`${name} too short`, () =>
    [0, 1, 15, 16, 17, 48, 63, 64].map((size) => opener.open(Buffer.alloc(size))),
  );
  show(`${name} no room`, () => sealer.seal(Buffer.alloc(60), 55));
}

/** crypto: AES-CBC as OPC UA uses it, padded and not. */
import { Buffer } from "node:buffer";
import * as crypto from "node:crypto";
import { show } from "./show.ts";

const wrong = (value: unknown) => value as never;

for (const name of ["aes-128-cbc", "aes-256-cbc", "AES-256-CBC", "aes-128-ctr"]) {
  const key = Buffer.alloc(name.includes("256") ? 32 : 16, "key");
  const iv = Buffer.alloc(16, "iv");
  for (const size of [0, 1, 15, 16, 17, 32, 100]) {
    const plain = Buffer.alloc(size, "plain text ");
    const run = (cipher: crypto.Cipher | crypto.Decipher, bytes: Buffer) =>
      Buffer.concat([cipher.update(bytes), cipher.final()]);
    show(`${name} ${size}`, () => {
      const bytes = run(crypto.createCipheriv(name, key, iv), plain);
      return [bytes, run(crypto.createDecipheriv(name, key, iv), bytes).equals(plain)];
    });
    show(`${name} ${size} unpadded`, () => {
      const cipher = crypto.createCipheriv(name, key, iv);
      cipher.setAutoPadding(false);
      return run(cipher, plain);
    });
  }
  show(`${name} parts`, () => {
    const cipher = crypto.createCipheriv(name, key, iv);
    return [
      cipher.update("abc", "utf8", "hex"),
      cipher.update("64656667", "hex"),
      cipher.update(Buffer.alloc(30)),
      cipher.final("hex"),
    ];
  });
  show(`${name} short key`, () => crypto.createCipheriv(name, Buffer.alloc(5), iv));
  show(`${name} short iv`, () => crypto.createCipheriv(name, key, Buffer.alloc(15)));
  show(`${name} no iv`, () => crypto.createCipheriv(name, key, wrong(undefined)));
  show(`${name} null iv`, () => crypto.createCipheriv(name, key, null));
  show(`${name} bad data`, () => {
    const decipher = crypto.createDecipheriv(name, key, iv);
    decipher.update(Buffer.alloc(16));
    return decipher.final();
  });
  show(`${name} bad length`, () => {
    const decipher = crypto.createDecipheriv(name, key, iv);
    decipher.update(Buffer.alloc(17));
    return decipher.final();
  });
  for (const after of ["final", "update", "setAutoPadding"] as const) {
    show(`${name} ${after} after final`, () => {
      const cipher = crypto.createCipheriv(name, key, iv);
      cipher.final();
      return (cipher[after] as (data?: string) => unknown)("a") === cipher;
    });
  }
  show(`${name} update number`, () => crypto.createCipheriv(name, key, iv).update(wrong(5)));
}
show("unknown", () => crypto.createCipheriv("nope", Buffer.alloc(16), null));

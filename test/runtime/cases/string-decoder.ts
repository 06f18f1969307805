/** string_decoder: characters that arrive in pieces. */
import { Buffer } from "node:buffer";
import { StringDecoder } from "node:string_decoder";
import { random, show } from "./show.ts";

const TEXT = Buffer.from("aé€😀z\u0800", "utf8");
for (const encoding of [
  "utf8",
  "utf16le",
  "base64",
  "hex",
  "latin1",
  "ascii",
  "UTF-8",
  "ucs2",
  "base64url",
] as BufferEncoding[]) {
  const bytes =
    encoding === "utf16le" || encoding === "ucs2" ? Buffer.from(TEXT.toString(), "utf16le") : TEXT;
  for (let step = 1; step <= 4; step++) {
    /* Node.js tears surrogate pairs apart when they arrive byte by byte. */
    if (step % 2 === 1 && bytes !== TEXT) continue;
    show(`${encoding} by ${step}`, () => {
      const decoder = new StringDecoder(encoding);
      const parts: string[] = [];
      for (let at = 0; at < bytes.length; at += step)
        parts.push(decoder.write(bytes.subarray(at, at + step)));
      return [...parts, decoder.end()];
    });
  }
  show(`${encoding} cut off`, () => {
    const decoder = new StringDecoder(encoding);
    return [
      decoder.write(bytes.subarray(0, 5)),
      decoder.end(),
      decoder.write(bytes),
      decoder.end(bytes.subarray(0, 1)),
    ];
  });
}
const next = random(3);
for (let round = 0; round < 200; round++) {
  const bytes = Buffer.from(
    Array.from(
      { length: 12 },
      () => [0x41, 0x80, 0xc3, 0xe2, 0xf0, 0x9f, 0xbf, 0xa0][Math.floor(next() * 8)] as number,
    ),
  );
  show(`ill-formed ${bytes.toString("hex")}`, () => {
    const decoder = new StringDecoder("utf8");
    return (
      decoder.write(bytes.subarray(0, 5)) +
      decoder.write(bytes.subarray(5, 8)) +
      decoder.write(bytes.subarray(8)) +
      decoder.end()
    );
  });
}
const encodingOf = (name?: string) =>
  (new StringDecoder(name as BufferEncoding) as unknown as { encoding: string }).encoding;
show("unknown", () => new StringDecoder("nope" as BufferEncoding));
show("encoding", () => [encodingOf(), encodingOf("binary"), encodingOf("UCS2")]);
show("string", () => new StringDecoder().write("text" as never));

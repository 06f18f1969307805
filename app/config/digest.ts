import { createHash } from "node:crypto";
import { publicKeyOf } from "./certificate-facts.ts";
import { ABSENT, type RawFile } from "./raw-files.ts";

/** Which files a side works from, told apart by their SHA-256 (K48, K55); `sha256sum` on a PC gives the same. */

export interface FileDigest {
  readonly name: string;
  readonly sha256: string;
}

/** Names of what a side uses: its settings come first, then everything that they name. */
export interface UsedFiles {
  readonly settings: { readonly name: string; readonly raw: RawFile };
  readonly certificates: ReadonlyMap<string, RawFile>;
  readonly names: readonly string[];
  /** The private key itself is not hashed: its public part, which is in the certificate in DER form. */
  readonly key: { readonly name: string; readonly certificate: Buffer } | null;
}

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/** One file, or none when it can't be read. */
export function digestOf(name: string, raw: RawFile): FileDigest[] {
  return "problem" in raw ? [] : [{ name, sha256: sha256(raw.bytes) }];
}

/** The files in the order of use, each once. */
export function digestFiles({ settings, certificates, names, key }: UsedFiles): FileDigest[] {
  const lists = [...certificates.keys()].filter((name) => /\.crl$/i.test(name));
  const used = new Set([...names, ...lists]);
  return [
    ...digestOf(settings.name, settings.raw),
    ...[...used].flatMap((name) => digestOf(name, certificates.get(name) ?? ABSENT)),
    ...(key ? [{ name: `public part of ${key.name}`, sha256: sha256(publicKeyOf(key.certificate)) }] : []),
  ];
}

/** One for all: of the list that `sha256sum` would print. */
export function digestOfAll(files: readonly FileDigest[]): string {
  return sha256(files.map(({ name, sha256: digest }) => `${digest}  ${name}\n`).join(""));
}

/** Lines for the log. */
export function digestLines(side: string, files: readonly FileDigest[]): string[] {
  return [
    ...files.map(({ name, sha256: digest }) => `${side}: SHA-256 of ${name}: ${digest}`),
    ...(files.length > 1 ? [`${side}: SHA-256 of this list of ${files.length}: ${digestOfAll(files)}`] : []),
  ];
}

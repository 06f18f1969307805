import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { PayloadError } from "./errors.ts";

/** The payload folder: kernel, root file system, boot loader and notices, each with its hash in `payload.json`. */

export interface OsComponent {
  readonly version: string;
  /** Name and SHA-256 of the source archive. */
  readonly archive?: string;
  readonly sha256?: string;
  /** The distribution's archive with its patches, if they were applied. */
  readonly packaging?: string;
  readonly packagingSha256?: string;
}

export interface Payload {
  readonly folder: string;
  /** Name → path; each checked against its hash. */
  readonly files: ReadonlyMap<string, string>;
  readonly hashes: Readonly<Record<string, string>>;
  readonly osVersions: ReadonlyMap<string, OsComponent>;
  readonly appSha256: string;
  /** Folders of the npm packages that are part of the app, as package-lock.json names them; undefined: not recorded. */
  readonly npmPackages: readonly string[] | undefined;
}

const SHA256 = /^[0-9a-f]{64}$/;
const NEXT = "make the payload anew: make payload";

/** Reads a payload folder and proves every file of it. */
export async function readPayload(folder: string): Promise<Payload> {
  const info = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory())
    throw new PayloadError({
      code: "PAYLOAD_MISSING",
      message: `there is no payload folder ${folder}`,
      next: "make it first: make payload",
      data: { folder },
    });
  const manifest = await readManifest(path.join(folder, "payload.json"));
  const files = new Map<string, string>();
  for (const [name, expected] of Object.entries(manifest.files)) {
    const file = path.join(folder, name);
    const actual = await hashFile(file).catch((cause: NodeJS.ErrnoException) => {
      throw new PayloadError({
        code: "PAYLOAD_FILE_MISSING",
        message: `payload.json names ${name}, but ${file} can't be read: ${cause.code}`,
        next: NEXT,
        data: { file },
        cause,
      });
    });
    if (actual !== expected)
      throw new PayloadError({
        code: "PAYLOAD_DAMAGED",
        message: `${file} is not the file that payload.json names: its SHA-256 is ${actual}, expected ${expected}`,
        next: NEXT,
        data: { file, actual, expected },
      });
    files.set(name, file);
  }
  const osVersions = new Map(
    Object.entries(manifest.osVersions).map(([name, value]) => [name, component(value)]),
  );
  const { appSha256, npmPackages } = manifest;
  return { folder, files, hashes: manifest.files, osVersions, appSha256, npmPackages };
}

interface Manifest {
  readonly format: 1;
  readonly osVersions: Readonly<Record<string, string | OsComponent>>;
  readonly appSha256: string;
  readonly files: Readonly<Record<string, string>>;
  readonly npmPackages?: readonly string[];
}

async function readManifest(file: string): Promise<Manifest> {
  const fail = (problem: string, cause?: unknown): PayloadError =>
    new PayloadError({
      code: "PAYLOAD_MANIFEST",
      message: `${file}: ${problem}`,
      next: NEXT,
      data: { file },
      cause,
    });
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw fail(`can't be read: ${cause.code}`, cause);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fail(`is not JSON: ${(cause as Error).message}`, cause);
  }
  if (!isRecord(value)) throw fail("is not an object");
  if (value.format !== 1) throw fail(`format is ${JSON.stringify(value.format)}, this gwcard reads format 1`);
  if (typeof value.appSha256 !== "string" || !SHA256.test(value.appSha256))
    throw fail("appSha256 is not a SHA-256");
  if (!isRecord(value.osVersions)) throw fail("osVersions is not an object");
  for (const [name, entry] of Object.entries(value.osVersions))
    if (typeof entry !== "string" && !(isRecord(entry) && typeof entry.version === "string"))
      throw fail(`osVersions.${name} has no version`);
  if (!isRecord(value.files)) throw fail("files is not an object");
  for (const [name, hash] of Object.entries(value.files)) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
      throw fail(`files: ${JSON.stringify(name)} is not a bare file name`);
    if (typeof hash !== "string" || !SHA256.test(hash)) throw fail(`files.${name} is not a SHA-256`);
  }
  const { npmPackages } = value;
  if (
    npmPackages !== undefined &&
    !(Array.isArray(npmPackages) && npmPackages.every((name) => typeof name === "string"))
  )
    throw fail("npmPackages is not a list of names");
  return value as unknown as Manifest;
}

function component(value: string | OsComponent): OsComponent {
  return typeof value === "string" ? { version: value } : value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** SHA-256 of a whole file, in hex. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

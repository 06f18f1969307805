import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { PayloadError } from "../errors.ts";
import type { OsComponent, Payload } from "../payload.ts";

/** The bill of materials of a card image, CycloneDX 1.6 (ECMA-424): operating system, npm packages, files. */

interface Hash {
  readonly alg: "SHA-256" | "SHA-512";
  readonly content: string;
}

interface Component {
  readonly type: "operating-system" | "library" | "file" | "application" | "firmware";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly licenses?: readonly { readonly expression: string }[];
  readonly hashes?: readonly Hash[];
  readonly externalReferences?: readonly ExternalReference[];
}

interface ExternalReference {
  readonly type: "source-distribution";
  readonly url: string;
  readonly hashes?: readonly Hash[];
}

const LOCK_FILE = fileURLToPath(new URL("../../package-lock.json", import.meta.url));

/** Describes an image. Nothing in it depends on when or where it was made. */
export async function encodeSbom(options: {
  readonly payload: Payload;
  readonly name: string;
  readonly sha256: string;
}): Promise<string> {
  const { payload } = options;
  const lock = await readLock();
  const os = [...payload.osVersions].map(([name, component]) => osComponent(name, component));
  const files = Object.entries(payload.hashes).map(
    ([name, sha256]): Component => ({
      type: "file",
      "bom-ref": `file:${name}`,
      name,
      hashes: [{ alg: "SHA-256", content: sha256 }],
    }),
  );
  const app: Component = {
    type: "application",
    "bom-ref": "app:gateway",
    name: "gateway",
    version: lock.version,
    hashes: [{ alg: "SHA-256", content: payload.appSha256 }],
  };
  const components = [app, ...os, ...npmComponents(lock, payload), ...files].sort((a, b) =>
    a["bom-ref"] < b["bom-ref"] ? -1 : 1,
  );
  const subject: Component = {
    type: "firmware",
    "bom-ref": "image",
    name: options.name,
    version: lock.version,
    hashes: [{ alg: "SHA-256", content: options.sha256 }],
  };
  const bom = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidFrom(JSON.stringify([subject, components]))}`,
    version: 1,
    metadata: { component: subject },
    components,
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function osComponent(name: string, component: OsComponent): Component {
  const { version, archive, packaging } = component;
  const archives = [
    ...(archive === undefined ? [] : [sourceArchive(archive, component.sha256)]),
    ...(packaging === undefined ? [] : [sourceArchive(packaging, component.packagingSha256)]),
  ];
  // Debian's naming of source archives tells that the version is Debian's, too.
  const debian = archive?.includes(".orig.tar.") === true;
  const id = `${encodeURIComponent(name)}@${encodeURIComponent(version)}`;
  return {
    type: name === "linux" ? "operating-system" : "library",
    "bom-ref": `os:${name}@${version}`,
    name,
    version,
    purl: debian ? `pkg:deb/debian/${id}?arch=source` : `pkg:generic/${id}`,
    ...(archives.length === 0 ? {} : { externalReferences: archives }),
  };
}

function sourceArchive(url: string, sha256: string | undefined): ExternalReference {
  return {
    type: "source-distribution",
    url,
    ...(sha256 === undefined ? {} : { hashes: [{ alg: "SHA-256", content: sha256 }] }),
  };
}

interface Lock {
  readonly version: string;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
}

async function readLock(): Promise<Lock> {
  try {
    return JSON.parse(await readFile(LOCK_FILE, "utf8")) as Lock;
  } catch (cause) {
    throw new PayloadError({
      code: "LOCK_FILE",
      message: `can't read ${LOCK_FILE}: ${(cause as Error).message}`,
      next: "run gwcard from a complete checkout",
      data: { file: LOCK_FILE },
      cause,
    });
  }
}

/** What the payload says is in the app; if it says nothing, everything that is not for development only. */
function npmComponents(lock: Lock, payload: Payload): Component[] {
  const production = Object.keys(lock.packages).filter(
    (key) => key !== "" && lock.packages[key]?.dev !== true,
  );
  return (payload.npmPackages ?? production).map((key): Component => {
    const locked = lock.packages[key];
    if (locked?.version === undefined)
      throw new PayloadError({
        code: "PAYLOAD_STALE",
        message: `the payload contains ${key}, which package-lock.json does not know`,
        next: "make the payload anew: make payload",
        data: { package: key },
      });
    const name = key.slice(key.lastIndexOf("node_modules/") + "node_modules/".length);
    const { version, license, integrity } = locked;
    const sha512 = /^sha512-(.+)$/.exec(integrity ?? "")?.[1];
    const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
    return {
      type: "library",
      "bom-ref": `npm:${key}@${version}`,
      name,
      version,
      purl,
      ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
      ...(sha512 === undefined
        ? {}
        : { hashes: [{ alg: "SHA-512", content: Buffer.from(sha512, "base64").toString("hex") }] }),
    };
  });
}

/** A UUID (RFC 9562, version 8: made from a hash) that is the same for the same content. */
function uuidFrom(content: string): string {
  const raw = createHash("sha256").update(content).digest().subarray(0, 16);
  raw[6] = ((raw[6] as number) & 0x0f) | 0x80;
  raw[8] = ((raw[8] as number) & 0x3f) | 0x80;
  return raw.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

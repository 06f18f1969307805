/**
 * Joins operating system and app into what goes on HW-BOOT:
 * `node --import tsx buildroot/payload.ts --os out/os --app out/app --output out/payload`.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { cpioArchive, S_IFREG } from "./from-debian/cpio.ts";

const FORMAT = 1;
/**
 * lz4 in the format that the kernel reads. At Quark pace the kernel unpacks it in 0.25 s, what zstd made in 2.45 s; being
 * 1 MB larger, it takes the firmware 0.1 s longer to read from a card with 10 MB/s, no compression at all 0.4 s.
 */
const LZ4 = ["-l", "-12"] as const;
const APP_PATH = "/usr/lib/gateway/app.qbc";
const RULE = "=".repeat(78);
const FROM_OS = ["bzImage", "BOOTIA32.EFI"] as const;

/** The payload could not be put together. */
class PayloadError extends Error {
  readonly code = "ERR_PAYLOAD";
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function need(file: string, cure: string): Buffer {
  if (!existsSync(file)) throw new PayloadError(`${file} is missing: ${cure}`);
  return readFileSync(file);
}

function compress(bytes: Buffer): Buffer {
  const result = spawnSync("lz4", [...LZ4, "-q", "-c"], { input: bytes, maxBuffer: 1 << 30 });
  if (result.error) throw new PayloadError(`lz4 did not start: ${result.error.message}; apt-get install lz4`);
  if (result.status !== 0) throw new PayloadError(`lz4 failed: ${result.stderr.toString()}`);
  return result.stdout;
}

/**
 * Bytecode runs only on the engine and on the runtime that its header names (app/runtime/native/qbc.h); the card must not
 * be the place where that comes out.
 */
function checkBytecode(bytecode: Buffer, rootfs: Buffer): void {
  const field = (from: number, to: number): string =>
    bytecode.toString("latin1", from, to).replace(/\0.*$/s, "");
  if (field(0, 5) !== "GWQBC") throw new PayloadError("app.qbc is no bytecode file: run make app");
  for (const [what, id] of [
    ["QuickJS", field(20, 48)],
    ["gateway-runtime", field(48, 64)],
  ] as const) {
    if (id === "" || !rootfs.includes(id))
      throw new PayloadError(
        `app.qbc is compiled for ${what} ${id || "(no name)"}, and the root file system has another: run make app, which compiles it for this one`,
      );
  }
}

/** Folders of the npm packages inside the bundle, as package-lock.json names them. */
function bundledPackages(metafile: string): string[] {
  const { outputs } = JSON.parse(metafile) as {
    outputs: Record<string, { inputs: Record<string, unknown> }>;
  };
  const folders = Object.values(outputs)
    .flatMap((output) => Object.keys(output.inputs))
    .map((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1])
    .filter((folder) => folder !== undefined);
  return [...new Set(folders)].sort();
}

/** Licence files of a package; where it has none, what its README says under that heading. */
function licenceOf(folder: string): string {
  const files = readdirSync(folder).sort();
  const texts = files
    .filter((file) => /^(licen[cs]e|notice|copying)(\.|-|$)/i.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8").trim());
  if (texts.length > 0) return texts.join("\n\n");
  const readme = files.find((file) => /^readme(\.|$)/i.test(file));
  const section = readme && /^#+ *licen[cs]e\b.*\n([^#]+)/im.exec(readFileSync(join(folder, readme), "utf8"));
  if (!section?.[1]?.trim())
    throw new PayloadError(`${folder}: no licence is to be found, neither as a file nor in its README`);
  return section[1].trim();
}

/** The licence texts of the bundled npm packages, each under its name, version and author (R10). */
function npmNotices(folders: readonly string[]): string {
  return folders
    .map((folder) => {
      const { name, version, license, author } = JSON.parse(
        readFileSync(join(folder, "package.json"), "utf8"),
      ) as { name: string; version: string; license?: string; author?: string | { name?: string } };
      const by = typeof author === "string" ? author : author?.name;
      const title = `${name} ${version} (npm package, licence ${license ?? "see below"})`;
      return `${RULE}\n${title}\n${RULE}\n${by ? `Author: ${by}\n\n` : ""}${licenceOf(folder)}\n`;
    })
    .join("\n");
}

/** Debian's copyright files name the licences that every Debian has; the card has them, too (R10). */
function commonLicences(notices: string): string {
  const names = [...notices.matchAll(/\/usr\/share\/common-licenses\/([A-Za-z0-9.-]*[A-Za-z0-9])/g)];
  return [...new Set(names.map(([path]) => path))]
    .sort()
    .map((path) => {
      const text = need(path, "build on Debian or Ubuntu, whose package base-files has it");
      return `${RULE}\n${path}\n${RULE}\n${text.toString("utf8").trim()}\n`;
    })
    .join("\n");
}

function main(): void {
  const { values } = parseArgs({
    options: { os: { type: "string" }, app: { type: "string" }, output: { type: "string" } },
  });
  const { os, app, output } = values;
  if (!os || !app || !output) {
    throw new PayloadError("usage: buildroot/payload.ts --os DIR --app DIR --output DIR");
  }
  const bytecode = need(join(app, "app.qbc"), "run make app");
  const packages = bundledPackages(need(join(app, "metafile.json"), "run make app").toString("utf8"));
  const rootfs = need(join(os, "rootfs.cpio"), "run make os");
  checkBytecode(bytecode, rootfs);
  const archive = cpioArchive([{ path: APP_PATH, mode: S_IFREG | 0o444, data: bytecode }]);
  const files = new Map<string, Buffer>();
  for (const name of FROM_OS) files.set(name, need(join(os, name), "run make os"));
  // The kernel unpacks one compressed archive after the other; the app's comes last.
  files.set("rootfs.cpio.lz4", Buffer.concat([compress(rootfs), compress(archive)]));
  const notices = need(join(os, "legal_notices.txt"), "run make os").toString("utf8");
  const chapters = [notices.trimEnd(), "", npmNotices(packages), commonLicences(notices)];
  files.set("legal_notices.txt", Buffer.from(chapters.join("\n")));
  const manifest = {
    format: FORMAT,
    osVersions: JSON.parse(need(join(os, "versions.json"), "run make os").toString("utf8")) as unknown,
    appSha256: sha256(bytecode),
    npmPackages: packages,
    files: Object.fromEntries([...files].map(([name, bytes]) => [name, sha256(bytes)])),
  };
  const target = resolve(output);
  mkdirSync(dirname(target), { recursive: true });
  const temporary = mkdtempSync(`${target}.`);
  for (const [name, bytes] of files) writeFileSync(join(temporary, name), bytes);
  writeFileSync(join(temporary, "payload.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  rmSync(target, { recursive: true, force: true });
  renameSync(temporary, target);
  const size = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  console.log(`payload: ${output}, ${(size / 1e6).toFixed(1)} MB`);
}

try {
  main();
} catch (error) {
  if (!(error instanceof PayloadError)) throw error;
  console.error(`payload: ${error.message}`);
  process.exitCode = 1;
}

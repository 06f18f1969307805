/**
 * `make buildroot`: fetches, checks and unpacks the Buildroot release that the external tree is made for.
 * `node --import tsx buildroot/buildroot/download.ts [--release lts|stable]`; prints the folder of the tree.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { cacheRoot } from "../from-debian/cache.ts";
import { run } from "../from-debian/command.ts";
import { BuildrootError, runMain } from "./errors.ts";
import { isTree, RELEASES, type Release, releaseTree, SITE } from "./releases.ts";

export interface ProvideOptions {
  readonly release: Release;
  /** Where archive and tree are kept. */
  readonly folder: string;
  /** Address of the folder with the archives. */
  readonly site: string;
  readonly say: (line: string) => void;
}

/**
 * The folder of the release's tree. What is there already is taken: the tree, else an archive, else it is fetched; an
 * archive is unpacked only when its SHA-256 is right.
 */
export async function provideRelease(options: ProvideOptions): Promise<string> {
  const { release, folder, site, say } = options;
  const tree = releaseTree(folder, release);
  if (isTree(tree)) return tree;
  mkdirSync(folder, { recursive: true });
  const archive = `${tree}.tar.xz`;
  const part = `${archive}.part.${process.pid}`;
  if (!existsSync(archive)) {
    const url = `${site}/buildroot-${release.version}.tar.xz`;
    say(`fetching ${url}`);
    try {
      await fetchTo({ url, file: part, archive, release });
      await check({ file: part, archive: url, release });
      renameSync(part, archive);
    } finally {
      rmSync(part, { force: true });
    }
  } else await check({ file: archive, archive, release });
  const unpacked = join(folder, `.unpack.${process.pid}`);
  mkdirSync(unpacked);
  try {
    await run(["tar", "-xf", archive, "--no-same-owner", "-C", unpacked]);
    renameSync(releaseTree(unpacked, release), tree);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
  return tree;
}

async function fetchTo(options: {
  url: string;
  file: string;
  archive: string;
  release: Release;
}): Promise<void> {
  const { url, file, archive, release } = options;
  const unreachable = (why: string): BuildrootError =>
    new BuildrootError(
      "RELEASE_UNREACHABLE",
      `${url} could not be fetched: ${why}`,
      `Without internet: put buildroot-${release.version}.tar.xz (SHA-256 ${release.sha256}) at ${archive} and run this ` +
        "again, or name a tree that you have: make image OS=buildroot BUILDROOT=<its folder>. The build fetches the packages' " +
        'own archives, too: carry the folder along that "make source" fills elsewhere, and name it in BR2_DL_DIR. ' +
        '"make" without OS=buildroot needs a Debian mirror only.',
    );
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    const { cause } = error as { cause?: { code?: string; message?: string } };
    throw unreachable(cause?.message || cause?.code || String(error));
  }
  if (!response.ok || response.body === null) throw unreachable(`the server answers ${response.status}`);
  try {
    await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
  } catch (error) {
    throw unreachable(`it ended early (${error instanceof Error ? error.message : String(error)})`);
  }
}

async function check(options: { file: string; archive: string; release: Release }): Promise<void> {
  const { file, archive, release } = options;
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  const found = hash.digest("hex");
  if (found === release.sha256) return;
  throw new BuildrootError(
    "RELEASE_CORRUPT",
    `${archive} has the SHA-256 ${found}, and Buildroot ${release.version} has ${release.sha256}`,
    "It is damaged or another file: remove it if it lies here, and get it from another place.",
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { release: { type: "string", default: "lts" } } });
  const release = Object.entries(RELEASES).find(([name]) => name === values.release)?.[1];
  if (release === undefined) {
    throw new BuildrootError(
      "RELEASE_UNKNOWN",
      `there is no release "${values.release}"`,
      `RELEASE is one of: ${Object.keys(RELEASES).join(", ")}`,
    );
  }
  const say = (line: string): void => void process.stdout.write(`buildroot: ${line}\n`);
  const site = process.env.BUILDROOT_SITE || SITE;
  const tree = await provideRelease({ release, folder: cacheRoot(), site, say });
  say(`Buildroot ${release.version} is in ${tree}; next: make image OS=buildroot BUILDROOT=${tree}`);
}

if (process.argv[1] === new URL(import.meta.url).pathname) runMain("buildroot", main);

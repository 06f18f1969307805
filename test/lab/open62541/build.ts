/**
 * Builds the lab's second OPC UA server: server.c on open62541, a library in C that shares no code with the gateway or
 * with node-opcua. The library's source is Debian 13's, fetched and checked as the operating system's are; it takes
 * half a minute, once.
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { cached, cacheRoot, contentKey, hashPath } from "../../../buildroot/from-debian/cache.ts";
import type { PackageList } from "../../../buildroot/from-debian/packages.ts";
import { pruneCache, touch } from "../../../buildroot/from-debian/prune.ts";
import { archivePath, type ResolvedSource, resolveSources } from "../../../buildroot/from-debian/sources.ts";
import { LabError } from "../errors.ts";
import { run } from "../process.ts";

const SOURCES: PackageList = {
  suite: "trixie",
  // Some mirrors lack Debian's part of it; the library builds without.
  packages: [{ name: "open62541", version: "1.4.", packaging: "optional" }],
};

const LIBRARY_OPTIONS = [
  "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
  "-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=OFF",
  "-DUA_ENABLE_ENCRYPTION=OPENSSL",
  "-DUA_ENABLE_PUBSUB=OFF",
  "-DUA_ENABLE_PUBSUB_INFORMATIONMODEL=OFF",
  "-DUA_ENABLE_DISCOVERY=OFF",
  "-DUA_ENABLE_HISTORIZING=OFF",
];
const WARNINGS = ["-Wall", "-Wextra", "-Werror"];

/** Debian's source: as it was chosen before, or looked up when there is none or its archive is gone. */
async function findSource(cache: string): Promise<ResolvedSource> {
  for (const update of [false, true]) {
    const found = await resolveSources({ cache, list: SOURCES, update, say: () => undefined });
    const source = found.get("open62541");
    if (source !== undefined && existsSync(archivePath(cache, source.orig))) return source;
  }
  throw new LabError("LAB_FILE_MISSING", "the source of open62541 was not found");
}

/** The library's headers and archive, installed into a folder of the cache. */
async function buildLibrary(): Promise<string> {
  const root = join(cacheRoot(), "lab");
  mkdirSync(root, { recursive: true });
  pruneCache(root);
  const source = await findSource(root);
  const compiler = await run(["gcc", "--version"]);
  const options = LIBRARY_OPTIONS.join(" ");
  const folder = await cached({
    root,
    name: "open62541",
    key: contentKey({ archive: source.orig.sha256, options, compiler }),
    build: async (output) => {
      const tree = join(output, "source");
      const build = join(output, "build");
      mkdirSync(tree);
      const archive = archivePath(root, source.orig);
      await run(["tar", "-xf", archive, "-C", tree, "--strip-components=1"]);
      // Without a git checkout the library asks for its version.
      const version = `-DOPEN62541_VERSION=v${source.version.replace(/-.*/, "")}`;
      await run(["cmake", "-S", tree, "-B", build, ...LIBRARY_OPTIONS, version]);
      await run(["cmake", "--build", build, "--parallel", String(cpus().length)]);
      await run(["cmake", "--install", build, "--prefix", join(output, "installed")]);
      await run(["rm", "-r", tree, build]);
    },
  });
  touch(folder);
  return folder;
}

/** The server's program; builds what is not in the cache. */
export async function buildOpen62541Server(): Promise<string> {
  const library = join(await buildLibrary(), "installed");
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".c"));
  const folder = await cached({
    root: join(cacheRoot(), "lab"),
    name: "open62541-server",
    key: contentKey({ library, sources: hashPath(import.meta.dirname) }),
    build: async (output) => {
      await run([
        ...["gcc", "-std=gnu11", "-O1", "-g", ...WARNINGS],
        // Its headers are not ours to warn about.
        ...["-isystem", join(library, "include")],
        ...files.map((name) => join(import.meta.dirname, name)),
        ...[join(library, "lib/libopen62541.a"), "-lssl", "-lcrypto"],
        ...["-o", join(output, "server")],
      ] as [string, ...string[]]);
    },
  });
  touch(folder);
  return join(folder, "server");
}

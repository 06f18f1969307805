/** Fetches source archives from the machine's Debian mirror, each verified against apt's signed index. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type AptMirror, machineMirror } from "./apt-mirror.ts";
import { sha256 } from "./cache.ts";
import { cleanEnvironment, run } from "./command.ts";
import { OsBuildError } from "./os-build-error.ts";
import type { PackageList, SourcePackage } from "./packages.ts";
import { parseShowsrc, type SourceRecord } from "./showsrc.ts";

export interface ResolvedSource {
  readonly name: string;
  readonly version: string;
  /** Upstream's archive and, when the mirror has it, Debian's packaging. */
  readonly orig: { readonly file: string; readonly sha256: string };
  readonly packaging: { readonly file: string; readonly sha256: string } | undefined;
  /** Newer versions or archives that the index lists and the mirror does not have. */
  readonly notes: readonly string[];
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const APT_HELPER = "/usr/lib/apt/apt-helper";
const SUPERSEDED = new URL("superseded.sources", import.meta.url).pathname;
const DAYS_UNTIL_STALE = 30;
const DAY_MS = 86_400_000;

/** Where a verified archive lies in the cache. */
export function archivePath(cache: string, archive: { file: string; sha256: string }): string {
  return join(cache, "archives", archive.sha256.slice(0, 16), archive.file);
}

/** The cache folders of all archives that these sources consist of. */
export function archiveFolders(cache: string, sources: ReadonlyMap<string, ResolvedSource>): string[] {
  return [...sources.values()]
    .flatMap((source) => [source.orig, source.packaging])
    .flatMap((archive) => (archive === undefined ? [] : [dirname(archivePath(cache, archive))]))
    .filter((folder) => existsSync(folder));
}

/**
 * The sources of all packages: as decided by an earlier run, or (first run, changed list, `update`) newly looked up.
 * A decision stays until it is renewed, so that two builds of one machine are the same build.
 */
export async function resolveSources(options: {
  cache: string;
  list: PackageList;
  update: boolean;
  say: (line: string) => void;
}): Promise<Map<string, ResolvedSource>> {
  const decision = join(options.cache, "sources.json");
  const listKey = sha256(JSON.stringify(options.list));
  if (!options.update && existsSync(decision)) {
    const saved = JSON.parse(readFileSync(decision, "utf8")) as {
      list: string;
      at: string;
      sources: ResolvedSource[];
    };
    if (saved.list === listKey) {
      const days = Math.floor((Date.now() - Date.parse(saved.at)) / DAY_MS);
      if (days > DAYS_UNTIL_STALE) {
        options.say(`sources were chosen ${days} days ago; --update looks for security updates`);
      }
      return new Map(saved.sources.map((source) => [source.name, source]));
    }
  }
  const mirror = machineMirror();
  const apt = await privateApt({ cache: options.cache, mirror, suite: options.list.suite });
  const sources: ResolvedSource[] = [];
  for (const item of options.list.packages) {
    sources.push(await resolveOne({ item, mirror, apt, cache: options.cache, say: options.say }));
  }
  const temporary = `${decision}.${process.pid}`;
  writeFileSync(
    temporary,
    `${JSON.stringify({ list: listKey, at: new Date().toISOString(), sources }, null, 2)}\n`,
  );
  renameSync(temporary, decision);
  return new Map(sources.map((source) => [source.name, source]));
}

/** Makes sure that the archives of one source are in the cache (they may have been cleaned away since). */
export async function ensureArchives(cache: string, source: ResolvedSource): Promise<void> {
  for (const archive of [source.orig, source.packaging]) {
    if (archive !== undefined && !existsSync(archivePath(cache, archive))) {
      throw new OsBuildError({
        code: "SOURCE_MISSING",
        message: `${source.name} ${source.version}: ${archive.file} is no longer in the cache`,
        cure: "Run again with --update to fetch the sources anew.",
        details: { package: source.name, archive: archive.file },
      });
    }
  }
}

async function resolveOne(options: {
  item: SourcePackage;
  mirror: AptMirror;
  apt: Record<string, string>;
  cache: string;
  say: (line: string) => void;
}): Promise<ResolvedSource> {
  const { item, mirror } = options;
  const text = await run(["apt-cache", "showsrc", "--only-source", item.name], { env: options.apt });
  const candidates = candidateSources({ item, index: text, superseded: readFileSync(SUPERSEDED, "utf8") });
  const notes: string[] = [];
  for (const record of candidates) {
    const missing = await fetchRecord({ ...options, record });
    if (missing.length === 0 || (item.packaging === "optional" && !missing.includes(record.orig.file))) {
      notes.push(...missing.map((file) => `${file} is not on the mirror: built without Debian's patches`));
      const found: ResolvedSource = {
        name: item.name,
        version: record.version,
        orig: record.orig,
        packaging:
          record.packaging !== undefined && !missing.includes(record.packaging.file)
            ? record.packaging
            : undefined,
        notes,
      };
      options.say(
        `source  ${item.name} ${record.version}${notes.map((note) => `\n        note: ${note}`).join("")}`,
      );
      return found;
    }
    notes.push(`${item.name} ${record.version}: ${missing.join(", ")} is not on the mirror`);
  }
  throw new OsBuildError({
    code: "SOURCE_MISSING",
    message:
      candidates.length === 0
        ? `source package ${item.name} ${item.version}* is not in the index of ${mirror.archive}`
        : `source package ${item.name}: no version is complete on the mirror\n  ${notes.join("\n  ")}`,
    cure: "Name a complete mirror in GWCARD_DEBIAN_MIRROR (and GWCARD_DEBIAN_MIRROR_SECURITY) and run again.",
    details: { package: item.name, missing: notes },
  });
}

/** What may be built for one line of packages.txt, the best first: the index's versions, newest first, then superseded ones. */
export function candidateSources(options: {
  item: SourcePackage;
  index: string;
  superseded: string;
}): SourceRecord[] {
  const { name, version } = options.item;
  const indexed = parseShowsrc(options.index);
  const known = parseShowsrc(options.superseded).filter(
    (record) => !indexed.some(({ name, version }) => name === record.name && version === record.version),
  );
  return [indexed, known].flatMap((records) =>
    records
      .filter((record) => record.name === name && withoutEpoch(record.version).startsWith(version))
      .sort((a, b) => compareVersions(b.version, a.version)),
  );
}

/**
 * Downloads what is not cached yet; returns the names of archives that the mirror does not have. The small packaging
 * archive goes first: where it is required and missing, upstream's large one is not fetched for nothing.
 */
async function fetchRecord(options: {
  item: SourcePackage;
  record: SourceRecord;
  mirror: AptMirror;
  apt: Record<string, string>;
  cache: string;
}): Promise<string[]> {
  const { record, mirror } = options;
  const base = record.directory.startsWith("pool/updates/")
    ? (mirror.security ?? mirror.archive)
    : mirror.archive;
  const missing: string[] = [];
  for (const archive of [record.packaging, record.orig]) {
    if (archive === undefined || (missing.length > 0 && options.item.packaging === "required")) {
      continue;
    }
    const target = archivePath(options.cache, archive);
    if (existsSync(target)) {
      continue;
    }
    mkdirSync(join(target, ".."), { recursive: true });
    const url = `${base}/${record.directory}/${archive.file}`.replaceAll("~", "%7e");
    const partial = `${target}.${process.pid}`;
    try {
      await run([APT_HELPER, "-q", "download-file", url, partial, `SHA256:${archive.sha256}`], {
        env: options.apt,
      });
    } catch (error) {
      if (/\b404\b/.test(String(error))) {
        missing.push(archive.file);
        continue;
      }
      throw error;
    }
    if (sha256(readFileSync(partial)) !== archive.sha256) {
      throw new OsBuildError({
        code: "SOURCE_CORRUPT",
        message: `${archive.file} does not have the SHA-256 that the signed index gives: ${archive.sha256}`,
        cure: "Run again; if it stays, the mirror or a proxy on the way alters archives: use another mirror.",
        details: { archive: archive.file, expected: archive.sha256 },
      });
    }
    renameSync(partial, target);
  }
  return missing;
}

/** An apt configuration of its own: the suite's source index, nothing of the machine's package state. */
async function privateApt(options: {
  cache: string;
  mirror: AptMirror;
  suite: string;
}): Promise<Record<string, string>> {
  const root = join(options.cache, "apt");
  for (const folder of ["lists/partial", "cache/archives/partial", "etc"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  const { archive, security } = options.mirror;
  const line = (uri: string, suite: string): string =>
    `deb-src [signed-by=${KEYRING}] ${uri} ${suite} main\n`;
  writeFileSync(
    join(root, "etc/sources.list"),
    line(archive, options.suite) +
      line(archive, `${options.suite}-updates`) +
      (security === undefined ? "" : line(security, `${options.suite}-security`)),
  );
  writeFileSync(
    join(root, "etc/apt.conf"),
    [
      `Dir::State::Lists "${root}/lists";`,
      `Dir::Cache "${root}/cache";`,
      `Dir::Etc::SourceList "${root}/etc/sources.list";`,
      'Dir::Etc::SourceParts "/dev/null";',
      'Dir::Etc::Preferences "/dev/null";',
      'Dir::Etc::PreferencesParts "/dev/null";',
      'Acquire::Languages "none";',
      'APT::Update::Error-Mode "any";',
      'APT::Sandbox::User "root";',
      "",
    ].join("\n"),
  );
  const env = cleanEnvironment({ ...proxySettings(), APT_CONFIG: join(root, "etc/apt.conf") });
  try {
    await run(["apt-get", "update", "-q"], { env });
  } catch (error) {
    throw new OsBuildError({
      code: "APT_FAILED",
      message: `the source index of Debian ${options.suite} could not be read from ${archive}: ${String(error)}`,
      cure: "Check the network and the mirror; an unknown key means: apt-get install debian-archive-keyring (current version).",
      cause: error,
    });
  }
  return env;
}

function proxySettings(): Record<string, string> {
  const names = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

function withoutEpoch(version: string): string {
  return version.replace(/^\d+:/, "");
}

function compareVersions(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  return spawnSync("dpkg", ["--compare-versions", a, "gt", b]).status === 0 ? 1 : -1;
}

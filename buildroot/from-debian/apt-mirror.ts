/** Finds the Debian mirror that this machine's own apt uses, so that no address is written into the repository. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OsBuildError } from "./os-build-error.ts";

export interface AptMirror {
  /** Archive root, as in the machine's apt sources, without a trailing slash. */
  readonly archive: string;
  /** Security archive root, when the machine has one. */
  readonly security: string | undefined;
}

export interface AptSourceFile {
  readonly path: string;
  readonly text: string;
}

interface Entry {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
}

const DEBIAN_RELEASE =
  /^(bullseye|bookworm|trixie|forky|sid|oldstable|stable|testing|unstable)(-(updates|security|backports))?(\/updates)?$/;

/** Both formats of sources.list(5): one-line style and deb822 style. */
export function parseAptSources(files: readonly AptSourceFile[]): Entry[] {
  return files.flatMap((file) =>
    file.path.endsWith(".sources") ? parseDeb822(file.text) : parseOneLine(file.text),
  );
}

/** Picks the archive with Debian's own suites and component main; third-party repositories are passed over. */
export function chooseMirror(files: readonly AptSourceFile[]): AptMirror {
  const entries = parseAptSources(files).filter(
    (entry) =>
      /^https?:\/\//.test(entry.uri) && DEBIAN_RELEASE.test(entry.suite) && entry.components.includes("main"),
  );
  const isSecurity = (entry: Entry): boolean =>
    /security/.test(entry.suite) || /debian-security/.test(entry.uri);
  const archive = entries.find((entry) => !isSecurity(entry));
  if (archive === undefined) {
    throw new OsBuildError({
      code: "APT_SOURCES_UNUSABLE",
      message: `no Debian archive (http or https, component main) among this machine's apt sources: ${
        files.map((file) => file.path).join(", ") || "none found"
      }`,
      cure: "Add a Debian mirror to the machine's apt sources, or name one in GWCARD_DEBIAN_MIRROR.",
    });
  }
  return { archive: archive.uri, security: entries.find(isSecurity)?.uri };
}

/** Reads the machine's apt sources; GWCARD_DEBIAN_MIRROR (and …_SECURITY) win over them. */
export function machineMirror(root = "/etc/apt"): AptMirror {
  const override = process.env.GWCARD_DEBIAN_MIRROR;
  if (override !== undefined && override !== "") {
    return { archive: trimSlash(override), security: process.env.GWCARD_DEBIAN_MIRROR_SECURITY };
  }
  const parts = join(root, "sources.list.d");
  const paths = [
    join(root, "sources.list"),
    ...(existsSync(parts) ? readdirSync(parts).sort() : [])
      .filter((name) => /\.(list|sources)$/.test(name))
      .map((name) => join(parts, name)),
  ];
  return chooseMirror(
    paths.filter((path) => existsSync(path)).map((path) => ({ path, text: readFileSync(path, "utf8") })),
  );
}

function parseOneLine(text: string): Entry[] {
  return text.split("\n").flatMap((raw) => {
    const line = raw.replace(/#.*/, "").trim();
    const match = /^deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line);
    const [, uri, suite, components] = match ?? [];
    return uri === undefined || suite === undefined
      ? []
      : [{ uri: trimSlash(uri), suite, components: words(components ?? "") }];
  });
}

function parseDeb822(text: string): Entry[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    const fields = new Map<string, string>();
    let last = "";
    for (const line of paragraph.split("\n").filter((candidate) => !candidate.startsWith("#"))) {
      const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (field?.[1] !== undefined) {
        last = field[1].toLowerCase();
        fields.set(last, field[2] ?? "");
      } else if (/^\s+\S/.test(line)) {
        fields.set(last, `${fields.get(last) ?? ""} ${line.trim()}`);
      }
    }
    if (/^(no|false|0)$/i.test(fields.get("enabled") ?? "yes")) {
      return [];
    }
    return words(fields.get("uris") ?? "").flatMap((uri) =>
      words(fields.get("suites") ?? "").map((suite) => ({
        uri: trimSlash(uri),
        suite,
        components: words(fields.get("components") ?? ""),
      })),
    );
  });
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function trimSlash(uri: string): string {
  return uri.replace(/\/+$/, "");
}

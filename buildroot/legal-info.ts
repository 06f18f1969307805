/**
 * Turns Buildroot's legal-info folder into the payload's legal_notices.txt (R10) and versions.json:
 * `node --import tsx buildroot/legal-info.ts --legal-info DIR --output DIR`.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { legalNotices } from "./legal.ts";

/** First words of legal_notices.txt. */
const ORIGIN = [
  "Each was built by Buildroot from the archive of this name and version, with the patches of the Buildroot release and",
  "of this product's own Buildroot tree; Buildroot's legal-info folder of the build has all of these.",
];

/** The legal-info folder is not what Buildroot makes. */
export class LegalInfoError extends Error {
  readonly code = "LEGAL_INFO_INCOMPLETE";
}

export interface Component {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly archive: string;
  readonly sha256: string | undefined;
  readonly texts: readonly string[];
}

/** One component per line of Buildroot's manifest of what runs on the device. */
export function readLegalInfo(folder: string): Component[] {
  const manifest = join(folder, "manifest.csv");
  if (!existsSync(manifest)) {
    throw new LegalInfoError(
      `${manifest} is missing. Run "make legal-info" in the Buildroot output folder first.`,
    );
  }
  const hashes = new Map(
    readFileSync(join(folder, "legal-info.sha256"), "utf8")
      .split("\n")
      .map((line) => [line.slice(66).replace(/^.*\//, ""), line.slice(0, 64)]),
  );
  const [, ...rows] = readFileSync(manifest, "utf8").trim().split("\n");
  return rows.flatMap((row) => {
    const [name = "", version = "", licence = "", , archive = ""] = [...row.matchAll(/"([^"]*)"/g)].map(
      (match) => match[1] ?? "",
    );
    // Buildroot's own skeleton folders: no source archive, nobody's licence to pass on.
    if (licence === "unknown" && archive === "not saved") return [];
    const texts = licenceTexts(join(folder, "licenses"), name, version);
    if (texts.length === 0) {
      throw new LegalInfoError(
        `${manifest}: ${name} ${version} has no licence text. Give its package a LICENSE_FILES line.`,
      );
    }
    return [{ name, version, licence, archive, sha256: hashes.get(archive), texts }];
  });
}

function licenceTexts(folder: string, name: string, version: string): string[] {
  const own = [`${name}-${version}`, name]
    .map((entry) => join(folder, entry))
    .find((path) => existsSync(path));
  if (own === undefined) return [];
  return readdirSync(own, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8").trim());
}

function main(): void {
  const { values } = parseArgs({ options: { "legal-info": { type: "string" }, output: { type: "string" } } });
  if (!values["legal-info"] || !values.output) {
    process.stderr.write("usage: buildroot/legal-info.ts --legal-info DIR --output DIR\n");
    process.exitCode = 2;
    return;
  }
  const components = readLegalInfo(values["legal-info"]);
  const notices = components.map(({ name, version, licence, texts }) => ({
    component: name,
    version,
    text: `Licence: ${licence}\n\n${texts.join("\n\n")}`,
  }));
  writeFileSync(join(values.output, "legal_notices.txt"), legalNotices({ origin: ORIGIN, notices }));
  const versions = Object.fromEntries(
    components.map(({ name, version, archive, sha256 }) => [
      name,
      { version, archive, ...(sha256 && { sha256 }) },
    ]),
  );
  writeFileSync(join(values.output, "versions.json"), `${JSON.stringify(versions, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();

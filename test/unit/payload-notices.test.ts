/** legal_notices.txt of the card that `make` has built: everything on it has its chapter there. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "../lab/workbench.ts";

const OUT = join(REPOSITORY, "out");
/** The shortest that says anything: one sentence and a link. */
const SHORTEST_TEXT = 80;

const read = (path: string): string => readFileSync(join(OUT, path), "utf8");

/** Texts by title. */
function chaptersOf(notices: string): Map<string, string> {
  const [, ...parts] = notices.split(/^={40,}\n(.*)\n={40,}$/m);
  return new Map(parts.flatMap((part, at) => (at % 2 === 0 ? [[part, parts[at + 1]?.trim() ?? ""]] : [])));
}

/** Name and version of each package that a file of the bundle comes from. */
function bundled(): string[] {
  const { outputs } = JSON.parse(read("app/metafile.json")) as {
    outputs: Record<string, { inputs: Record<string, unknown> }>;
  };
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
  const folders = inputs.flatMap((input) => {
    const end = input.lastIndexOf("node_modules/");
    const words = input.slice(end).split("/");
    return end < 0 ? [] : [input.slice(0, end) + words.slice(0, words[1]?.startsWith("@") ? 3 : 2).join("/")];
  });
  return [...new Set(folders)].map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(REPOSITORY, folder, "package.json"), "utf8")) as {
      name: string;
      version: string;
    };
    return `${name} ${version}`;
  });
}

test("legal_notices.txt has the licence of each component and each bundled package, and the texts that they name (R10)", () => {
  const notices = read("payload/legal_notices.txt");
  const chapters = chaptersOf(notices);
  const system = Object.entries(JSON.parse(read("os/versions.json")) as Record<string, { version: string }>);
  const wanted = [...system.map(([name, { version }]) => `${name} ${version}`), ...bundled()];
  assert.ok(wanted.length > 20, wanted.join(", "));
  for (const title of wanted) {
    const found = [...chapters].filter(
      ([name]) => name === title || name.startsWith(`${title} (npm package`),
    );
    assert.equal(found.length, 1, `${title}: ${found.length} chapters`);
    const [, text = ""] = found[0] ?? [];
    assert.ok(
      text.length >= SHORTEST_TEXT && /licen[cs]e|copyright|permission/i.test(text),
      `${title}: ${text}`,
    );
  }
  // "The complete text is in /usr/share/…" helps nobody who has only the card.
  const named = new Set(notices.match(/\/usr\/share\/common-licenses\/[A-Za-z0-9.-]*[A-Za-z0-9]/g));
  // Debian's copyright files name such paths, the archives that Buildroot takes have the texts themselves.
  assert.ok(named.size > 0 || !notices.includes("of Debian 13"));
  for (const path of named) assert.ok((chapters.get(path)?.length ?? 0) > 1000, path);
  assert.match(notices, /GNU GENERAL PUBLIC LICENSE\s+Version 2, June 1991/);
});

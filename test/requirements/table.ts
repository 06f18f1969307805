/**
 * Which test proves which requirement. A test names what it proves at the end of its title, in parentheses:
 * `"… (R74, L16)"`, `"… (R160–R162)"`. The table is made from these titles and from the list of requirements.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the product must do, or why no test can show it. */
export interface Requirement {
  readonly id: string;
  readonly text: string;
  /** Only for what can't be tested: the reason. */
  readonly untested?: string;
}

/** A test's title without its tags, and the requirements that it names. */
export interface TaggedTest {
  /** Below `test/`. */
  readonly file: string;
  readonly title: string;
  readonly ids: readonly string[];
}

/** Requirements of the guide are R and L; K (secure deployment) and D (contradictions) may be named but need not be. */
const TAG = "[RLKD][0-9]+(?:–[RLKD][0-9]+)?";
const TITLE = new RegExp(`(["\`])((?:(?!\\1)[^\\\\\\n]|\\\\.)+?) \\((${TAG}(?:, ${TAG})*)\\)\\1`, "g");
/** Tests that nobody runs: commented out, left out, still to be written. */
const COMMENT = /^[ \t]*(?:\/\/.*|\/\*[\s\S]*?\*\/)/gm;
const LEFT_OUT = /\.(?:skip|todo)\(\s*$/;
const OPTIONAL = /^[KD]/;

/** A title names what does not exist, or names it in a form that can't be read. */
export class TagError extends Error {
  readonly code = "ERR_REQUIREMENT_TAG";
  constructor(options: { file: string; tag: string; title: string; reason: string }) {
    super(
      `${options.file}: ${options.tag} in the title ${JSON.stringify(options.title)} ${options.reason}. ` +
        "Cure: name a requirement of test/requirements/requirements.json, or a range such as R160–R162",
    );
  }
}

/** `R160–R162` → R160, R161, R162; null when it is no range. */
function expand(tag: string): string[] | null {
  const [first = "", last = first] = tag.split("–");
  const from = Number(first.slice(1));
  const to = Number(last.slice(1));
  if (first[0] !== last[0] || to < from) return null;
  return Array.from({ length: to - from + 1 }, (_, index) => `${first[0]}${from + index}`);
}

/** The tagged titles of the tests in the text of one file that are run. Throws a TagError for a range that runs backwards. */
export function taggedTests(file: string, source: string): TaggedTest[] {
  const code = source.replace(COMMENT, "");
  const titles = [...code.matchAll(TITLE)].filter(({ index }) => !LEFT_OUT.test(code.slice(0, index)));
  return titles.map(([, , title = "", tags = ""]) => ({
    file,
    title,
    ids: tags.split(", ").flatMap((tag) => {
      const ids = expand(tag);
      if (!ids) throw new TagError({ file, tag, title, reason: "is not a range" });
      return ids;
    }),
  }));
}

/** Every tagged title of the `*.test.ts` files below `folder`, in the order of their names. */
export function allTaggedTests(folder: string): TaggedTest[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .sort()
    .flatMap((file) => taggedTests(file, readFileSync(join(folder, file), "utf8")));
}

/** One requirement and what shows it. */
export interface Row {
  readonly requirement: Requirement;
  readonly tests: readonly TaggedTest[];
}

/** Joins both. Throws a TagError for a title that names a requirement that is not in the list. */
export function joinRequirements(requirements: readonly Requirement[], tests: readonly TaggedTest[]): Row[] {
  const known = new Set(requirements.map(({ id }) => id));
  for (const { file, title, ids } of tests) {
    const tag = ids.find((id) => !known.has(id) && !OPTIONAL.test(id));
    if (tag !== undefined) throw new TagError({ file, tag, title, reason: "is no requirement" });
  }
  return requirements.map((requirement) => ({
    requirement,
    tests: tests.filter(({ ids }) => ids.includes(requirement.id)),
  }));
}

/** What is wrong with the table, a line each: a requirement that nothing shows, an excuse that is none any more. */
export function gaps(rows: readonly Row[]): string[] {
  return rows.flatMap(({ requirement: { id, text, untested }, tests }) => {
    if (tests.length === 0 && untested === undefined) {
      return [
        `${id} (${text}): no test names it. Cure: add it to the title of the test that proves it, or write that test`,
      ];
    }
    if (tests.length > 0 && untested !== undefined) {
      return [
        `${id} (${text}): has a test now. Cure: remove "untested" from test/requirements/requirements.json`,
      ];
    }
    return [];
  });
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** The table as Markdown. */
export function renderTable(rows: readonly Row[]): string {
  const lines = rows.map(({ requirement, tests }) => {
    const files = [...new Set(tests.map(({ file }) => file))];
    const shown = files.map((file) => {
      const titles = tests.filter((each) => each.file === file).map(({ title }) => cell(title));
      return `**${file}**: ${titles.join("; ")}`;
    });
    return `| ${requirement.id} | ${cell(requirement.text)} | ${shown.join("<br>") || `— ${cell(requirement.untested ?? "")}`} |`;
  });
  return [
    "# Requirement → test",
    "",
    "Made by `make requirements` from the titles of the tests; a test fails when it is out of date or has a gap.",
    "",
    "| | what is required | shown by |",
    "|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}

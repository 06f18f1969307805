import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readRows, TABLE } from "../requirements/files.ts";
import { gaps, joinRequirements, type Requirement, renderTable, taggedTests } from "../requirements/table.ts";

/** Titles in a form that this file's own text does not show as titles. */
function source(...titles: readonly string[]): string {
  return titles.map((title) => `test(${JSON.stringify(title)}, () => {});`).join("\n");
}

const TWO: readonly Requirement[] = [
  { id: "R1", text: "one" },
  { id: "R2", text: "two", untested: "nobody can" },
];

test("tags are read from titles: lists, ranges, quotes and brackets in the text", () => {
  const tags = ["(R3, L1–L3)", "(K7)"];
  const text = source(`says "no" (twice) ${tags[0]}`, `it's another ${tags[1]}`, "has none (R, 1)");
  assert.deepEqual(
    taggedTests("a.test.ts", text).map(({ ids }) => ids),
    [["R3", "L1", "L2", "L3"], ["K7"]],
  );
});

test("a test that nobody runs proves nothing", () => {
  const run = source(`is run ${"(R1)"}`);
  const texts = [
    ...[`// ${run}`, `/* ${run} */`, `  /**\n * ${run}\n */`],
    ...[run.replace("test(", "test.skip("), run.replace("test(", "test.todo(\n  "), ""],
  ];
  for (const text of texts)
    assert.deepEqual(
      taggedTests("a.test.ts", `${text}\n${run}`).map(({ ids }) => ids),
      [["R1"]],
      text,
    );
});

test("a requirement without a test is a gap, an excuse that has become false is one too", () => {
  const one = taggedTests("a.test.ts", source(`does it ${"(R2)"}`));
  assert.deepEqual(gaps(joinRequirements(TWO, one)), [
    "R1 (one): no test names it. Cure: add it to the title of the test that proves it, or write that test",
    'R2 (two): has a test now. Cure: remove "untested" from test/requirements/requirements.json',
  ]);
  const other = taggedTests("a.test.ts", source(`does it ${"(R1)"}`));
  assert.deepEqual(gaps(joinRequirements(TWO, other)), []);
});

test("a title that names what does not exist is refused", () => {
  const unknown = taggedTests("a.test.ts", source(`does it ${"(R9)"}`));
  assert.throws(() => joinRequirements(TWO, unknown), {
    code: "ERR_REQUIREMENT_TAG",
    message:
      'a.test.ts: R9 in the title "does it" is no requirement. Cure: name a requirement of ' +
      "test/requirements/requirements.json, or a range such as R160–R162",
  });
  assert.throws(() => taggedTests("a.test.ts", source(`does it ${"(R9–R3)"}`)), /R9–R3 .* is not a range/);
});

test("every requirement has a test that names it, or a reason why there is none", () => {
  assert.deepEqual(gaps(readRows()), []);
});

test("the committed table is the one that the titles make; `make requirements` writes it", () => {
  assert.equal(readFileSync(TABLE, "utf8"), renderTable(readRows()));
});

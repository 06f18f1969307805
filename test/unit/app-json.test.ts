/** The strict JSON reader: the engine's own is the judge; it adds where everything stands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JsonSyntaxError, parseLocatedJson } from "../../app/config/json.ts";

type Json = Record<string, unknown>;

test("broken JSON: line, column, what was expected and what is there", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "line 1, column 1: expected a value, found the end of the file"],
    ['{"a":1,}', `line 1, column 8: expected a name in double quotes, found '}'`],
    ['{\n "a": 1\n "b": 2\n}', `line 3, column 2: expected ',' or '}', found '"'`],
    ['{"a":01}', "line 1, column 7: expected ',' or '}', found '1'"],
    ["[1,2", "line 1, column 5: expected ',' or ']', found the end of the file"],
    ["{'a':1}", "line 1, column 2: expected a name in double quotes, found '''"],
    ['{"a":"x\ny"}', "line 1, column 8: expected '\"' at the end of a text, found the end of the line"],
    ['{"a":"\\x"}', "line 1, column 7: expected an escape such as \\n, \\\\ or \\u0041, found '\\'"],
    ['{"a":1} // note', "line 1, column 9: expected the end of the file, found '/'"],
    ['{"a":True}', "line 1, column 6: expected a value, found 'T'"],
    ['{"a":.5}', "line 1, column 6: expected a value, found '.'"],
    ['{"a":\u00a01}', "line 1, column 6: expected a value, found the character U+00A0"],
    ["[".repeat(100), "line 1, column 66: expected at most 64 levels of nesting, found '['"],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseLocatedJson(text),
      (error) => error instanceof JsonSyntaxError && error.message === message,
      `${text} should give: ${message}`,
    );
  }
});

test("the JSON reader agrees with the engine's own on every document", () => {
  const document = fc.json({ maxDepth: 5 });
  fc.assert(
    fc.property(document, fc.constantFrom(undefined, 1, "\t"), (text, indent) => {
      const pretty = JSON.stringify(JSON.parse(text), null, indent);
      assert.deepEqual(parseLocatedJson(pretty).value, JSON.parse(pretty));
    }),
  );
});

test("the JSON reader accepts exactly what the engine's own accepts, except for double names", () => {
  const damaged = fc
    .tuple(
      fc.json({ maxDepth: 3 }),
      fc.nat(),
      fc.constantFrom("", ",", '"', "}", "]", "0", " ", "\\", "-", "e", "\n"),
    )
    .map(([text, at, piece]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + piece + text.slice(place + (at % 2));
    });
  fc.assert(
    fc.property(damaged, (text) => {
      let expected: unknown;
      let valid = true;
      try {
        expected = JSON.parse(text);
      } catch {
        valid = false;
      }
      try {
        const { value } = parseLocatedJson(text);
        assert.ok(valid, `accepted ${text}`);
        assert.deepEqual(value, expected);
      } catch (error) {
        if (!(error instanceof JsonSyntaxError)) throw error;
        assert.ok(!valid, `refused ${text}: ${error.message}`);
      }
    }),
    { numRuns: 2000 },
  );
});

test("names that stand twice are all told, with their places; the last value counts (R40, R79)", () => {
  const { value, repeated } = parseLocatedJson('{"a":1,"a":2,\n"b":{"c":1,"c/":2,"c":[3]},"a":4}');
  assert.deepEqual(value, { a: 4, b: { c: [3], "c/": 2 } });
  assert.deepEqual(repeated, [
    { pointer: "/a", name: "a", place: { line: 1, column: 8 } },
    { pointer: "/b/c", name: "c", place: { line: 2, column: 19 } },
    { pointer: "/a", name: "a", place: { line: 2, column: 28 } },
  ]);
  assert.deepEqual(parseLocatedJson('{"a":{"a":"a"},"b":[{"a":1},{"a":1}]}').repeated, []);
});

test("a name that stands twice is found wherever it is, and whatever texts look like", () => {
  const awkward = fc.oneof(fc.string(), fc.constantFrom('":', '\\":', "{}", ":", "\\", '"a":1'));
  const fill = fc.dictionary(awkward, fc.oneof(awkward, fc.array(awkward), fc.dictionary(awkward, awkward)));
  fc.assert(
    fc.property(fill, fill, awkward, (before, after, name) => {
      const members = (part: object) =>
        Object.entries(part).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
      const once = `{${members({ ...before, ...after }).join(",")}}`;
      assert.deepEqual(parseLocatedJson(once).value, JSON.parse(once));
      const twice = [JSON.stringify(name), JSON.stringify(name)].map((key) => `${key}:1`);
      const text = `{"inside":[{${[...members(before), ...twice].join(",")}}]}`;
      const { value, repeated } = parseLocatedJson(text);
      assert.deepEqual(value, JSON.parse(text));
      assert.equal(repeated.at(-1)?.name, name);
    }),
  );
});

test("places are those of an editor", () => {
  const { places } = parseLocatedJson('{\n  "nodes": [\n    { "id": 1 },\n    { "a/b~c": 2 }\n  ]\n}');
  assert.deepEqual(places.get("/nodes/0/id"), { line: 3, column: 13 });
  assert.deepEqual(places.get("/nodes/1/a~1b~0c"), { line: 4, column: 16 });
});

test("a name like __proto__ is an ordinary one", () => {
  const { value } = parseLocatedJson('{"__proto__":{"polluted":true}}');
  assert.deepEqual(Object.keys(value as Json), ["__proto__"]);
  assert.equal(({} as Json).polluted, undefined);
});

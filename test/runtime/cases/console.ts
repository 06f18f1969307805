/** The global console: which stream, how values are put together, groups, counts, and what fails quietly. */

import { isatty } from "node:tty";
import { format, formatWithOptions, inspect } from "node:util";
import { show } from "./show.ts";

show("same console", () => [globalThis.console === console, typeof console.log, typeof console.error]);
console.log();
console.log("text", 1, -0, 5n, true, null, undefined, Symbol("s"));
console.log(
  "%s is %d and %i, %f, %j %o %O %%",
  "a",
  4.5,
  4.5,
  "1.5",
  { a: 1 },
  [1],
  { b: { c: {} } },
  "rest",
);
console.log({ deep: { er: { and: { deeper: 1 } } }, list: [1, [2, [3, [4, [5]]]]] });
console.log("a\ud800lone", Buffer.from("bytes"), new Map([["k", new Set([1])]]));
console.info("info goes to the output");
console.debug("so does debug %s", "here");
console.group("group");
console.log("inside\nof two lines");
console.group();
console.log("deeper");
console.groupEnd();
console.groupEnd();
console.groupEnd();
console.log("outside");
console.count();
console.count("own");
console.count();
console.countReset();
console.count();
console.dir({ a: { b: { c: { d: 1 } } }, f() {} }, { depth: 0 });

// The test compares standard error too.
console.error("error %d", 1);
console.warn("warning", { a: 1 });
console.assert(true, "not said");
console.assert(false, "said %s", "so");
console.assert(false);
console.assert(false, 5 as never, { no: "text" });
process.stderr.write("written\n");

show("formatWithOptions", () => [
  formatWithOptions({ compact: true }, "%o and", [1], { a: { b: { c: { d: 1 } } } }),
  formatWithOptions({ depth: 0 }, { a: { b: 1 } }, "%s"),
  formatWithOptions({ colors: false }, "%s %O", "x", { y: 1 }),
]);
show("format corners", () => [
  format("%s", { a: { b: { c: 1 } } }),
  format("%s", [1, "x", { y: 2 }]),
  format("%s", new Error("shown")).split("\n")[0],
  format(
    "%s",
    new (class Own {
      toString() {
        return "own words";
      }
    })(),
  ),
  format("%s", new (class Heir extends Map {})()),
  format("%s %s", Buffer.from("bytes"), new URL("http://a/b")),
  format("%s", Object.create(null)),
  format("%s", new Date(0)),
  format("%d", {}, "%d"),
  format("%d", 5n),
  format("%i", "42.5abc"),
  format("%f", "x"),
  format("%j", { toJSON: () => "own" }),
  format(
    "%j",
    (() => {
      const a: Record<string, unknown> = {};
      a.a = a;
      return a;
    })(),
  ),
  format("%c styled", "color: red"),
  format("100%", 1),
  format("%", "%s"),
  format("%%s", 1),
  format("a", "b", 3, null),
]);
show("inspect text", () => [inspect("it's"), inspect("a\nb"), inspect("\u001b[1m"), inspect("\ud83d")]);
show("isatty", () => [isatty(0), isatty(99), isatty(-1), isatty(1.5)]);
show("stdout", () => [process.stdout.write("plain "), process.stdout.write("6f6b0a", "hex")]);
process.stdout.write("with callback\n", () => console.log("written"));

/** Buffer on the runtime is Node's: text, numbers, memory, and the errors of each. */
import { test } from "node:test";
import { agree } from "./agree.ts";

for (const name of ["buffer-text", "buffer-numbers", "buffer-memory", "string-decoder"]) {
  test(`${name} agrees with Node.js`, () => agree(name));
}

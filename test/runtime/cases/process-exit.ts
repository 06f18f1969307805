/** process.exit: at once, with what 'exit' handlers say, and nothing after it. */
import { writeSync } from "node:fs";

process.on("exit", (code) => {
  console.log("exit", code, process.exitCode);
  process.exitCode = 0;
  process.nextTick(() => console.log("never: a tick"));
  Promise.resolve().then(() => console.log("never: a promise"));
});
process.on("exit", () => console.log("second handler"));
process.on("beforeExit", () => console.log("never: beforeExit"));
setTimeout(() => {
  process.nextTick(() => console.log("never: next tick"));
  setImmediate(() => console.log("never: immediate"));
  writeSync(1, "before\n");
  try {
    process.exit(3);
  } finally {
    console.log("never: finally");
  }
}, 1);

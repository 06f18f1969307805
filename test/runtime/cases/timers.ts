/** setTimeout and setInterval: arguments, clearing, refreshing, references. */

import * as timers from "node:timers";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { show, showCode } from "./show.ts";

const wrong = (value: unknown) => value as never;

show("same functions", () => [timers.setTimeout === setTimeout, timers.clearInterval === clearInterval]);
showCode("no function", () => setTimeout(wrong("code")));
showCode("no function immediate", () => setImmediate(wrong(undefined)));
showCode("no function tick", () => process.nextTick(wrong({})));
showCode("no function microtask", () => queueMicrotask(wrong(null)));
show("clear nonsense", () => [
  clearTimeout(undefined),
  clearTimeout(wrong(null)),
  clearTimeout(123456),
  clearInterval(wrong("x")),
]);

const started = performance.now();
async function main(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(
      (a: unknown, b: unknown, ...rest: unknown[]) => {
        show("arguments", () => [a, b, rest]);
        resolve();
      },
      5,
      "a",
      2,
      null,
      undefined,
      [1],
    );
  });
  await new Promise<void>((resolve) => {
    const timer = setTimeout(function (this: unknown) {
      show("this is the timer", () => this === timer);
      resolve();
    }, 1);
    show("is an object", () => [typeof timer, typeof timer[Symbol.toPrimitive](), Number(timer) > 0]);
  });

  const idle = setTimeout(() => undefined, 1);
  show("refs", () => [idle.hasRef(), idle.unref() === idle, idle.hasRef(), idle.ref().hasRef()]);
  let count = 0;
  await new Promise<void>((resolve) => {
    const interval = setInterval(() => {
      count++;
      if (count === 3) {
        clearInterval(interval);
        resolve();
      }
    }, 2);
  });
  await delay(20);
  show("interval stopped inside", () => count);

  let other = false;
  const victim = setTimeout(() => {
    other = true;
  }, 80);
  setTimeout(() => clearTimeout(victim), 1);
  const byNumber = setTimeout(() => {
    other = true;
  }, 10);
  clearTimeout(Number(byNumber));
  await delay(100);
  show("cleared by another", () => other);

  let fired = 0;
  const again = setTimeout(() => fired++, 5);
  await delay(20);
  again.refresh();
  await delay(20);
  show("refresh after firing", () => fired);

  const postponed: string[] = [];
  await new Promise<void>((resolve) => {
    const late = setTimeout(() => {
      postponed.push("refreshed");
      resolve();
    }, 200);
    const halfWay = performance.now() + 100;
    while (performance.now() < halfWay);
    late.refresh();
    setTimeout(() => postponed.push("150 later"), 150);
  });
  show("refresh postpones", () => postponed);

  for (const odd of [0, -1, Number.NaN, "7", 2 ** 31 + 0.5, null]) {
    const before = performance.now();
    await new Promise<void>((resolve) => void setTimeout(resolve, wrong(odd)));
    show(`delay ${String(odd)}`, () => performance.now() - before < 200);
  }
  show("value", () => undefined);
  console.log(await delay(1, "the value"), await turn("turned"));
  const controller = new AbortController();
  const aborted = delay(10_000, undefined, { signal: controller.signal });
  controller.abort();
  await aborted.catch((error: Error & { code: string }) => console.log(error.name, error.code));
  show("took time", () => performance.now() - started > 100);

  // Neither keeps the process alive.
  setTimeout(() => console.log("never: unreferenced timeout"), 60_000).unref();
  setInterval(() => console.log("never: unreferenced interval"), 60_000).unref();
}
main();

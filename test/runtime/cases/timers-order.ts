/** Timers among each other: order, clearing from inside, what holds the process, exceptions, and the calls of old. */
import { setTimeout as delay, scheduler, setImmediate as turn } from "node:timers/promises";
import { show, showCode } from "./show.ts";

const log: string[] = [];
const note = (text: string) => () => void log.push(text);
const flush = () => log.splice(0).join(" ");
/** Waits for so many notes: on a busy machine no delay is long enough. */
async function noted(count: number): Promise<void> {
  while (log.length < count) await turn();
}
/** Everything that is due by now fires in one go after this. */
function busy(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

async function order(): Promise<void> {
  for (const name of ["a", "b", "c"]) setTimeout(note(name), 5);
  setTimeout(note("soon"), 1);
  setTimeout(note("none"));
  setTimeout(note("zero"), 0);
  await noted(6);
  show("same delay, same order", () => flush());

  setTimeout(note("30"), 30);
  setTimeout(note("10"), 10);
  setTimeout(note("20"), 20);
  busy(35);
  await noted(3);
  show("late, and still in order", () => flush());

  setTimeout(() => {
    log.push("outer");
    setTimeout(note("inner"), 0);
    setImmediate(note("immediate"));
    process.nextTick(note("tick"));
    queueMicrotask(note("microtask"));
  }, 1);
  await noted(5);
  show("made inside a timer", () => flush());

  setImmediate(() => {
    log.push("1");
    setImmediate(note("next round"));
    process.nextTick(note("tick of 1"));
  });
  setImmediate(note("2"));
  await turn();
  await turn();
  show("immediates wait for the next round", () => flush());
}

async function clearing(): Promise<void> {
  const first = setTimeout(() => {
    log.push("first");
    clearTimeout(second);
    clearTimeout(first);
    clearTimeout(third);
  }, 1);
  const second = setTimeout(note("never: second"), 1);
  const third = setTimeout(note("never: third"), 2);
  busy(5);
  await delay(10);
  show("cleared by one that was due before", () => flush());

  const immediate = setImmediate(() => {
    log.push("one");
    clearImmediate(other);
    clearImmediate(immediate);
  });
  const other = setImmediate(note("never: other"));
  await turn();
  show("an immediate cleared in its round", () => flush());

  let count = 0;
  const interval = setInterval(() => {
    log.push(`interval ${++count}`);
    if (count === 2) clearTimeout(interval);
  }, 1);
  await noted(2);
  await delay(10);
  show("an interval cleared as a timeout", () => flush());

  const refreshed = setTimeout(() => {
    log.push("fired");
    if (log.length < 3) refreshed.refresh();
  }, 1);
  await noted(3);
  await delay(10);
  show("refreshed from inside", () => flush());
  const gone = setTimeout(note("never: closed"), 1);
  show("closed", () => gone.close() === gone);
  refreshed.close();
  clearTimeout(refreshed);
  refreshed.refresh();
  await delay(10);
  show("nothing after closing", () => flush());

  const text = setTimeout(note("never: text"), 1);
  clearTimeout(String(Number(text)));
  clearTimeout({} as never);
  clearTimeout(Symbol.iterator as never);
  await delay(10);
  show("cleared by its number as text", () => flush());
}

async function failing(): Promise<void> {
  const caught: string[] = [];
  const onError = (error: Error) => void caught.push(error.message);
  process.on("uncaughtException", onError);
  setTimeout(() => {
    setTimeout(note("made before it"), 1);
    throw new Error("in a timer");
  }, 1);
  setTimeout(note("the next timer"), 1);
  setImmediate(() => {
    throw new Error("in an immediate");
  });
  setImmediate(note("the next immediate"));
  while (log.length < 3 || caught.length < 2) await turn();
  let runs = 0;
  const interval = setInterval(() => {
    if (++runs === 3) clearInterval(interval);
    throw new Error(`interval ${runs}`);
  }, 1);
  while (caught.length < 5) await turn();
  process.off("uncaughtException", onError);
  show("exceptions", () => [flush().split(" ").sort().join(" "), caught.sort()]);
}

async function promised(): Promise<void> {
  const controller = new AbortController();
  controller.abort("why");
  for (const attempt of [
    delay(1, null, { signal: controller.signal }),
    turn(null, { signal: controller.signal }),
    scheduler.wait(1, { signal: controller.signal }),
  ]) {
    await attempt.catch((error: Error & { code: string }) =>
      console.log(error.name, error.code, error.cause),
    );
  }
  console.log(await scheduler.wait(1), await scheduler.yield());
}

async function main(): Promise<void> {
  showCode("no function", () => setInterval("text" as never));
  await order();
  await clearing();
  await failing();
  await promised();
  const idle = setImmediate(() => console.log("never: unreferenced immediate"));
  show("immediate's references", () => [
    idle.hasRef(),
    idle.unref() === idle,
    idle.hasRef(),
    idle.ref().hasRef(),
  ]);
  idle.unref();
  const held = setTimeout(() => console.log("held by a reference"), 10);
  held.unref().ref();
  const free = setInterval(() => console.log("never: unreferenced interval"), 60_000);
  show("refs again", () => [free.unref().hasRef(), free[Symbol.toPrimitive]() > 0]);
}
main();

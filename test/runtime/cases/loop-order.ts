/** The order in which timers, immediates, ticks and promise jobs run. */
const log = (text: string) => console.log(text);

setImmediate(() => {
  log("immediate 1");
  process.nextTick(() => log("tick of immediate 1"));
  Promise.resolve().then(() => log("microtask of immediate 1"));
  setImmediate(() => {
    log("immediate of immediate 1");
    // Only now: a timer that is due early would come before this on a slow machine.
    setTimeout(dueTogether, 1);
  });
});
const cancelled = setImmediate(() => log("never: cleared immediate"));
setImmediate(() => log("immediate 2"));
clearImmediate(cancelled);

process.nextTick(() => {
  log("tick 1");
  Promise.resolve().then(() => log("microtask of tick 1"));
  process.nextTick(() => log("tick of tick 1"));
});
process.nextTick((...args: unknown[]) => log(`tick 2 ${args.join()}`), 1, 2, 3, 4, 5, 6);
queueMicrotask(() => {
  log("queued microtask");
  process.nextTick(() => log("tick of microtask"));
  queueMicrotask(() => log("microtask of microtask"));
});
(async () => {
  log("async start");
  await null;
  log("async 1");
  await new Promise((resolve) => setImmediate(resolve));
  log("async after immediate");
})();
log("main end");

/** What a timer's callback leaves behind runs before the next timer's, even when both are due. */
function busyUntil(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
function dueTogether(): void {
  const order: string[] = [];
  setTimeout(() => {
    order.push("a");
    process.nextTick(() => order.push("tick of a"));
    Promise.resolve().then(() => order.push("microtask of a"));
  }, 1);
  setTimeout(() => order.push("b"), 1);
  setTimeout(() => order.push("c"), 12);
  setTimeout(() => order.push("d"), 2);
  setTimeout(() => {
    order.push("e");
    log(order.join(" | "));
  }, 30);
  busyUntil(20);
}

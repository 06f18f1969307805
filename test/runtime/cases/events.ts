/** EventEmitter. */
import assert from "node:assert";
import EventEmitter, { errorMonitor, getEventListeners, on, once } from "node:events";
import { inherits } from "node:util";
import { show, showCode } from "./show.ts";

const wrong = (value: unknown) => value as never;
const emitter = new EventEmitter();
const log: string[] = [];
const note =
  (name: string) =>
  (...args: unknown[]) =>
    void log.push(`${name}(${args.join()})`);
const flush = () => log.splice(0);

show("default export", () => [EventEmitter.EventEmitter === EventEmitter, EventEmitter.defaultMaxListeners]);
show("emit nothing", () => emitter.emit("x"));
emitter
  .on("x", note("a"))
  .once("x", note("b"))
  .prependListener("x", note("c"))
  .prependOnceListener("x", note("d"));
show("counts", () => [emitter.listenerCount("x"), emitter.eventNames(), emitter.listeners("x").length]);
show("emit", () => [emitter.emit("x", 1, 2), flush()]);
show("emit again", () => [emitter.emit("x", 1, 2, 3, 4), flush(), emitter.listenerCount("x")]);
show("remove all", () => [
  emitter.removeAllListeners("x") === emitter,
  emitter.emit("x"),
  emitter.eventNames(),
]);

const twice = note("twice");
emitter.on("y", twice).on("y", twice);
show("same listener twice", () => [emitter.emit("y"), flush()]);
show("remove one of two", () => [emitter.off("y", twice).listenerCount("y"), emitter.emit("y"), flush()]);
show("remove unknown", () => emitter.removeListener("y", () => undefined).listenerCount("y"));
const onceListener = note("o");
emitter.once("z", onceListener);
show("once is wrapped", () => [
  emitter.listeners("z")[0] === onceListener,
  emitter.rawListeners("z")[0] === onceListener,
  (emitter.rawListeners("z")[0] as unknown as { listener: unknown }).listener === onceListener,
]);
show("remove a once", () => emitter.off("z", onceListener).listenerCount("z"));

emitter.on("newListener", (name: unknown, listener: unknown) =>
  log.push(`new ${String(name)} ${typeof listener}`),
);
emitter.on("removeListener", (name: unknown) => log.push(`removed ${String(name)}`));
const symbol = Symbol("event");
emitter.on(symbol, twice);
emitter.once("w", twice);
show("newListener", () => flush());
emitter.emit("w");
emitter.off(symbol, twice);
show("removeListener", () => flush());
show("names", () => emitter.eventNames().map(String));
emitter.removeAllListeners();
show("after removing all", () => [flush(), emitter.eventNames()]);

const self = new EventEmitter();
self.on("e", function (this: unknown) {
  log.push(`this ${this === self}`);
  self.on("e", note("added while emitting"));
  self.off("e", second);
});
const second = note("second");
self.on("e", second);
self.emit("e");
show("changes while emitting", () => flush());
self.emit("e");
show("changes took effect", () => flush());

showCode("listener no function", () => emitter.on("x", wrong("y")));
show("listener no function message", () => emitter.once("x", wrong(null)));
show("max listeners", () => [emitter.getMaxListeners(), emitter.setMaxListeners(2).getMaxListeners()]);
show("max listeners bad", () => emitter.setMaxListeners(-1));
show("max listeners text", () => emitter.setMaxListeners(wrong("2")));
show("error unhandled", () => emitter.emit("error", new RangeError("mine")));
show("error not an error", () => emitter.emit("error", { a: 1 }));
show("error without argument", () => emitter.emit("error"));
const watched = new EventEmitter();
watched.on(errorMonitor, (error: Error) => log.push(`monitor ${error.message}`));
show("error monitor", () => watched.emit("error", new Error("seen")));
watched.on("error", (error: Error) => log.push(`handled ${error.message}`));
show("error handled", () => [watched.emit("error", new Error("two")), flush()]);
show("listener throws", () => {
  const throwing = new EventEmitter();
  throwing.on("x", () => {
    throw new TypeError("from a listener");
  });
  throwing.on("x", note("not reached"));
  return throwing.emit("x");
});
show("getEventListeners", () => getEventListeners(self, "e").length);

function Old(this: object) {
  (EventEmitter as unknown as (this: object) => void).call(this);
}
inherits(Old, EventEmitter);
show("old inheritance", () => {
  const old = new (Old as unknown as new () => EventEmitter)();
  old.on("x", note("old"));
  return [old.emit("x", 1), flush(), old instanceof EventEmitter];
});
class Derived extends EventEmitter {
  value = 7;
}
show("class", () => {
  const derived = new Derived();
  derived.on("x", function (this: Derived) {
    log.push(String(this.value));
  });
  return [derived.emit("x"), flush(), Object.keys(derived).includes("value")];
});

process.on("warning", (warning) => console.log("warning", warning.name, warning.message));
const leaky = new EventEmitter();
for (let at = 0; at < 12; at++) leaky.on("leak", note("l"));

async function main(): Promise<void> {
  setImmediate(() => emitter.emit("later", 1, "two"));
  console.log("once", await once(emitter, "later"));
  setImmediate(() => emitter.emit("error", new Error("rejecting")));
  await assert.rejects(once(emitter, "later"), /rejecting/);
  const controller = new AbortController();
  setImmediate(() => controller.abort());
  await once(emitter, "never", { signal: controller.signal }).catch((error: Error & { code: string }) =>
    console.log(error.name, error.code, error.message),
  );
  setImmediate(() => {
    emitter.emit("many", 1);
    emitter.emit("many", 2);
    setImmediate(() => emitter.emit("many", 3));
  });
  for await (const [value] of on(emitter, "many")) {
    console.log("many", value);
    if (value === 3) break;
  }
  show("iterator cleaned up", () => emitter.listenerCount("many"));
  const target = new EventTarget();
  setImmediate(() => target.dispatchEvent(new Event("ping")));
  console.log("target", ((await once(target, "ping")) as Event[])[0]?.type);
}

main();

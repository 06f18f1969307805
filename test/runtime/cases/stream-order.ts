/** Streams when something breaks and when somebody gives up: what happens, and in which order. */
import { Duplex, finished, PassThrough, pipeline, Readable, Transform, Writable } from "node:stream";
import { finished as ended, pipeline as piped } from "node:stream/promises";
import { scenario, settle, sink, text, told, watch } from "./watch-stream.ts";

async function wrong(): Promise<void> {
  await scenario("write after end", () => {
    const out = watch("out", sink());
    // Whose callback comes first differs between releases of Node.js.
    out.end("x");
    console.log(out.write("y", told("late write")));
    out.end(told("second end"));
  });
  await scenario("write after destroy", () => {
    const out = watch("out", sink());
    out.destroy();
    console.log(out.write("y", told("late write")));
    out.end(told("late end"));
  });
  await scenario("write of nothing", () => {
    const out = watch("out", sink());
    out.write(null as never);
  });
  await scenario("write of a number", () => void sink().write(5 as never));
  await scenario("unknown encoding", () => void sink().write("a", "none" as BufferEncoding));
  await scenario("push after the end", () => {
    const source = watch("source", new Readable({ read() {} }), ["readable"]);
    source.push(null);
    source.push("late");
  });
  await scenario("nothing implemented", () => {
    watch("source", new Readable(), ["readable"]).read();
    watch("out", new Writable()).write("x");
    watch("through", new Transform()).write("x");
  });
  await scenario("an error in write", () => {
    const out = watch(
      "out",
      sink({ write: (_c: unknown, _e: unknown, done: (e: Error) => void) => done(new Error("full")) }),
    );
    out.write("a", told("first"));
    out.write("b", told("second"));
    out.end(told("end"));
  });
  await scenario("an error in write, later", () => {
    const out = watch(
      "out",
      sink({
        write: (_c: unknown, _e: unknown, done: (e: Error) => void) => setImmediate(done, new Error("later")),
      }),
    );
    out.write("a", told("first"));
    out.write("b", told("second"));
  });
  await scenario("an error in final", () => {
    watch("out", sink({ final: (done: (e: Error) => void) => done(new Error("final")) })).end("x");
  });
  await scenario("an error in read", () => {
    watch(
      "source",
      new Readable({
        read() {
          this.destroy(new Error("unreadable"));
        },
      }),
    ).resume();
  });
  await scenario("an exception in read", () => {
    const source = watch(
      "source",
      new Readable({
        read() {
          throw new Error("thrown");
        },
      }),
    );
    source.on("data", () => undefined);
  });
  await scenario("an error in transform and in flush", () => {
    watch("transform", new Transform({ transform: (_c, _e, done) => done(new Error("bad chunk")) })).write(
      "x",
    );
    watch(
      "flush",
      new Transform({ transform: (_c, _e, done) => done(), flush: (done) => done(new Error("bad end")) }),
    ).end();
  });
  await scenario("callback called twice", () => {
    const out = watch(
      "out",
      sink({
        write(_c: unknown, _e: unknown, done: () => void) {
          done();
          done();
        },
      }),
    );
    out.write("x");
  });
}

async function givingUp(): Promise<void> {
  await scenario("destroy: what comes before close", () => {
    const both = watch(
      "both",
      new Duplex({
        read() {},
        write: (_c, _e, done) => done(),
        destroy(error, done) {
          console.log(`destroying${text(error)}`);
          setImmediate(done, error);
        },
      }),
    );
    both.destroy(new Error("first"));
    both.destroy(new Error("second"));
    console.log(both.destroyed, both.closed, both.errored?.message);
  });
  await scenario("an error in destroy", () => {
    watch(
      "out",
      sink({ destroy: (_e: unknown, done: (e: Error) => void) => done(new Error("not even that")) }),
    ).destroy();
  });
  await scenario(
    "no close when not wanted",
    () => void watch("out", sink({ emitClose: false })).destroy(new Error("quiet")),
  );
  await scenario("no destroy when not wanted", async () => {
    const source = watch(
      "source",
      new Readable({
        autoDestroy: false,
        read() {
          this.push(null);
        },
      }),
    );
    source.resume();
    await settle();
    console.log(source.destroyed, source.readableEnded);
  });
  await scenario("destroy with writes waiting", () => {
    const out = watch("out", sink({ write: () => undefined }));
    out.write("a", told("first"));
    out.write("b", told("second"));
    out.end(told("end"));
    out.destroy(new Error("stop"));
  });
  await scenario("end while the other half stays", async () => {
    const both = watch(
      "both",
      new Duplex({ allowHalfOpen: true, read() {}, write: (_c, _e, done) => done() }),
      ["readable"],
    );
    both.end();
    await settle();
    console.log(both.writableFinished, both.readable, both.destroyed);
    both.push(null);
    both.resume();
  });
  await scenario("end that takes the other half along", () => {
    const both = watch(
      "both",
      new Duplex({ allowHalfOpen: false, read() {}, write: (_c, _e, done) => done() }),
      ["readable"],
    );
    both.push(null);
    both.resume();
  });
  await scenario("construct that fails", () => {
    watch(
      "out",
      sink({ construct: (done: (e: Error) => void) => setImmediate(done, new Error("not made")) }),
    ).write("x", told("write"));
  });
  await scenario("a signal", () => {
    const controller = new AbortController();
    watch("out", sink({ signal: controller.signal }));
    controller.abort();
  });
}

async function joined(): Promise<void> {
  await scenario("finished of what ended, broke, closed early", async () => {
    const good = sink();
    finished(good, told("good"));
    good.end();
    const broken = sink();
    finished(broken, told("broken"));
    broken.destroy(new Error("broke"));
    const early = new PassThrough();
    finished(early, told("early"));
    early.destroy();
    await settle();
    finished(good, told("good, asked late"));
    finished(early, told("early, asked late"));
    const cleaned = new PassThrough();
    finished(cleaned, told("never"))();
    cleaned.destroy();
    const half = new PassThrough();
    finished(half, { readable: false }, told("half"));
    half.end();
  });
  await scenario("pipeline: an error closes all", () => {
    const source = watch("source", Readable.from(["a", "b"]), ["readable", "resume", "pause", "end"]);
    const middle = watch("middle", new PassThrough(), ["readable", "resume", "pause", "prefinish"]);
    const out = watch(
      "out",
      sink({ write: (_c: unknown, _e: unknown, done: (e: Error) => void) => done(new Error("full")) }),
    );
    pipeline(source, middle, out, told("pipeline"));
  });
  await scenario("pipeline: a source that closes early", () => {
    const source = new PassThrough();
    pipeline(source, sink(), told("pipeline"));
    source.write("x");
    setImmediate(() => source.destroy());
  });
  await scenario("pipeline with functions", async () => {
    await piped(
      Readable.from(["b", "a"]),
      async function* (list: AsyncIterable<string>) {
        for await (const item of list) yield item.toUpperCase();
      },
      async (list: AsyncIterable<string>) => {
        for await (const item of list) console.log("item", item);
      },
    );
  });
  await scenario("pipeline given up", async () => {
    const controller = new AbortController();
    const all = piped(new PassThrough(), sink(), { signal: controller.signal });
    controller.abort();
    await all;
  });
  await scenario("pipe does not end when not wanted", async () => {
    const out = watch("out", sink());
    Readable.from(["a"]).pipe(out, { end: false });
    await settle();
    console.log(out.writableEnded);
  });
  await scenario("pipe: an error leaves the source alone", async () => {
    const source = new PassThrough();
    const out = watch("out", sink());
    source.pipe(out);
    out.destroy(new Error("gone"));
    await settle();
    console.log(source.destroyed, source.listenerCount("data"), source.isPaused());
  });
  await scenario("a promise of the end", async () => {
    const source = Readable.from(["a"]);
    source.resume();
    await ended(source);
    console.log("ended");
    await ended(new PassThrough().destroy(new Error("never")));
  });
  await scenario("breaking out of a loop", async () => {
    const source = watch("source", Readable.from(["a", "b", "c"]), ["readable"]);
    for await (const item of source) if (item === "b") break;
    console.log(source.destroyed);
  });
  await scenario("an error in a loop", async () => {
    const source = new PassThrough();
    source.write("x");
    setImmediate(() => source.destroy(new Error("inside")));
    for await (const item of source) console.log(String(item));
  });
}

async function main(): Promise<void> {
  await wrong();
  await givingUp();
  await joined();
}
process.on("uncaughtException", (error) => console.log(`uncaught${text(error)}`));
main();

/** Streams as libraries use them: reading, writing, back-pressure, ends and errors, in order. */
import stream, { Duplex, finished, PassThrough, pipeline, Readable, Transform, Writable } from "node:stream";
import { pipeline as pipelinePromise } from "node:stream/promises";
import { inherits, promisify } from "node:util";
import { show } from "./show.ts";

const events = (name: string, target: NodeJS.EventEmitter, names: readonly string[]) => {
  for (const event of names) {
    target.on(event, (value: unknown) =>
      console.log(
        `${name} ${event}${value instanceof Error ? ` ${(value as { code?: string }).code ?? value.message}` : ""}`,
      ),
    );
  }
};
const turn = () => new Promise((resolve) => setImmediate(resolve));
const settled = async () => {
  for (let at = 0; at < 5; at++) await turn();
};

show("exports", () => [
  typeof stream,
  stream.Readable === Readable,
  new PassThrough() instanceof Duplex,
  new Transform() instanceof Writable,
  new Duplex() instanceof stream.Stream,
]);

async function reading(): Promise<void> {
  console.log("-- reading");
  const readable = new Readable({ read() {} });
  events("readable", readable, ["end", "close", "error"]);
  readable.on("data", (chunk: Buffer) => console.log("data", chunk.toString()));
  readable.push("one");
  readable.push(Buffer.from("two"));
  await settled();
  readable.pause();
  readable.push("three");
  await settled();
  console.log("paused", readable.isPaused(), readable.readableLength, readable.readableFlowing);
  readable.resume();
  readable.push(null);
  await settled();
  console.log("flags", readable.readable, readable.readableEnded, readable.destroyed);

  const manual = Readable.from(["abc", "def", "ghi"], { objectMode: false });
  manual.setEncoding("latin1");
  await new Promise<void>((resolve) => {
    manual.on("readable", () => {
      for (let chunk = manual.read(4); chunk !== null; chunk = manual.read(4)) console.log("read", chunk);
      const rest = manual.read();
      if (rest !== null) console.log("rest", rest);
    });
    manual.on("end", resolve);
  });
  for await (const chunk of Readable.from([1, 2, 3])) console.log("iterated", chunk);
  const unshifted = new Readable({ read() {} });
  unshifted.push("b");
  unshifted.unshift("a");
  unshifted.push(null);
  console.log("unshift", String(unshifted.read()));
}

async function writing(): Promise<void> {
  console.log("-- writing");
  const waiting: (() => void)[] = [];
  const writable = new Writable({
    highWaterMark: 4,
    write(chunk: Buffer, encoding, callback) {
      console.log("write", chunk.toString(), encoding);
      waiting.push(callback);
    },
    final(callback) {
      console.log("final");
      callback();
    },
  });
  events("writable", writable, ["drain", "finish", "close", "error"]);
  console.log(
    writable.write("ab"),
    writable.write("cd"),
    writable.write("é", "utf8"),
    writable.writableLength,
  );
  console.log("needs drain", writable.writableNeedDrain);
  while (waiting.length > 0) {
    waiting.shift()?.();
    await settled();
  }
  writable.write("last", () => console.log("callback of last"));
  writable.end("end", () => console.log("callback of end"));
  console.log("ended", writable.writableEnded, writable.writableFinished);
  while (waiting.length > 0) {
    waiting.shift()?.();
    await settled();
  }
  console.log("finished", writable.writableFinished, writable.destroyed);
  writable.write("after end", (error) => console.log("callback", (error as { code?: string }).code));
  await settled();

  const batches: number[] = [];
  const vector = new Writable({
    writev(chunks, callback) {
      batches.push(chunks.length);
      setImmediate(callback);
    },
  });
  vector.cork();
  vector.write("1");
  vector.write("2");
  vector.write("3");
  process.nextTick(() => vector.uncork());
  await settled();
  vector.end();
  await settled();
  show("writev", () => batches);
}

async function failing(): Promise<void> {
  console.log("-- failing");
  const broken = new Writable({
    write(_chunk, _encoding, callback) {
      callback(new Error("disk full"));
    },
  });
  events("broken", broken, ["finish", "close", "error"]);
  broken.write("x", (error) => console.log("write callback", error?.message));
  await settled();
  console.log(broken.destroyed, broken.errored?.message);

  const destroyed = new Duplex({
    read() {},
    write(_c, _e, callback) {
      callback();
    },
  });
  events("destroyed", destroyed, ["end", "finish", "close", "error"]);
  destroyed.destroy(new Error("on purpose"));
  destroyed.destroy(new Error("ignored"));
  await settled();
  const quiet = new PassThrough();
  events("quiet", quiet, ["end", "finish", "close", "error"]);
  quiet.destroy();
  await settled();
  console.log(quiet.destroyed, quiet.closed, quiet.writable, quiet.readable);

  const premature = new PassThrough();
  finished(premature, (error) => console.log("finished", (error as { code?: string } | undefined)?.code));
  premature.destroy();
  await settled();
  const constructed = new Writable({
    construct(callback) {
      console.log("construct");
      setImmediate(callback);
    },
    write(chunk, _e, callback) {
      console.log("constructed write", String(chunk));
      callback();
    },
  });
  constructed.write("waits");
  await settled();
}

async function joining(): Promise<void> {
  console.log("-- joining");
  const upper = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      callback(null, chunk.toString().toUpperCase());
    },
    flush(callback) {
      callback(null, "!");
    },
  });
  const parts: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _e, callback) {
      parts.push(chunk.toString());
      callback();
    },
  });
  await pipelinePromise(Readable.from(["a", "b"]), upper, sink);
  show("pipeline", () => parts);
  const failing = new Transform({ transform: (_c, _e, callback) => callback(new Error("bad chunk")) });
  await new Promise<void>((resolve) => {
    pipeline(Readable.from(["a"]), failing, new PassThrough(), (error) => {
      console.log("pipeline error", error?.message);
      resolve();
    });
  });
  const source = new PassThrough();
  const target = new PassThrough();
  events("target", target, ["pipe", "unpipe", "end"]);
  source.pipe(target);
  source.write("piped");
  await settled();
  console.log(String(target.read()));
  source.unpipe(target);
  source.write("not piped");
  await settled();
  console.log(target.read());
  await promisify(finished)(Readable.from([]).resume());
  console.log("promisified");
}

function Legacy(this: Writable) {
  Writable.call(this);
}
inherits(Legacy, Writable);
Legacy.prototype._write = (chunk: Buffer, _e: string, callback: () => void) => {
  console.log("legacy", chunk.toString());
  callback();
};

async function main(): Promise<void> {
  await reading();
  await writing();
  await failing();
  await joining();
  new (Legacy as unknown as new () => Writable)().end("works");
}

main();

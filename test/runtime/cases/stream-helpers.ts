/** Readable as a list that comes in time: map, filter, find and their like; old streams; listeners of streams. */
import { EventEmitter } from "node:events";
import stream, { PassThrough, Readable, Stream, Writable } from "node:stream";
import { show } from "./show.ts";

const numbers = () => Readable.from([1, 2, 3, 4, 5]);
const print = async (label: string, work: () => Promise<unknown>) => {
  try {
    const result = await work();
    show(label, () => result);
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string };
    console.log(label, "rejected", name, code, code === undefined ? message : "");
  }
};

async function lists(): Promise<void> {
  await print("map", () =>
    numbers()
      .map((n: number) => n * 2)
      .toArray(),
  );
  await print("map in time", () =>
    numbers()
      .map(async (n: number) => {
        await null;
        return -n;
      })
      .toArray(),
  );
  await print("map in parallel keeps the order", () =>
    numbers()
      .map((n: number) => new Promise((resolve) => setTimeout(() => resolve(n), 10 - n)), { concurrency: 3 })
      .toArray(),
  );
  await print("filter", () =>
    numbers()
      .filter((n: number) => n % 2 === 1)
      .toArray(),
  );
  await print("flatMap", () =>
    numbers()
      .flatMap((n: number) => [n, n])
      .toArray(),
  );
  await print("take and drop", () => numbers().drop(1).take(2).toArray());
  await print("reduce", () => numbers().reduce((sum: number, n: number) => sum + n, 0));
  await print("reduce without a start", () =>
    numbers().reduce((most: number, n: number) => Math.max(most, n)),
  );
  await print("reduce of nothing", () => Readable.from([]).reduce((a: number) => a));
  await print("some, every", async () => [
    await numbers().some((n: number) => n > 4),
    await numbers().every((n: number) => n > 1),
  ]);
  await print("find", async () => [
    await numbers().find((n: number) => n > 2),
    (await numbers().find((n: number) => n > 9)) ?? "nothing",
  ]);
  await print("forEach", async () => {
    const seen: unknown[] = [];
    await numbers().forEach((n: number) => void seen.push(n));
    return seen;
  });
  await print("a function that throws", () =>
    numbers()
      .map((n: number) => {
        if (n === 3) throw new RangeError("three");
        return n;
      })
      .toArray(),
  );
  await print("given up", () => {
    const controller = new AbortController();
    const all = numbers()
      .map(() => new Promise(() => undefined), { signal: controller.signal })
      .toArray();
    controller.abort();
    return all;
  });
  show("map of no function", () => numbers().map(5 as never));
  await print("iterator that stays open", async () => {
    const source = numbers();
    const seen: unknown[] = [];
    for await (const n of source.iterator({ destroyOnReturn: false })) {
      seen.push(n);
      if (n === 2) break;
    }
    return [...seen, source.destroyed, await source.toArray()];
  });
  await print("iterator that closes", async () => {
    const source = numbers();
    for await (const n of source) if (n === 2) break;
    return source.destroyed;
  });
}

function listeners(): void {
  const source = new Readable({ read() {} });
  const onData = () => undefined;
  source.on("data", onData).on("readable", onData);
  const flowing = [source.readableFlowing, source.listenerCount("data")];
  source.off("data", onData).removeListener("readable", onData);
  show("listeners", () => [...flowing, source.listenerCount("data"), source.listenerCount("readable")]);
  source.addListener("data", onData).removeAllListeners();
  show("none left", () => source.eventNames());
  show("destroyed at once", () => [
    source.destroy() === source,
    source.destroyed,
    source.destroy() === source,
  ]);
  const writable = new Writable({ write: (_c, _e, done) => done() });
  writable.on("error", (error) => console.log("writable", (error as { code?: string }).code));
  show("a writable does not pipe", () => writable.pipe(new PassThrough()));
}

/** A stream from before streams: an emitter whose 'data' and 'end' are piped. */
function old(): void {
  const source = new Stream() as Stream & { pause?(): void; resume?(): void };
  const got: string[] = [];
  const calls: string[] = [];
  source.pause = () => calls.push("pause");
  source.resume = () => calls.push("resume");
  const target = new Writable({
    highWaterMark: 2,
    write(chunk: Buffer, _encoding, done) {
      got.push(chunk.toString());
      setImmediate(done);
    },
  });
  source.pipe(target);
  source.emit("data", "one");
  source.emit("data", "two");
  target.on("finish", () => console.log("old stream", got.join(), calls.join()));
  target.on("drain", () => {
    if (got.length === 2) source.emit("end");
  });
  show("old stream's kind", () => [
    source instanceof EventEmitter,
    stream.Stream === Stream,
    typeof stream.promises.pipeline,
  ]);
}

async function main(): Promise<void> {
  await lists();
  listeners();
  old();
}
main();

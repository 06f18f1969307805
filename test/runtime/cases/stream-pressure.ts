/** Streams when much is written: who says when to stop, what waits where, what goes together. */
import { Readable, Writable } from "node:stream";
import { scenario, settle, sink, turn, watch } from "./watch-stream.ts";

async function pressure(): Promise<void> {
  await scenario("write says when to stop", async () => {
    const held: (() => void)[] = [];
    const out = watch(
      "out",
      new Writable({ highWaterMark: 3, write: (_c, _e, done) => void held.push(done) }),
    );
    console.log(
      out.write("a"),
      out.write("b"),
      out.write("c"),
      out.write("d"),
      out.writableNeedDrain,
      out.writableLength,
    );
    while (held.length > 0) {
      held.shift()?.();
      await turn();
    }
    console.log(out.writableNeedDrain, out.writableLength, out.write("e"));
  });
  await scenario("objects are counted, not measured", () => {
    const out = sink({ objectMode: true, highWaterMark: 2, write: () => undefined });
    console.log(
      out.write({}),
      out.write({}),
      out.writableLength,
      out.writableHighWaterMark,
      out.writableObjectMode,
    );
  });
  await scenario("push says when to stop", () => {
    const source = new Readable({ highWaterMark: 4, read() {} });
    console.log(
      source.push("ab"),
      source.push("cd"),
      source.push("e"),
      source.readableLength,
      source.readableHighWaterMark,
    );
    console.log(String(source.read(2)), String(source.read(10)), String(source.read()), source.read());
  });
  await scenario("a slow target holds the source back", async () => {
    let made = 0;
    const source = new Readable({
      highWaterMark: 10,
      read() {
        made++;
        this.push(made > 8 ? null : Buffer.alloc(10, made));
      },
    });
    const held: (() => void)[] = [];
    const target = new Writable({ highWaterMark: 10, write: (_c, _e, done) => void held.push(done) });
    source.pipe(target);
    await settle();
    console.log("made so far", made, source.isPaused(), held.length);
    target.on("finish", () => console.log("all", made));
    while (!target.writableFinished) {
      held.shift()?.();
      await turn();
    }
  });
  await scenario("read calls do not overlap", async () => {
    let running = 0;
    const source = new Readable({
      read() {
        console.log("read", ++running);
        setImmediate(() => {
          running--;
          this.push(running > 0 ? "never" : source.readableLength > 0 ? null : "x");
        });
      },
    });
    for await (const chunk of source.take(2)) console.log("got", String(chunk));
  });
  await scenario("corked writes go together", () => {
    const out = sink({
      writev(list: { chunk: Buffer }[], done: () => void) {
        console.log("writev", list.length);
        done();
      },
    });
    out.cork();
    out.cork();
    out.write("a");
    out.write("b");
    out.uncork();
    console.log("still corked", out.writableCorked);
    out.end("c");
    console.log("end uncorks", out.writableCorked);
  });
  await scenario("default encodings", () => {
    const out = sink({
      decodeStrings: false,
      write(chunk: unknown, encoding: string, done: () => void) {
        console.log(chunk, encoding);
        done();
      },
    });
    out.write("a");
    out.setDefaultEncoding("latin1");
    out.write("b");
    out.write("c", "hex");
    out.setDefaultEncoding("none" as BufferEncoding);
  });
}

pressure();

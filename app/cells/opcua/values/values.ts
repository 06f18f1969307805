/**
 * A session's values on their way to navigation. Nearly all are texts already; what is not - a structure of a type that
 * the server has to be asked for, a value that node-opcua decoded - goes a slower way, and holds up no other node.
 */

import { BinaryStream } from "node-opcua-binary-stream";
import type { DataValue } from "node-opcua-client";
import type { NodeSetting } from "../../../config/opcua-file.ts";
import { FrameTooLongError } from "../../../link/frame.ts";
import { UnreadableValueError } from "./byte-reader.ts";
import { KnownTypes } from "./known-types.ts";
import type { Namespaces } from "./payload.ts";
import { PublishResponseDecoder } from "./publish-response.ts";
import type { TypeSource } from "./structure-types.ts";
import { ValueReader } from "./value-reader.ts";

/** What may wait for a type; beyond that the oldest value of the node goes. A type is known within a second. */
const MOST_WAITING_BYTES = 1024 * 1024;
/** For so long after a session went on over another connection the server may repeat itself. */
const REPETITIONS_MS = 60_000;
const HIGHEST_DENSE_PORT = 20_000;
/** The pause after the server could not be asked for a type. */
const ASK_AGAIN_MS = 2_000;
/** So many times are nothing to talk about: connections come back. */
const FAILURES_TO_TELL = 5;

export interface ValuesHandlers {
  /** The text that is published for this port. May throw `FrameTooLongError`. */
  onText(port: number, text: string): void;
  /** Told once per node and text. */
  onWarning(node: NodeSetting, text: string): void;
}

export interface ValuesOptions {
  readonly nodes: readonly NodeSetting[];
  readonly namespaces: Namespaces;
  readonly significantDigits: number | null;
  readonly source: TypeSource;
  readonly handlers: ValuesHandlers;
  readonly askAgainMs?: number;
}

export class Values {
  readonly decoder: PublishResponseDecoder;
  readonly #handlers: ValuesHandlers;
  readonly #types: KnownTypes;
  readonly #reader: ValueReader;
  readonly #nodeOf: ReadonlyMap<number, NodeSetting>;
  /** By port, oldest first: encoded DataValues, of which the first lacks a type, and texts that came behind. */
  readonly #waiting = new Map<number, (Buffer | string)[]>();
  #waitingBytes = 0;
  readonly #again = new Set<ReturnType<typeof setTimeout>>();
  readonly #askAgainMs: number;
  #closed = false;
  /** The last message of each port. */
  readonly #last: string[];
  /** 0: none are expected. */
  #repetitionsUntil = 0;

  constructor(options: ValuesOptions) {
    const { nodes, namespaces, significantDigits, source, handlers } = options;
    this.#handlers = handlers;
    this.#askAgainMs = options.askAgainMs ?? ASK_AGAIN_MS;
    this.#nodeOf = new Map(nodes.map((node) => [node.port, node]));
    const highest = Math.max(0, ...nodes.map(({ port }) => port));
    // Without holes an array is faster, unless it is mostly holes.
    this.#last = highest <= HIGHEST_DENSE_PORT ? Array.from({ length: highest + 1 }, () => "") : [];
    this.#types = new KnownTypes(source);
    this.#reader = new ValueReader({ namespaces, significantDigits, types: this.#types });
    this.decoder = new PublishResponseDecoder({ reader: this.#reader, significantDigits });
  }

  /** Passes on what the decoder has found. */
  pass(): void {
    const { ports, texts, count, special } = this.decoder;
    const { onText } = this.#handlers;
    if (special.length === 0 && this.#waiting.size === 0 && !this.#expectsRepetitions()) {
      const last = this.#last;
      for (let index = 0; index < count; index += 1) {
        const port = ports[index] as number;
        const text = texts[index] as string;
        last[port] = text;
        onText(port, text);
      }
      return;
    }
    let next = 0;
    for (let index = 0; index < count; index += 1) {
      const port = ports[index] as number;
      const text = texts[index] as string;
      if (text === "") this.#take(port, special[next++] as Buffer);
      else this.#behind(port, text);
    }
  }

  /** A value that node-opcua decoded: it is put back into bytes, which one reader understands in one way. */
  decoded(port: number, dataValue: DataValue): void {
    let bytes: Buffer;
    try {
      const stream = new BinaryStream(dataValue.binaryStoreSize());
      dataValue.encode(stream);
      bytes = stream.buffer.subarray(0, stream.length);
    } catch (error) {
      this.#warn(port, `is not published: node-opcua can't encode it (${String(error)})`);
      return;
    }
    this.#take(port, bytes);
  }

  /**
   * The session goes on over another connection. Some servers then send the current values once more, though nobody
   * asked for it: for a while, what says the same as the node's last message, time stamps included, is left out.
   */
  expectRepetitions(): void {
    this.#repetitionsUntil = performance.now() + REPETITIONS_MS;
  }

  #expectsRepetitions(): boolean {
    if (this.#repetitionsUntil !== 0 && performance.now() > this.#repetitionsUntil)
      this.#repetitionsUntil = 0;
    return this.#repetitionsUntil !== 0;
  }

  /** The session is given up: what still waits can't be read any more; the next one begins with the current values. */
  close(): void {
    this.#closed = true;
    for (const again of this.#again) clearTimeout(again);
    this.#waiting.clear();
    this.#waitingBytes = 0;
  }

  #warn(port: number, text: string): void {
    const node = this.#nodeOf.get(port);
    if (node) this.#handlers.onWarning(node, text);
  }

  #send(port: number, text: string): void {
    if (this.#repetitionsUntil !== 0 && this.#last[port] === text) return;
    this.#last[port] = text;
    try {
      this.#handlers.onText(port, text);
    } catch (error) {
      if (!(error instanceof FrameTooLongError)) throw error;
      this.#warn(port, `is not published: ${error.message}`);
    }
  }

  /** A text that is ready, behind what waits of the same node. */
  #behind(port: number, text: string): void {
    const waiting = this.#waiting.get(port);
    if (waiting) this.#wait(port, waiting, text);
    else this.#send(port, text);
  }

  #take(port: number, bytes: Buffer): void {
    const waiting = this.#waiting.get(port);
    if (waiting) {
      this.#wait(port, waiting, bytes);
      return;
    }
    const text = this.#read(port, bytes);
    if (text !== null) {
      if (text !== "") this.#send(port, text);
      return;
    }
    const queue: (Buffer | string)[] = [];
    this.#waiting.set(port, queue);
    this.#wait(port, queue, bytes);
    this.#learn(port);
  }

  /** The message; "" for none; null when the types that the reader misses have to be learnt first. */
  #read(port: number, bytes: Buffer): string | null {
    const reader = this.#reader;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    reader.open(bytes, view, 0, bytes.length);
    try {
      const text = reader.dataValue();
      if (reader.missing.size > 0) return null;
      if (reader.opaque !== null) {
        this.#warn(port, `holds a structure that is published undecoded, as base64: ${reader.opaque}`);
      }
      return text;
    } catch (error) {
      if (!(error instanceof UnreadableValueError || error instanceof RangeError)) throw error;
      this.#warn(port, `is not published: ${error.message}`);
      return "";
    } finally {
      reader.close();
    }
  }

  #wait(port: number, queue: (Buffer | string)[], value: Buffer | string): void {
    queue.push(value);
    this.#waitingBytes += value.length;
    while (this.#waitingBytes > MOST_WAITING_BYTES && queue.length > 1) {
      this.#waitingBytes -= queue.shift()?.length ?? 0;
      this.#warn(port, "has lost values: they came faster than the server told the type of their structure");
    }
  }

  /** Asks for the types that the reader misses; other nodes' values go on meanwhile. */
  #learn(port: number, failures = 0): void {
    const variable = this.#nodeOf.get(port)?.nodeId ?? "";
    const asked = [...this.#reader.missing].map((encoding) => this.#types.learn(encoding, variable));
    Promise.all(asked).then(
      () => this.#resume(port),
      // The connection was cut, for instance.
      (error: Error) => {
        if (this.#closed) return;
        if (failures === FAILURES_TO_TELL)
          this.#warn(
            port,
            `waits: the server can't be asked for the type of its structure (${error.message})`,
          );
        const again = setTimeout(() => {
          this.#again.delete(again);
          this.#resume(port, failures + 1);
        }, this.#askAgainMs);
        this.#again.add(again);
      },
    );
  }

  #resume(port: number, failures = 0): void {
    const queue = this.#waiting.get(port);
    if (this.#closed || !queue) return;
    for (let value = queue[0]; value !== undefined; value = queue[0]) {
      const text = typeof value === "string" ? value : this.#read(port, value);
      if (text === null) {
        this.#learn(port, failures);
        return;
      }
      queue.shift();
      this.#waitingBytes -= value.length;
      if (text !== "") this.#send(port, text);
    }
    this.#waiting.delete(port);
  }
}

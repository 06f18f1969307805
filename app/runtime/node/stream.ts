/** node:stream is npm's readable-stream: Node's own source, kept by the Node.js project. */
import type * as NodeStream from "node:stream";
// @ts-expect-error the package has no types for this file
import library from "readable-stream/lib/ours/browser.js";

const streams = library as typeof NodeStream & {
  Stream: typeof NodeStream.Stream;
  compose: typeof NodeStream.pipeline;
};

export const {
  Readable,
  Writable,
  Duplex,
  Transform,
  PassThrough,
  Stream,
  addAbortSignal,
  compose,
  finished,
  pipeline,
  promises,
} = streams;

export default Stream;

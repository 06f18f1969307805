import type { CommandModule } from "yargs";
import { buildCard } from "../card.ts";
import { DEFAULT_LAYOUT, readLayout } from "../layout.ts";
import { readPayload } from "../payload.ts";

interface BuildArguments {
  readonly payload: string;
  readonly output: string;
  readonly layout: string;
}

const MB = 1e6;

/** `gwcard build`: the base image of a card, without any site's settings. */
export const buildCommand: CommandModule<object, BuildArguments> = {
  command: "build",
  describe: "make a card image from an operating system payload",
  builder: (yargs) =>
    yargs
      .option("payload", {
        type: "string",
        demandOption: true,
        describe: "folder with payload.json and what it names",
      })
      .option("output", {
        type: "string",
        demandOption: true,
        describe: "the image to make; .xz, .bmap, .sha256 and .cdx.json are put beside it",
      })
      .option("layout", {
        type: "string",
        default: DEFAULT_LAYOUT,
        defaultDescription: "partitions/layout.json",
        describe: "geometry of the card",
      }),
  handler: async ({ payload, output, layout }) => {
    const started = performance.now();
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    process.once("SIGINT", stop).once("SIGTERM", stop);
    const built = await buildCard({
      layout: await readLayout(layout),
      payload: await readPayload(payload),
      output,
      signal: abort.signal,
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const mb = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;
    console.log(
      `${output}: ${mb(built.size)}, of which ${mb(built.mapped)} must be written to a card (${seconds} s)`,
    );
    console.log(`  takes ${mb(built.stored)} on this disk, ${mb(built.compressed)} as .xz`);
    console.log(`  sha256 ${built.sha256}`);
  },
};

import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CommandModule } from "yargs";
import { OutputError } from "../errors.ts";
import { siteFolders } from "../site-folders.ts";
import { Bundle } from "../support/bundle.ts";
import { openSource } from "../support/source.ts";
import { runTool } from "../tools.ts";

const NAME = "gwcard-support";
const BYTES_PER_MEGABYTE = 1e6;
const DEFAULT_LOG_MEGABYTES = 50;

interface SupportArguments {
  readonly source: string;
  readonly output: string;
  readonly "log-megabytes": number;
}

/** The folder that the output goes to. A file that is there already is nobody's to overwrite: it may be evidence. */
function outputFolder(output: string): string {
  const folder = path.dirname(path.resolve(output));
  const refuse = (problem: string): never => {
    throw new OutputError({
      code: "OUTPUT_NOT_WRITABLE",
      message: `can't write ${output}: ${problem}`,
      next: "choose another --output",
      data: { output },
    });
  };
  try {
    if (!statSync(folder).isDirectory()) return refuse(`${folder} is no folder`);
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof OutputError) throw error;
    return refuse(`the folder ${folder} can't be written to (${(error as NodeJS.ErrnoException).code})`);
  }
  return existsSync(output) ? refuse("it is there already") : folder;
}

/** `gwcard support`: one file for whoever helps, with everything that is needed and nothing that is secret (R147). */
export const supportCommand: CommandModule<object, SupportArguments> = {
  command: "support <source>",
  describe: "collect settings without secrets, logs and findings of a card in one file",
  builder: (yargs) =>
    yargs
      .positional("source", {
        type: "string",
        demandOption: true,
        describe: "card image, device of a card, or folder with HW-IDS, HW-LOG, HW-INW, HW-ENW",
      })
      .option("output", {
        type: "string",
        default: `${NAME}.tar.gz`,
        describe: "the file to make",
      })
      .option("log-megabytes", {
        type: "number",
        default: DEFAULT_LOG_MEGABYTES,
        describe: "how much of the health log goes along at most, newest files first",
      }),
  handler: async ({ source, output, "log-megabytes": logMegabytes }) => {
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    process.once("SIGINT", stop).once("SIGTERM", stop);
    const { signal } = abort;
    const target = outputFolder(output);
    const folders: string[] = [];
    const temporary = (prefix: string): string => {
      const folder = mkdtempSync(prefix);
      folders.push(folder);
      return folder;
    };
    try {
      // 0700: for a while, copies of private keys are in it.
      const work = temporary(path.join(tmpdir(), "gwcard-support-"));
      const result = path.join(temporary(path.join(target, `.${NAME}.`)), path.basename(output));
      const folder = path.join(work, NAME);
      mkdirSync(folder);
      const logBytes = logMegabytes * BYTES_PER_MEGABYTE;
      const partitions = await openSource({ source, work: path.join(work, "card"), logBytes, signal });
      // Its libraries take a second to load and have notices of their own.
      const { setDebugLogger, setWarningLogger } = await import("node-opcua-client");
      for (const set of [setDebugLogger, setWarningLogger]) set(() => undefined);
      const { examineSite } = await import("../../app/config/site.ts");

      const bundle = new Bundle({ source: partitions, folder });
      bundle.addSettings();
      bundle.addNetwork();
      bundle.addLogs(logBytes);
      bundle.addCertificates();
      bundle.addCheck(examineSite(await siteFolders(partitions.folder)).found);
      bundle.addReadme(source);
      await runTool("tar", {
        args: [
          "--create",
          "--gzip",
          "--sort=name",
          "--owner=root:0",
          "--group=root:0",
          "--file",
          result,
          NAME,
        ],
        cwd: work,
        signal,
      });
      signal.throwIfAborted();
      renameSync(result, output);
      console.log(`${output}: ${bundle.included.length} files; passwords removed, keys not in it`);
      for (const line of bundle.leftOut) console.log(`  left out: ${line}`);
    } finally {
      for (const each of folders) rmSync(each, { recursive: true, force: true });
    }
  },
};

import type { CommandModule } from "yargs";
import type { ConfigFault } from "../../app/config/fault.ts";
import { GwcardError } from "../errors.ts";
import { siteFolders } from "../site-folders.ts";

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

interface CheckArguments {
  readonly folder: string;
  readonly json: boolean;
  readonly strict: boolean;
}

/** What scripts get: one object, whose names are stable; a pointer is into `namedBy`, or into `file` where that is null. */
function toJson(folder: string, found: readonly ConfigFault[], summary: readonly string[]): string {
  const faults = found.map(({ severity, rule, file, place, pointer, namedBy, problem, cure }) => ({
    severity,
    rule,
    file,
    line: place?.line ?? null,
    column: place?.column ?? null,
    pointer: pointer ?? null,
    namedBy: namedBy ?? null,
    problem,
    cure,
  }));
  return JSON.stringify({ folder, faults, summary }, null, 2);
}

/**
 * `gwcard check`: all that a site's card will hold against the rules that the device goes by (K20, K56). Exit code 1
 * with errors, with --strict also with warnings.
 */
export const checkCommand: CommandModule<object, CheckArguments> = {
  command: "check <folder>",
  describe: "tell everything that is wrong or weak in a site's configuration",
  builder: (yargs) =>
    yargs
      .positional("folder", {
        type: "string",
        demandOption: true,
        describe: "what goes to HW-IDS, or a folder with HW-IDS, HW-INW, HW-ENW and HW-LOG in it",
      })
      .option("json", { type: "boolean", default: false, describe: "for scripts: one JSON object" })
      .option("strict", { type: "boolean", default: false, describe: "fail on warnings, too" }),
  handler: async ({ folder, json, strict }) => {
    const folders = await siteFolders(folder);
    // Its libraries take a second to load, which no other command should wait for, and have notices of their own.
    const { setDebugLogger, setWarningLogger } = await import("node-opcua-client");
    for (const set of [setDebugLogger, setWarningLogger]) set(() => undefined);
    const { examineSite } = await import("../../app/config/site.ts");
    const { found, summary } = examineSite(folders);
    const errors = found.filter(({ severity }) => severity === "error").length;
    const total = `${folder}: ${count(errors, "error")}, ${count(found.length - errors, "warning")}`;
    const failed = strict ? found.length > 0 : errors > 0;
    if (json) console.log(toJson(folder, found, summary));
    else {
      for (const { severity, message } of found) console.log(`${severity}: ${message}`);
      for (const line of summary) console.log(line);
      if (!failed) console.log(total);
    }
    if (!failed) return;
    throw new GwcardError({
      code: "CHECK_FAULTS",
      message: total,
      next:
        errors > 0
          ? "follow the cures above and check again; what has errors does not start on the gateway"
          : "follow the cures above and check again, or check without --strict",
      data: { folder, errors },
    });
  },
};

import { existsSync, statSync } from "node:fs";
import path from "node:path";
import type { CommandModule } from "yargs";
import { GwcardError } from "../errors.ts";

const IDS = "HW-IDS";

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** The folder that looks like the partition HW-IDS: the one given, or `HW-IDS` in it. */
function idsFolder(folder: string): string {
  const inner = path.join(folder, IDS);
  const chosen = existsSync(inner) ? inner : folder;
  if (existsSync(path.join(chosen, "app")) && statSync(chosen).isDirectory()) return chosen;
  throw new GwcardError({
    code: "CHECK_FOLDER",
    message: `${folder} does not look like the partition ${IDS}: there is no folder app in it`,
    next: `name the folder whose contents go to ${IDS}, or one with a folder ${IDS} in it`,
    data: { folder },
  });
}

/** `gwcard check`: a site's settings, certificates and keys against the rules that the device goes by. */
export const checkCommand: CommandModule<object, { folder: string }> = {
  command: "check <folder>",
  describe: "tell everything that is wrong or weak in a site's configuration",
  builder: (yargs) =>
    yargs.positional("folder", {
      type: "string",
      demandOption: true,
      describe: "what goes to the partition HW-IDS",
    }),
  handler: async ({ folder }) => {
    const ids = idsFolder(folder);
    // Its libraries take a second to load, which no other command should wait for, and have notices of their own.
    const { setDebugLogger, setWarningLogger } = await import("node-opcua-client");
    for (const set of [setDebugLogger, setWarningLogger]) set(() => undefined);
    const { checkConfiguration, readConfiguration } = await import("../../app/config/check.ts");
    const found = checkConfiguration(readConfiguration(ids));
    for (const { severity, message, rule } of found) console.log(`${severity}: ${message} [${rule}]`);
    const errors = found.filter(({ severity }) => severity === "error").length;
    const summary = `${folder}: ${count(errors, "error")}, ${count(found.length - errors, "warning")}`;
    if (errors === 0) {
      console.log(summary);
      return;
    }
    throw new GwcardError({
      code: "CHECK_FAULTS",
      message: summary,
      next: "follow the cures above and check again; the gateway does not start with errors",
      data: { folder, errors },
    });
  },
};

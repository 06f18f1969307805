import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { buildCommand } from "./commands/build.ts";
import { checkCommand } from "./commands/check.ts";
import { rulesCommand } from "./commands/rules.ts";
import { supportCommand } from "./commands/support.ts";
import { GwcardError } from "./errors.ts";

/** gwcard, the command line on the installer's PC. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

function report(error: unknown): number {
  if (error instanceof GwcardError) {
    console.error(`gwcard: ${error.message} [${error.code}]`);
    console.error(`  → ${error.next}`);
    return EXIT_FAILED;
  }
  if (error instanceof Error && error.name === "AbortError") {
    console.error("gwcard: interrupted; nothing was changed");
    return EXIT_INTERRUPTED;
  }
  // Not one of ours: a defect or an exhausted machine, so the whole story is worth more than a short line.
  console.error(error);
  return EXIT_FAILED;
}

const parser = yargs(hideBin(process.argv))
  .scriptName("gwcard")
  .command(buildCommand)
  .command(checkCommand)
  .command(rulesCommand)
  .command(supportCommand)
  .demandCommand(1, "name a command")
  .recommendCommands()
  .strict()
  .locale("en")
  .wrap(Math.min(110, process.stdout.columns ?? 110))
  .fail((message, error) => {
    if (error) throw error;
    console.error(`gwcard: ${message}`);
    console.error("  → gwcard --help, or gwcard COMMAND --help");
    process.exit(EXIT_USAGE);
  });

// Whoever reads our output may stop reading (`gwcard … | head`): no reason to end the work or to complain.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  await parser.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

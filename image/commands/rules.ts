import type { CommandModule } from "yargs";
import type { Rule } from "../../app/config/rule.ts";
import { RULES } from "../../app/config/rules.ts";

/** `gwcard rules`: what a configuration is held against, for people. */
export const rulesCommand: CommandModule = {
  command: "rules",
  describe: "list the rules that a site's configuration is held against",
  handler: () => {
    for (const [id, rule] of Object.entries<Rule>(RULES)) {
      // Some texts are what the system said, word by word.
      const text = rule.text.startsWith("{reason}") ? "the file can't be used; the line says why" : rule.text;
      console.log(`${id} (${rule.severity}; ${rule.about.replaceAll(" ", ", ")})`);
      console.log(`  ${text}\n  Cure: ${rule.cure}`);
    }
  },
};

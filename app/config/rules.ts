import type { Rule } from "./rule.ts";
import { PKI_RULES } from "./rules-pki.ts";
import { SETTINGS_RULES } from "./rules-settings.ts";
import { SITE_RULES } from "./rules-site.ts";

/**
 * Every rule that a configuration is held against: the device and gwcard know no other. The code that looks is beside
 * what it looks at; here is what it says. The names are stable: they may stand in an operator's notes and scripts.
 */
export const RULES = { ...SETTINGS_RULES, ...PKI_RULES, ...SITE_RULES } as const satisfies Readonly<
  Record<string, Rule>
>;

export type RuleId = keyof typeof RULES;

/** What is filled in for the `{name}`s of a rule. */
export type RuleValues = Readonly<Record<string, string | number>>;

/** Puts values in the place of `{name}`. */
export function fillIn(template: string, values: RuleValues): string {
  return template.replace(/\{([a-z]+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

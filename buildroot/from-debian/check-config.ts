/** Compares a configuration fragment with the final .config (Linux and busybox use the same format). */
import { OsBuildError } from "./os-build-error.ts";

export interface DroppedLine {
  readonly line: number;
  readonly wanted: string;
  readonly found: string;
}

/** Every fragment line that the final configuration does not have: options lost to a dependency, or changed. */
export function droppedLines(fragment: string, config: string): DroppedLine[] {
  const final = settings(config);
  return fragment.split("\n").flatMap((raw, index) => {
    const wanted = setting(raw);
    if (wanted === undefined) {
      return [];
    }
    const [name, value] = wanted;
    const found = final.get(name) ?? "n";
    return found === value
      ? []
      : [{ line: index + 1, wanted: raw.trim(), found: show(name, final.get(name)) }];
  });
}

/** Throws CONFIG_DROPPED with one `file:line` per dropped line. */
export function assertConfigKept(options: {
  fragment: { path: string; text: string };
  config: string;
}): void {
  const dropped = droppedLines(options.fragment.text, options.config);
  if (dropped.length === 0) {
    return;
  }
  const lines = dropped.map(
    ({ line, wanted, found }) => `  ${options.fragment.path}:${line}: ${wanted} (final .config: ${found})`,
  );
  throw new OsBuildError({
    code: "CONFIG_DROPPED",
    message: `the final .config lost ${dropped.length} line${dropped.length === 1 ? "" : "s"} of the fragment:\n${lines.join("\n")}`,
    cure: "Add what the option depends on, or take the line out (`make menuconfig` and / show the dependencies).",
    details: { dropped: lines },
  });
}

function settings(text: string): Map<string, string> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const found = setting(line);
      return found === undefined ? [] : [found];
    }),
  );
}

function setting(raw: string): [string, string] | undefined {
  const line = raw.trim();
  const off = /^# (CONFIG_\w+) is not set$/.exec(line);
  if (off?.[1] !== undefined) {
    return [off[1], "n"];
  }
  const on = /^(CONFIG_\w+)=(.*)$/.exec(line);
  return on?.[1] === undefined ? undefined : [on[1], on[2] ?? ""];
}

function show(name: string, value: string | undefined): string {
  return value === undefined ? "absent" : value === "n" ? `# ${name} is not set` : `${name}=${value}`;
}

import type { Log } from "../link/log-line.ts";
import type { ConfigFault } from "./fault.ts";

/** More lines of one rule about one file are counted, not written: 10,000 nodes must not fill log and serial line. */
const MOST_OF_A_KIND = 10;

/** Writes what is wrong or odd with the configuration to the log; `gwcard check` lists all of it. */
export function tellFaults(log: Pick<Log, "error" | "warning">, faults: readonly ConfigFault[]): void {
  const kinds = new Map<string, { readonly first: ConfigFault; count: number }>();
  const write = ({ severity }: ConfigFault, text: string): void => {
    if (severity === "error") log.error(text);
    else log.warning(text);
  };
  for (const fault of faults) {
    const key = `${fault.rule} ${fault.file}`;
    const kind = kinds.get(key) ?? { first: fault, count: 0 };
    kinds.set(key, kind);
    kind.count += 1;
    if (kind.count <= MOST_OF_A_KIND) write(fault, fault.message);
  }
  for (const { first, count } of kinds.values()) {
    const more = count - MOST_OF_A_KIND;
    if (more > 0)
      write(first, `${first.file}: ${more} more like that; gwcard check lists all [${first.rule}]`);
  }
}

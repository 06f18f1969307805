import type { ConfigFault } from "./fault.ts";
import type { RuleId, RuleValues } from "./rules.ts";

/** A numbered, named end of a route: a node, the heartbeat or a topic (R118). */
export interface Port {
  readonly port: number;
  readonly name: string;
  /** Where it stands in its file, for messages. */
  readonly pointer: string;
}

/** Makes a fault that points into a settings file. */
export type FaultMaker = (rule: RuleId, pointer: string, values?: RuleValues) => ConfigFault;

/** The part of a settings file that says what flows: needed to build routes, free of secrets and key files. */
export interface Ports {
  /** Undefined: it is faulty. */
  readonly hubId: number | undefined;
  readonly ports: readonly Port[];
  readonly fault: FaultMaker;
}

/** Ids and names that occur twice in one file (R60, R121); an entry may lack either when it is faulty. */
export function findDoubles(
  ports: readonly {
    readonly port: number | undefined;
    readonly name: string | undefined;
    readonly pointer: string;
  }[],
  fault: FaultMaker,
): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const byPort = new Map<number, string>();
  const byName = new Map<string, string>();
  for (const { port, name, pointer } of ports) {
    if (port !== undefined) {
      const other = byPort.get(port);
      if (other === undefined) byPort.set(port, pointer);
      else faults.push(fault("id-twice", `${pointer}/id`, { id: port, other }));
    }
    if (name !== undefined) {
      const other = byName.get(name);
      if (other === undefined) byName.set(name, pointer);
      else faults.push(fault("name-twice", `${pointer}/name`, { other }));
    }
  }
  return faults;
}

const MAX_TCP_PORT = 65535;

/** Host and port of `SCHEME://HOST:PORT/…`; the schema has checked the form. */
export function splitAddress(options: {
  url: string;
  pointer: string;
  defaultPort: number;
  fault: FaultMaker;
}): {
  host: string;
  port: number;
  faults: ConfigFault[];
} {
  const authority = (options.url.split("://")[1] ?? "").split("/")[0] ?? "";
  const [host = "", text] = authority.split(":");
  const port = text === undefined ? options.defaultPort : Number(text);
  const faults =
    port >= 1 && port <= MAX_TCP_PORT ? [] : [options.fault("tcp-port", options.pointer, { port })];
  return { host, port, faults };
}

import type { ConfigFault } from "./fault.ts";

/** A numbered, named end of a route: a node, the heartbeat or a topic (R118). */
export interface Port {
  readonly port: number;
  readonly name: string;
  /** Where it stands in its file, for messages. */
  readonly pointer: string;
}

/** Makes a fault that points into a settings file. */
export type FaultMaker = (pointer: string, problem: string, cure: string) => ConfigFault;

/** The part of a settings file that says what flows: needed to build routes, free of secrets and key files. */
export interface Ports {
  readonly hubId: number;
  readonly ports: readonly Port[];
  readonly fault: FaultMaker;
}

/** Ids and names that occur twice in one file (R60, R121). */
export function findDoubles(ports: readonly Port[], fault: FaultMaker): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const byPort = new Map<number, Port>();
  const byName = new Map<string, Port>();
  for (const entry of ports) {
    const samePort = byPort.get(entry.port);
    if (samePort) {
      const problem = `the id ${entry.port} is already used at ${samePort.pointer}`;
      faults.push(fault(`${entry.pointer}/id`, problem, "give each entry an id of its own"));
    } else {
      byPort.set(entry.port, entry);
    }
    const sameName = byName.get(entry.name);
    if (sameName) {
      const problem = `the name is already used at ${sameName.pointer}`;
      faults.push(fault(`${entry.pointer}/name`, problem, "give each entry a name of its own"));
    } else {
      byName.set(entry.name, entry);
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
    port >= 1 && port <= MAX_TCP_PORT
      ? []
      : [
          options.fault(
            options.pointer,
            `there is no port ${port}`,
            `write a port from 1 to ${MAX_TCP_PORT}`,
          ),
        ];
  return { host, port, faults };
}

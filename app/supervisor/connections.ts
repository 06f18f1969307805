import type { StartedRole } from "./load-cell.ts";

/** How the two connections are, by what the cells say: for the status line and for who asks at the console. */

const NAMES: Partial<Record<StartedRole, string>> = { opcua: "OPC UA", mqtt: "MQTT" };

interface Connection {
  readonly connected: boolean;
  /** By the clock that nobody can set, in seconds. */
  readonly since: number;
  readonly reason: string;
}

/** `12 s`, `34 min`, `5 h 12 min`, `3 d 4 h` */
export function describeDuration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes < 1) return `${Math.floor(seconds)} s`;
  if (hours < 1) return `${minutes} min`;
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export class Connections {
  readonly #uptime: () => number;
  readonly #known = new Map<StartedRole, Connection>();

  constructor(uptime: () => number) {
    this.#uptime = uptime;
  }

  /** `reason` null: connected. The same state told twice lasts since the first time. */
  note(role: StartedRole, reason: string | null): void {
    const connected = reason === null;
    const before = this.#known.get(role);
    const since = before?.connected === connected ? before.since : this.#uptime();
    this.#known.set(role, { connected, since, reason: reason ?? "" });
  }

  isConnected(role: StartedRole): boolean {
    return this.#known.get(role)?.connected ?? false;
  }

  /** `OPC UA connected, MQTT not connected` */
  tell(): string {
    return this.#each((name, connection) => `${name} ${connection?.connected ? "" : "not "}connected`).join(
      ", ",
    );
  }

  /** With since when, and why not. */
  explain(): string {
    return this.#each((name, connection) => {
      if (!connection) return `${name} has not been connected yet`;
      const time = describeDuration(this.#uptime() - connection.since);
      if (connection.connected) return `${name} connected for ${time}`;
      return `${name} not connected for ${time}${connection.reason === "" ? "" : `: ${connection.reason}`}`;
    }).join("; ");
  }

  #each(describe: (name: string, connection: Connection | undefined) => string): string[] {
    return Object.entries(NAMES).map(([role, name]) => describe(name, this.#known.get(role as StartedRole)));
  }
}

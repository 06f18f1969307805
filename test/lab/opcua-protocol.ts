/** What a test and the demo OPC UA server's own process say to each other. */
import type { RichWire, Sample } from "./variables.ts";

/** One change of one variable: the truth that the broker's messages are compared with. */
export interface Change {
  readonly name: string;
  /** Number of this change of this variable; 0 is the value the server started with. */
  readonly index: number;
  readonly sourceTimestamp: string;
  readonly type: RichWire["type"];
  readonly array: boolean;
  readonly json: Sample["json"];
}

/** Test → server: every variable takes `count` new values, one round after the other, `everyMs` apart. */
export interface ServerCommand {
  readonly count: number;
  readonly everyMs: number;
}

/** Server → test: one round of changes, made. */
export interface ServerReport {
  readonly changes: readonly Change[];
}

/** What a server offers its clients. */
export interface Offer {
  /** `None`, `Basic256Sha256`, …; with every mode that goes with them. */
  readonly policies: readonly string[];
  readonly modes: readonly ("None" | "Sign" | "SignAndEncrypt")[];
  readonly anonymous: boolean;
  /** As a server that has no certificate. */
  readonly hideCertificate?: boolean;
}

/** SignAndEncrypt with Basic256Sha256 only, user name and password only. */
export const STRICT_OFFER: Offer = {
  policies: ["Basic256Sha256"],
  modes: ["SignAndEncrypt"],
  anonymous: false,
};

/** What every server of the lab is told about where it is and whom it trusts. */
export interface EndpointSettings {
  readonly port: number;
  /** Address under which the gateway reaches the server: it goes into the endpoint descriptions. */
  readonly advertised: string;
  readonly pkiDir: string;
  readonly certificateFile: string;
  readonly privateKeyFile: string;
  readonly trustedClientCertFile: string;
  readonly username: string;
  readonly password: string;
  /** Default: `STRICT_OFFER`. */
  readonly offer?: Offer;
}

/** Argument of opcua-server-main.ts, as JSON. */
export interface ServerSettings extends EndpointSettings {
  /** Also offer the variables beyond R76. */
  readonly extras: boolean;
  /** Number of the first value of each variable: a restarted server goes on where it was stopped. */
  readonly firstIndex: number;
}

/** The OPC UA servers of the security matrix: what each offers and which certificate it has, in two makes. */
import { SERVER_URL } from "./network.ts";
import { type Offer, STRICT_OFFER } from "./opcua-protocol.ts";
import { DemoServer, type ValueServer } from "./opcua-server.ts";
import { Open62541Server } from "./open62541/server.ts";
import { type Certificate, type CertificateOptions, SERVER_URI, type SitePki } from "./pki.ts";
import type { ServerKind } from "./plant.ts";
import { revocationList } from "./revocation.ts";
import type { DemoVariable } from "./variables.ts";
import type { Workbench } from "./workbench.ts";

const ALL: Offer = {
  policies: [
    "None",
    "Basic128Rsa15",
    "Basic256",
    "Basic256Sha256",
    "Aes128_Sha256_RsaOaep",
    "Aes256_Sha256_RsaPss",
  ],
  modes: ["None", "Sign", "SignAndEncrypt"],
  anonymous: true,
};

interface Kind {
  readonly offer: Offer;
  /** How its certificate differs from the site's. */
  readonly certificate?: Partial<CertificateOptions>;
  /** Issued by the site's authority, which is what the gateway trusts. */
  readonly fromAuthority?: true;
  readonly isRevoked?: true;
}

const SERVERS = {
  /** Everything. */
  full: { offer: ALL },
  /** Without certificate, so only unprotected connections. */
  open: { offer: { policies: ["None"], modes: ["None"], anonymous: true, hideCertificate: true } },
  /** It shows no certificate. */
  hidden: { offer: { ...STRICT_OFFER, hideCertificate: true } },
  expired: { offer: STRICT_OFFER, certificate: { validFromDays: -20, validToDays: -1 } },
  sha1: {
    offer: { ...STRICT_OFFER, policies: ["Basic256", "Basic256Sha256"] },
    certificate: { digest: "sha1" },
  },
  short: { offer: STRICT_OFFER, certificate: { key: "rsa:1024" } },
  /** A password has to be encrypted, although the connection is not. open62541 only. */
  sealed: { offer: { ...ALL, policies: ["None", "Basic256Sha256"] } },
  authority: { offer: STRICT_OFFER, fromAuthority: true },
  /** Like that, and its certificate is on the authority's revocation list. */
  revoked: { offer: STRICT_OFFER, fromAuthority: true, isRevoked: true },
  /** Of the same authority, but made out to another host. */
  namesake: {
    offer: STRICT_OFFER,
    fromAuthority: true,
    certificate: { altNames: [`URI:${SERVER_URI}`, "IP:192.168.177.8"] },
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type ServerName = keyof typeof SERVERS;

export interface RunningServer {
  readonly server: ValueServer;
  /** What the gateway's trustList names. */
  readonly trusted: Certificate;
  /** The authority's revocation list, where the server is on it. */
  readonly revocationList: Buffer | null;
}

/** Servers of one make, each started when it is needed first. */
export class SecurityServers {
  readonly #kind: ServerKind;
  readonly #bench: Workbench;
  readonly #pki: SitePki;
  readonly #variables: readonly DemoVariable[];
  readonly #trusts: readonly Certificate[];
  readonly #made = new Map<ServerName, Promise<RunningServer>>();

  constructor(options: {
    kind: ServerKind;
    bench: Workbench;
    pki: SitePki;
    /** Of an open62541 server; node-opcua's has all. */
    variables: readonly DemoVariable[];
    /** Clients that an open62541 server trusts beside the site's. */
    trusts?: readonly Certificate[];
  }) {
    this.#kind = options.kind;
    this.#bench = options.bench;
    this.#pki = options.pki;
    this.#variables = options.variables;
    this.#trusts = options.trusts ?? [];
  }

  get(name: ServerName): Promise<RunningServer> {
    const made = this.#made.get(name) ?? this.#start(name);
    this.#made.set(name, made);
    return made;
  }

  async #certificate(which: ServerName): Promise<Certificate> {
    const { certificate, fromAuthority }: Kind = SERVERS[which];
    if (!certificate && !fromAuthority) return this.#pki.opcuaServer;
    return await this.#pki.pki.issue({
      ...{ name: `server-${which}`, use: "opcua", commonName: which },
      altNames: [`URI:${SERVER_URI}`, "IP:192.168.177.7"],
      ...certificate,
      ...(fromAuthority ? { issuer: this.#pki.ca } : {}),
    });
  }

  async #start(which: ServerName): Promise<RunningServer> {
    const bench = this.#bench;
    const pki = this.#pki;
    const { offer, fromAuthority, isRevoked }: Kind = SERVERS[which];
    const certificate = await this.#certificate(which);
    const trusted = fromAuthority ? pki.ca : certificate;
    const list = isRevoked ? revocationList(pki.pki.dir, pki.ca, [certificate]) : null;
    const name = `${this.#kind}-${which}`;
    if (this.#kind === "node-opcua") {
      const options = { bench, pki, name, offer, certificate, advertised: SERVER_URL };
      return { trusted, revocationList: list, server: await DemoServer.start(options) };
    }
    const endpoints = offer.policies.flatMap((policy) =>
      offer.modes
        .filter((mode) => (policy === "None") === (mode === "None"))
        .map((mode): [string, string] => [policy, mode]),
    );
    const server = await Open62541Server.start({
      ...{ bench, name, endpoints, variables: this.#variables },
      certificate: which === "open" ? null : certificate,
      hideCertificate: offer.hideCertificate === true,
      trusted: [pki.opcuaClient, ...this.#trusts],
      anonymous: offer.anonymous,
      plainPasswords: which !== "sealed",
    });
    return { trusted, revocationList: list, server };
  }
}

/** A broker that does what the test says, packet by packet; mqtt-packet reads and writes for it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import mqttPacket, { type Packet } from "mqtt-packet";
import type { MqttSettings } from "../../app/config/mqtt.ts";
import { type Certificate, Pki } from "../lab/pki.ts";

/** The certificates of broker and gateway. */
export interface MqttSite {
  readonly pki: Pki;
  readonly ca: Certificate;
  readonly broker: Certificate;
  readonly client: Certificate;
}

export async function makeMqttSite(folder: string): Promise<MqttSite> {
  const pki = new Pki(folder);
  const key = "ec:P-256";
  const ca = await pki.issue({ name: "ca", use: "ca", key });
  const broker = await pki.issue({
    name: "broker",
    use: "tls-server",
    issuer: ca,
    key,
    altNames: ["IP:127.0.0.1"],
  });
  const client = await pki.issue({ name: "client", use: "tls-client", issuer: ca, key });
  return { pki, ca, broker, client };
}

const text = (file: string): string => readFileSync(file, "utf8");

/** Settings of a publisher for this site. */
export function mqttSettings(site: MqttSite, port: number, change: Partial<MqttSettings> = {}): MqttSettings {
  const how = { qualityOfService: change.qos ?? 1, retain: false };
  return {
    hubId: 0,
    name: "test",
    clientId: "gateway",
    host: "127.0.0.1",
    port,
    certificatePem: text(site.client.certFile),
    privateKeyPem: text(site.client.keyFile),
    trustedPem: [text(site.ca.certFile)],
    revocationLists: [],
    user: { name: "user", password: "password" },
    will: { topicName: "will", message: "gone", retain: false },
    keepAlive: 60,
    qos: 1,
    topics: [
      { port: 1, name: "a", topicName: "Plant 1/ä", pointer: "/topics/0", ...how },
      { port: 2, name: "b", topicName: "/", pointer: "/topics/1", ...how },
    ],
    debug: false,
    summary: [],
    warnings: [],
    ...change,
  };
}

/** What a gateway does not do within this time it will never do. */
const DEADLINE_MS = 60_000;
/** The real ones, also while a test moves the clock itself. */
const { setTimeout: later, clearTimeout: never } = globalThis;

/** Waits until the function that `onWake` gets is called. */
async function woken(what: string, onWake: (wake: () => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const failure = new Error(`${what} has not come within ${DEADLINE_MS / 1000} s`);
    const timer = later(() => reject(failure), DEADLINE_MS);
    onWake(() => {
      never(timer);
      resolve();
    });
  });
}

/** One connection as the broker sees it: packets come out one by one, answers go in. */
export class Link {
  readonly #packets: Packet[] = [];
  /** What came and was not asked for by `bytes`. */
  #bytes = Buffer.alloc(0);
  readonly #socket: TLSSocket;
  #wake: (() => void) | null = null;
  /** Whether the client resumed a TLS session instead of proving itself anew. */
  readonly resumed: boolean;
  closed = false;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.resumed = socket.isSessionReused();
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    parser.on("packet", (packet: Packet) => {
      this.#packets.push(packet);
      this.#wake?.();
    });
    // The test that asks for a packet finds that there is none.
    parser.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      parser.parse(chunk);
      this.#wake?.();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.#wake?.();
    });
  }

  /** The next packet, or null when the client has closed the connection. */
  async next(): Promise<Packet | null> {
    while (this.#packets.length === 0 && !this.closed) await this.#change("a packet");
    return this.#packets.shift() ?? null;
  }

  /** The next packet, which has to be of this kind. */
  async expect<C extends Packet["cmd"]>(cmd: C): Promise<Extract<Packet, { cmd: C }>> {
    const packet = await this.next();
    assert.equal(packet?.cmd ?? "end of the connection", cmd);
    return packet as Extract<Packet, { cmd: C }>;
  }

  /** The next so many bytes; fewer when the client has closed the connection before. */
  async bytes(count: number): Promise<Buffer> {
    while (this.#bytes.length < count && !this.closed) {
      await this.#change(count === Number.MAX_SAFE_INTEGER ? "the end" : `all of ${count} bytes`);
    }
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /** Something has come, or the end. */
  #change(what: string): Promise<void> {
    return woken(what, (wake) => {
      this.#wake = wake;
    });
  }

  send(packet: Packet): void {
    this.#socket.write(mqttPacket.generate(packet));
  }
  raw(bytes: readonly number[] | Buffer): void {
    this.#socket.write(Buffer.from(bytes));
  }
  /** Reads nothing more, until told to. */
  stopReading(): void {
    this.#socket.pause();
  }
  readOn(): void {
    this.#socket.resume();
  }
  /** Takes CONNECT and answers it. */
  async accept(sessionPresent = false): Promise<Extract<Packet, { cmd: "connect" }>> {
    const connect = await this.expect("connect");
    this.send({ cmd: "connack", returnCode: 0, sessionPresent });
    return connect;
  }
  /** Closes in order: what was sent before arrives. */
  finish(): void {
    this.#socket.end();
  }
  /** The line breaks. */
  drop(): void {
    this.#socket.destroy();
  }
}

export class ScriptedBroker {
  readonly port: number;
  readonly #links: Link[];
  readonly #wake: { current: (() => void) | null };
  readonly #server: Server;

  private constructor(server: Server, links: Link[], wake: { current: (() => void) | null }) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#links = links;
    this.#wake = wake;
  }

  /** `requestCert`: whether it wants to know who connects. */
  static async listen(site: MqttSite, options: { requestCert?: boolean } = {}): Promise<ScriptedBroker> {
    const { requestCert = true } = options;
    const links: Link[] = [];
    const wake: { current: (() => void) | null } = { current: null };
    const server = createServer({
      cert: text(site.broker.certFile),
      key: text(site.broker.keyFile),
      ca: text(site.ca.certFile),
      requestCert,
      rejectUnauthorized: requestCert,
    });
    server.on("secureConnection", (socket) => {
      links.push(new Link(socket));
      wake.current?.();
    });
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ScriptedBroker(server, links, wake);
  }

  close(): void {
    this.#server.close();
  }

  /** The next connection, as soon as it is there. */
  async connection(): Promise<Link> {
    while (this.#links.length === 0) {
      await woken("a connection", (wake) => {
        this.#wake.current = wake;
      });
    }
    return this.#links.shift() as Link;
  }
}

/** The secure channel under the collector: values past node-opcua and through it, renewals, wrong messages, private keys. */
import assert from "node:assert/strict";
import crypto, { type KeyObject } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DataType, OPCUAServer, SecurityPolicy, type UAVariable, VariantArrayType } from "node-opcua";
import { TokenStack } from "node-opcua-client";
import { Collector } from "../../app/cells/opcua/collector.ts";
import { silenceLibrary } from "../../app/cells/opcua/connection/client-options.ts";
import { ChannelTap, LibraryChangedError } from "../../app/cells/opcua/connection/library.ts";
import type { OpcUaSettings } from "../../app/config/opcua.ts";
import { type Certificate, Pki } from "../lab/pki.ts";
import { freePort } from "../lab/ports.ts";
import { makeFolder } from "./app-folder.ts";
import { clientSettings, serverOptions } from "./app-opcua-site.ts";
import { until } from "./app-until.ts";

/** The shortest that node-opcua's server gives. */
const TOKEN_LIFETIME_MS = 2500;
const HEADER_BYTES = 8;
/** Longer than a chunk of 16 KiB. */
const LIST_LENGTH = 2500;
const { folder, remove } = makeFolder();
const pki = new Pki(join(folder, "pki"));
let identity: Certificate;
let certificate: Certificate;
let port: number;
let server: OPCUAServer;
let scalar: UAVariable;
let list: UAVariable;
let proxy: Server;
/** When the client sent an OpenSecureChannelRequest. */
let openedAt: number[] = [];
/** Changes what the server sends. */
let tamper: ((data: Buffer) => Buffer) | null = null;
const sockets = new Set<Socket>();

/** Between client and server: takes the time of OPN messages, and cuts what the server sends into pieces. */
function startProxy(): Server {
  return createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    near.setNoDelay(true);
    let sent = Buffer.alloc(0);
    near.on("data", (data) => {
      sent = Buffer.concat([sent, data]);
      while (sent.length >= HEADER_BYTES && sent.length >= sent.readUInt32LE(4)) {
        if (sent.toString("latin1", 0, 3) === "OPN") openedAt.push(performance.now());
        sent = sent.subarray(sent.readUInt32LE(4));
      }
      far.write(data);
    });
    let pieces = 0;
    far.on("data", (data) => {
      const bytes = tamper ? tamper(data) : data;
      pieces += 1;
      const cut = (pieces * 13) % bytes.length;
      near.write(bytes.subarray(0, cut));
      near.write(bytes.subarray(cut));
    });
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  }).listen(0, "127.0.0.1");
}

before(async () => {
  silenceLibrary();
  identity = await pki.issue({ name: "client", use: "opcua", altNames: ["URI:urn:test:client"] });
  const altNames = ["URI:urn:test:server", "IP:127.0.0.1"];
  certificate = await pki.issue({ name: "server", use: "opcua", altNames });
  port = await freePort();
  server = new OPCUAServer({
    ...serverOptions({ port, certificate, folder }),
    defaultSecureTokenLifetime: TOKEN_LIFETIME_MS,
    // Small buffers, so that a long array is several chunks.
    transportSettings: {
      adjustTransportLimits: (hello) => ({
        ...hello,
        receiveBufferSize: 16_384,
        sendBufferSize: 16_384,
        maxChunkCount: 100,
        maxMessageSize: 1_000_000,
      }),
    },
    securityPolicies: [
      SecurityPolicy.None,
      SecurityPolicy.Basic256Sha256,
      SecurityPolicy.Aes128_Sha256_RsaOaep,
      SecurityPolicy.Aes256_Sha256_RsaPss,
    ],
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  assert.ok(space);
  const add = (name: string, valueRank: number): UAVariable =>
    space.getOwnNamespace().addVariable({
      organizedBy: space.rootFolder.objects,
      browseName: name,
      nodeId: `s=${name}`,
      dataType: "Double",
      valueRank,
    });
  scalar = add("Scalar", -1);
  list = add("List", 1);
  setValues(0);
  await server.start();
  proxy = startProxy();
  await once(proxy, "listening");
});
after(async () => {
  for (const socket of sockets) socket.destroy();
  proxy.close();
  await server.shutdown(0);
  remove();
});

function setValues(value: number): void {
  scalar.setValueFromSource({ dataType: DataType.Double, value });
  list.setValueFromSource({
    dataType: DataType.Double,
    arrayType: VariantArrayType.Array,
    value: new Float64Array(LIST_LENGTH).fill(value),
  });
}

function settings(mode: OpcUaSettings["mode"], policy: OpcUaSettings["policy"]): OpcUaSettings {
  const tcpPort = (proxy.address() as AddressInfo).port;
  return {
    ...clientSettings({ tcpPort, trusted: certificate, client: identity }),
    mode,
    policy,
    nodes: [
      { port: 1, name: "scalar", nodeId: "ns=1;s=Scalar", pointer: "/nodes/0" },
      { port: 2, name: "list", nodeId: "ns=1;s=List", pointer: "/nodes/1" },
    ],
  };
}

/** A collector, what it logs, and the values that came straight (1) and, in several chunks, through node-opcua (2). */
function collect(configured: OpcUaSettings) {
  const lines: string[] = [];
  const straight: number[] = [];
  const through: number[][] = [];
  const note = (line: string) => void lines.push(line);
  const collector = new Collector({
    settings: configured,
    log: { info: note, warning: note, error: note, debug: () => undefined },
    handlers: {
      onText(port, text) {
        const value = JSON.parse(text).Value;
        if (port === 1) straight.push(value);
        else through.push(value);
      },
      onWarning: (node, text) => void lines.push(`${node.name} ${text}`),
    },
  });
  return { collector, lines, straight, through };
}

/** Counts what is done with the client's private key. */
function countPrivateOperations(): { count: () => number; restore: () => void } {
  const own = crypto.createPrivateKey(readFileSync(identity.keyFile, "utf8"));
  let count = 0;
  const look = (key: unknown): void => {
    const object = (key as { key?: KeyObject }).key ?? (key as KeyObject);
    if (object.equals?.(own)) count += 1;
  };
  const { privateDecrypt } = crypto;
  const { sign } = crypto.Sign.prototype;
  crypto.privateDecrypt = (key, buffer) => {
    look(key);
    return privateDecrypt(key, buffer);
  };
  crypto.Sign.prototype.sign = function counted(this: crypto.Sign, ...args: unknown[]) {
    look(args[0]);
    return Reflect.apply(sign, this, args);
  };
  return {
    count: () => count,
    restore() {
      crypto.privateDecrypt = privateDecrypt;
      crypto.Sign.prototype.sign = sign;
    },
  };
}

const SECURITY: readonly (readonly [OpcUaSettings["mode"], OpcUaSettings["policy"]])[] = [
  ["None", "None"],
  ["Sign", "Basic256Sha256"],
  ["SignAndEncrypt", "Aes128_Sha256_RsaOaep"],
  ["SignAndEncrypt", "Aes256_Sha256_RsaPss"],
];

for (const [mode, policy] of SECURITY) {
  test(`${mode}, ${policy}: every value in order, straight and through node-opcua, over renewals of the token`, async () => {
    setValues(0);
    openedAt = [];
    const operations = countPrivateOperations();
    const { collector, lines, straight, through } = collect(settings(mode, policy));
    await collector.run();
    assert.equal(lines.length, 2, lines.join("\n"));
    // One OPN for discovery, one for the session. Part 6 §6.7.4: the request is signed, the answer's two blocks are
    // decrypted; Part 4 §5.6.3: ActivateSession is signed.
    assert.equal(openedAt.length, 2);
    const perToken = mode === "None" ? 0 : 3;
    assert.equal(operations.count(), mode === "None" ? 0 : perToken + 1);

    await until(() => straight.length > 0 && through.length > 0);
    let value = 0;
    const next = async (): Promise<void> => {
      value += 1;
      setValues(value);
      await until(() => straight.at(-1) === value && through.at(-1)?.[0] === value);
    };
    while (openedAt.length < 4) await next();
    for (let more = 0; more < 5; more += 1) await next();
    operations.restore();
    const all = Array.from({ length: value + 1 }, (_, index) => index);
    assert.deepEqual(straight, all);
    assert.deepEqual(
      through.map(([first]) => first),
      all,
    );
    assert.deepEqual(lines.slice(2), []);
    await collector.stop();

    const sessionOpened = openedAt.slice(1);
    for (const [index, at] of sessionOpened.slice(1).entries()) {
      assert.ok(
        at - (sessionOpened[index] ?? 0) >= TOKEN_LIFETIME_MS * 0.75 - 1,
        `renewed after ${openedAt}`,
      );
    }
    assert.equal(operations.count(), mode === "None" ? 0 : sessionOpened.length * perToken + 1);
  });
}

test("a message of several chunks goes through node-opcua, and what follows it goes straight again", async () => {
  setValues(0);
  const { collector, lines, straight, through } = collect(settings("SignAndEncrypt", "Basic256Sha256"));
  await collector.run();
  await until(() => straight.length > 0 && through.length > 0);
  for (const size of [30_000, 50_000]) {
    const value = Float64Array.from({ length: size }, (_, index) => index / 7);
    list.setValueFromSource({ dataType: DataType.Double, arrayType: VariantArrayType.Array, value });
    await until(() => through.at(-1)?.length === size);
    assert.deepEqual(through.at(-1), [...value]);
    scalar.setValueFromSource({ dataType: DataType.Double, value: size });
    await until(() => straight.at(-1) === size);
  }
  assert.equal(lines.length, 2, lines.join("\n"));
  await collector.stop();
});

test("a message that was changed on its way ends the connection with a reason, and a new one begins", async () => {
  const { collector, lines, straight } = collect(settings("SignAndEncrypt", "Basic256Sha256"));
  await collector.run();
  await until(() => straight.length > 0);
  tamper = (data) => {
    tamper = null;
    const changed = Buffer.from(data);
    changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
    return changed;
  };
  setValues(1_000_000);
  await until(() => lines.length > 2);
  assert.match(
    lines[2] ?? "",
    /^OPC UA Client lost its connection to .*: the server sent a message whose signature is wrong\. Cure: check the server.*\. It keeps trying$/,
  );
  await until(() => collector.connected && straight.at(-1) === 1_000_000);
  await collector.stop();
});

test("a message that was left out ends the connection with a reason", async () => {
  const { collector, lines, straight } = collect(settings("None", "None"));
  await collector.run();
  await until(() => straight.length > 0);
  tamper = (data) => {
    tamper = null;
    const changed = Buffer.from(data);
    changed.writeUInt32LE(changed.readUInt32LE(16) + 1, 16);
    return changed;
  };
  setValues(2_000_000);
  await until(() => lines.length > 2);
  assert.match(lines[2] ?? "", /the server sent message \d+ of the secure channel after \d+\. Cure: check/);
  await collector.stop();
});

test("another node-opcua than the expected one is told, not worked around", () => {
  assert.equal(typeof TokenStack.prototype.pushNewToken, "function");
  assert.throws(
    () => new ChannelTap({ on: () => undefined } as never),
    (error) =>
      error instanceof LibraryChangedError &&
      error.code === "OPCUA_LIBRARY_CHANGED" &&
      /ClientSecureChannelLayer has no _getMessageBuilder\)\. Cure: install version 2\.182\.2/.test(
        error.message,
      ),
  );
});

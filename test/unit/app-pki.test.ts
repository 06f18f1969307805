/** Certificates and keys from the operator's files: every form that is read, every fault in one line. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ConfigError } from "../../app/config/fault.ts";
import { readMqttSettings } from "../../app/config/mqtt.ts";
import { type OpcUaSettings, readOpcUaSettings } from "../../app/config/opcua.ts";
import { MQTT_PATHS, OPCUA_PATHS, type SidePaths } from "../../app/config/paths.ts";
import { readRawFile, readRawSide } from "../../app/config/raw-files.ts";
import { type Certificate, Pki } from "../lab/pki.ts";
import { makeFolder } from "./app-folder.ts";

const { folder, remove } = makeFolder();
const pki = new Pki(join(folder, "pki"));
const IDS = join(folder, "HW-IDS");
const URI = "urn:test:gateway";
let ca: Certificate;
let server: Certificate;
let client: Certificate;
let mqttClient: Certificate;

before(async () => {
  ca = await pki.issue({ name: "ca", use: "ca" });
  server = await pki.issue({ name: "server", use: "opcua", altNames: ["URI:urn:test:server"] });
  client = await pki.issue({ name: "client", use: "opcua", altNames: [`URI:${URI}`] });
  mqttClient = await pki.issue({ name: "mqtt-client", use: "tls-client", issuer: ca });
});
after(remove);

const der = (certificate: Certificate): Buffer => readFileSync(certificate.derFile);

type Json = Record<string, unknown>;

function write(
  paths: SidePaths,
  options: { settings: Json; certificates: Record<string, Buffer>; keys: Record<string, Buffer> },
) {
  for (const directory of [paths.settingsDirectory, paths.certificates, paths.privateKeys]) {
    execFileSync("rm", ["-rf", join(IDS, directory)]);
    mkdirSync(join(IDS, directory), { recursive: true });
  }
  writeFileSync(join(IDS, paths.settingsDirectory, paths.settingsName), JSON.stringify(options.settings));
  for (const [name, bytes] of Object.entries(options.certificates))
    writeFileSync(join(IDS, paths.certificates, name), bytes);
  for (const [name, bytes] of Object.entries(options.keys))
    writeFileSync(join(IDS, paths.privateKeys, name), bytes);
}

const STRONG = "a password of the kind that K24 asks for: 14";

const OPCUA_SETTINGS = {
  id: 0,
  name: "test",
  url: "opc.tcp://plc",
  security: { clientPkiData: { certificate: "c.crt", privateKey: "c.key" }, trustList: ["s.crt"] },
  nodes: [{ id: 1, name: "a", nodeId: "ns=1;i=1" }],
};

function readOpcUa(
  change: { settings?: Json; certificates?: Record<string, Buffer>; keys?: Record<string, Buffer> } = {},
): OpcUaSettings {
  write(OPCUA_PATHS, {
    settings: { ...OPCUA_SETTINGS, ...change.settings },
    certificates: change.certificates ?? { "c.crt": readFileSync(client.certFile), "s.crt": der(server) },
    keys: change.keys ?? { "c.key": readFileSync(client.keyFile) },
  });
  return readOpcUaSettings(readRawSide(IDS, OPCUA_PATHS));
}

function readMqtt(
  change: { settings?: Json; certificates?: Record<string, Buffer>; keys?: Record<string, Buffer> } = {},
) {
  const security = { clientPkiData: { certificate: "c.crt", privateKey: "c.key" }, trustStore: ["ca.crt"] };
  write(MQTT_PATHS, {
    settings: {
      id: 0,
      name: "Test 1",
      serverUri: "ssl://broker",
      security,
      userCredentials: null,
      topics: [{ id: 1, name: "a", topicName: "a" }],
      ...change.settings,
    },
    certificates: change.certificates ?? {
      "c.crt": readFileSync(mqttClient.certFile),
      "ca.crt": readFileSync(ca.certFile),
    },
    keys: change.keys ?? { "c.key": readFileSync(mqttClient.keyFile) },
  });
  return readMqttSettings(readRawSide(IDS, MQTT_PATHS));
}

function faults(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.faults.map(({ message }) => message);
  }
  return [];
}

function assertOne(read: () => unknown, pattern: RegExp): void {
  const lines = faults(read);
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0] ?? "", pattern);
  assert.match(lines[0] ?? "", /^HW-IDS:\/app\/Core\/.*\. Cure: \S/);
}

const derKey = (certificate: Certificate, form: readonly string[]): Buffer =>
  execFileSync("openssl", [...form, "-in", certificate.keyFile, "-outform", "DER"]);

test("the defaults of the OPC UA settings (R41, R46–R49, R54, R56)", () => {
  const settings = readOpcUa({ settings: { userCredentials: { username: "u", password: STRONG } } });
  const { mode, policy, readingCycle, url, user, heartbeat, warnings } = settings;
  assert.deepEqual(
    { mode, policy, readingCycle, url, user, heartbeat, warnings },
    {
      mode: "SignAndEncrypt",
      policy: "Basic256Sha256",
      readingCycle: 1,
      url: "opc.tcp://plc:4840",
      user: { name: "u", password: STRONG },
      heartbeat: null,
      warnings: [],
    },
  );
  assert.equal(readOpcUa().user, null);
  assert.equal(settings.identity?.applicationUri, URI);
});

test("certificates and keys for OPC UA are read as PEM and as DER, PKCS#8 and PKCS#1 (R51, R52)", () => {
  const pem = readOpcUa();
  const forms = [derKey(client, ["pkcs8", "-topk8", "-nocrypt"]), derKey(client, ["rsa", "-traditional"])];
  for (const key of forms) {
    const fromDer = readOpcUa({
      certificates: { "c.crt": der(client), "s.crt": readFileSync(server.certFile) },
      keys: { "c.key": key },
    });
    assert.deepEqual(fromDer.identity?.chain, pem.identity?.chain);
    assert.deepEqual(fromDer.trusted, pem.trusted);
  }
});

test("OPC UA: files that are missing, damaged, or do not belong together (R17, R18, R23, R131, L2)", () => {
  const certificates = { "c.crt": der(client), "s.crt": der(server) };
  assertOne(
    () => readOpcUa({ certificates: { "s.crt": der(server) } }),
    /certs\/transfer\/opc_ua\/client\/c\.crt: the file does not exist \(named by OpcUaClientSettings-0\.json \/security\/clientPkiData\/certificate\)/,
  );
  assertOne(
    () => readOpcUa({ certificates: { "c.crt": der(client) } }),
    /client\/s\.crt: the file does not exist \(named by .*\/security\/trustList\/0\)/,
  );
  assertOne(
    () => readOpcUa({ keys: {} }),
    /private\/transfer\/opc_ua\/client\/c\.key: the file does not exist/,
  );
  assertOne(
    () => readOpcUa({ keys: { "c.key": readFileSync(server.keyFile) } }),
    /c\.key: the private key does not match the certificate HW-IDS:.*\/c\.crt/,
  );
  assertOne(() => readOpcUa({ keys: { "c.key": Buffer.alloc(0) } }), /c\.key: the file is empty/);
  assertOne(
    () => readOpcUa({ keys: { "c.key": der(client) } }),
    /c\.key: it is neither a PKCS#8 nor a PKCS#1 private key/,
  );
  assertOne(
    () => readOpcUa({ keys: { "c.key": Buffer.from("hello") } }),
    /c\.key: it is neither a PEM nor a DER private key/,
  );
  assertOne(
    () => readOpcUa({ certificates: { ...certificates, "c.crt": Buffer.from("hello") } }),
    /c\.crt: it is not a readable certificate/,
  );
  assertOne(
    () => readOpcUa({ certificates: { ...certificates, "s.crt": readFileSync(server.keyFile) } }),
    /s\.crt: it holds no certificate/,
  );
  const locked = execFileSync("openssl", ["pkcs8", "-topk8", "-passout", "pass:x", "-in", client.keyFile]);
  assertOne(
    () => readOpcUa({ keys: { "c.key": locked } }),
    /c\.key: the private key is protected by a pass phrase/,
  );
});

test("OPC UA: a secured mode without certificate or without anyone to trust (R50, R132)", () => {
  assertOne(
    () => readOpcUa({ settings: { security: { trustList: ["s.crt"] } } }),
    /setting \/security: mode SignAndEncrypt needs a client certificate and key/,
  );
  const { clientPkiData } = OPCUA_SETTINGS.security;
  assertOne(
    () => readOpcUa({ settings: { security: { clientPkiData } } }),
    /no server certificate is trusted, so no server can be connected/,
  );
});

test("OPC UA: weak settings work and are told (R68–R70, L4, L5)", () => {
  const user = { username: "u", password: STRONG };
  const texts = (security: unknown, userCredentials: unknown = user) =>
    readOpcUa({ settings: { security, userCredentials } }).warnings.map(({ problem }) => problem);
  const open = "the connection is neither encrypted nor signed";
  assert.deepEqual(texts(null, null), [open, "the client logs in anonymously"]);
  assert.deepEqual(texts({ mode: "None", policy: "None" }), [`${open}; the password travels in plain text`]);
  assert.deepEqual(texts({ ...OPCUA_SETTINGS.security, trustList: "AllowAll" }), [
    "AllowAll: any server is accepted, also one that only pretends",
  ]);
  assert.equal(readOpcUa({ settings: { security: null } }).identity, null);
});

test("OPC UA: a client certificate without application URI is a warning, as a KISG 100 takes it (R131, L2)", async () => {
  const plain = await pki.issue({ name: "plain", use: "opcua" });
  const { identity, warnings } = readOpcUa({
    settings: { userCredentials: { username: "u", password: STRONG } },
    certificates: { "c.crt": der(plain), "s.crt": der(server) },
    keys: { "c.key": readFileSync(plain.keyFile) },
  });
  assert.deepEqual(identity?.chain, [der(plain)]);
  assert.equal(identity?.applicationUri, "urn:gateway:anonymous");
  assert.deepEqual(
    warnings.map(({ rule }) => rule),
    ["certificate-no-uri"],
  );
  assert.match(
    warnings[0]?.message ?? "",
    /c\.crt: the client certificate names no application URI .*; urn:gateway:anonymous is used, and the server may refuse it .*\. Cure: make a certificate with a URI/,
  );
});

test("the defaults of the MQTT settings (R80, R84, R96, R97)", () => {
  const { host, port, clientId, keepAlive, qos, user, will, warnings } = readMqtt();
  assert.deepEqual(
    { host, port, clientId, keepAlive, qos, user, will, warnings },
    {
      host: "broker",
      port: 8883,
      clientId: "Test1",
      keepAlive: 60,
      qos: 1,
      user: null,
      will: null,
      warnings: [],
    },
  );
});

test("MQTT: a keep-alive time of 0 s means 60 s, with a warning (R96, L13)", () => {
  const { keepAlive, warnings } = readMqtt({ settings: { keepAlive: 0 } });
  assert.equal(keepAlive, 60);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0]?.message ?? "",
    /setting \/keepAlive: 0 does not switch keep alive off; 60 s is used\. Cure: write the number of seconds/,
  );
  const other = readMqtt({ settings: { keepAlive: 17 } });
  assert.deepEqual([other.keepAlive, other.warnings], [17, []]);
});

test("MQTT: files that are missing, damaged, or do not belong together (R19, R20, R88–R90, R128–R130, R135)", async () => {
  const certificates = { "c.crt": readFileSync(mqttClient.certFile), "ca.crt": readFileSync(ca.certFile) };
  assertOne(
    () => readMqtt({ certificates: { "c.crt": certificates["c.crt"] } }),
    /mqtt\/publisher\/ca\.crt: the file does not exist \(named by .*\/security\/trustStore\/0\)/,
  );
  assertOne(
    () => readMqtt({ keys: { "c.key": readFileSync(client.keyFile) } }),
    /c\.key: the private key does not match the certificate HW-IDS:.*\/c\.crt/,
  );
  assertOne(
    () => readMqtt({ certificates: { ...certificates, "c.crt": der(mqttClient) } }),
    /c\.crt: it holds no certificate in PEM form/,
  );
  assertOne(
    () => readMqtt({ keys: { "c.key": derKey(mqttClient, ["pkcs8", "-topk8", "-nocrypt"]) } }),
    /c\.key: it is not in PEM form/,
  );
  const ec = await pki.issue({ name: "ec", use: "tls-client", issuer: ca, key: "ec:P-256" });
  assertOne(
    () => readMqtt({ keys: { "c.key": readFileSync(ec.keyFile) } }),
    /does not match the certificate/,
  );
  assert.deepEqual(
    faults(() =>
      readMqtt({
        certificates: { ...certificates, "c.crt": readFileSync(ec.certFile) },
        keys: { "c.key": readFileSync(ec.keyFile) },
      }),
    ),
    [],
  );
  const weak = await pki.issue({ name: "weak", use: "tls-client", issuer: ca, key: "rsa:1024" });
  assertOne(
    () =>
      readMqtt({
        certificates: { ...certificates, "c.crt": readFileSync(weak.certFile) },
        keys: { "c.key": readFileSync(weak.keyFile) },
      }),
    /the RSA key has only 1024 bits .*Cure: use a key of at least 2048 bits/,
  );
});

test("revocation lists: every .crl beside the trusted certificates, PEM and DER; a file that is none is a fault (R133, L25)", () => {
  const config = "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=30\n";
  writeFileSync(join(folder, "ca.cnf"), config);
  writeFileSync(join(folder, "index"), "");
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder });
  const list = openssl("ca", "-config", "ca.cnf", "-cert", ca.certFile, "-keyfile", ca.keyFile, "-gencrl");
  writeFileSync(join(folder, "list.pem"), list);
  const binary = openssl("crl", "-in", "list.pem", "-outform", "DER");
  const certificates = { "c.crt": readFileSync(mqttClient.certFile), "ca.crt": readFileSync(ca.certFile) };
  const lists = {
    "a.crl": list,
    "B.CRL": binary,
    "both.crl": Buffer.concat([list, list]),
    "a.crl.txt": Buffer.from("x"),
  };
  const expected = openssl("crl", "-in", "list.pem").toString();
  const found = readMqtt({ certificates: { ...certificates, ...lists } }).revocationLists;
  assert.deepEqual(found, [expected, expected, expected, expected]);
  const own = { "c.crt": der(client), "s.crt": der(server) };
  const read = readOpcUa({ certificates: { ...own, ...lists } }).revocationLists;
  assert.deepEqual(
    read.map(({ der }) => der),
    [binary, binary, binary, binary],
  );
  assert.match(read[0]?.file ?? "", /^HW-IDS:.*opc_ua\/client\/.*\.crl$/i);
  assert.deepEqual(readMqtt().revocationLists, []);
  for (const bytes of [Buffer.from("hello"), Buffer.alloc(0), certificates["ca.crt"]]) {
    const line =
      /certs\/transfer\/mqtt\/publisher\/a\.crl: it (?:is not a readable|holds no) certificate revocation list/;
    assertOne(() => readMqtt({ certificates: { ...certificates, "a.crl": bytes } }), line);
    assertOne(
      () => readOpcUa({ certificates: { ...own, "a.crl": bytes } }),
      /opc_ua\/client\/a\.crl: it (?:is|holds)/,
    );
  }
});

test("two faults are two lines", () => {
  assert.equal(faults(() => readMqtt({ certificates: {}, keys: {} })).length, 3);
});

test("links, devices, pipes and giants on the card are refused, not followed", () => {
  const directory = join(folder, "odd");
  mkdirSync(directory);
  writeFileSync(join(directory, "giant"), Buffer.alloc(2000));
  symlinkSync("/etc/passwd", join(directory, "link"));
  execFileSync("mkfifo", [join(directory, "pipe")]);
  const problem = (name: string) => {
    const file = readRawFile(join(directory, name), 1000);
    return "problem" in file ? file.problem : file.bytes.toString();
  };
  assert.equal(problem("link"), "the file is a symbolic link");
  assert.equal(problem("pipe"), "it is not a regular file");
  assert.equal(problem("giant"), "it is 2000 bytes long, more than the 1000 that are read");
  assert.equal(problem("."), "it is a directory");
  assert.equal(problem("nothing"), "the file does not exist");
});

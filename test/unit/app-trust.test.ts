/** Who is trusted: certificates and keys from the operator's files, and the decision about the OPC UA server. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { MessageSecurityMode } from "node-opcua-client";
import { chooseEndpoint, NoEndpointError } from "../../app/cells/opcua/endpoint.ts";
import { checkServerCertificate, UntrustedServerError } from "../../app/cells/opcua/trust.ts";
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
let foreignCa: Certificate;
let server: Certificate;
let client: Certificate;
let mqttClient: Certificate;

before(async () => {
  ca = await pki.issue({ name: "ca", use: "ca" });
  foreignCa = await pki.issue({ name: "foreign-ca", use: "ca" });
  server = await pki.issue({ name: "server", use: "opcua", altNames: ["URI:urn:test:server"] });
  client = await pki.issue({ name: "client", use: "opcua", altNames: [`URI:${URI}`] });
  mqttClient = await pki.issue({ name: "mqtt-client", use: "tls-client", issuer: ca });
});
after(remove);

const der = (certificate: Certificate): Buffer => readFileSync(certificate.derFile);
const NOW = new Date();
const DAYS = 24 * 3600 * 1000;

function refusal(presented: Buffer, trusted: readonly Certificate[], now = NOW): string {
  try {
    checkServerCertificate({ presented, trusted: trusted.map(der), now });
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof UntrustedServerError, String(error));
    return error.message;
  }
}

test("a server whose certificate is in the list is accepted, exactly that one", () => {
  assert.equal(refusal(der(server), [client, server]), "accepted");
  assert.match(
    refusal(der(server), [client]),
    /^the server's certificate is not in trustList; the server sent the certificate of "server", SHA-1 [0-9a-f]{40}, valid \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d\. Cure: /,
  );
  assert.match(refusal(der(server), []), /not in trustList/);
});

test("a server that shows no certificate is refused", () => {
  assert.match(refusal(Buffer.alloc(0), [server]), /the server has no certificate/);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
      assert.match(refusal(Buffer.from(bytes), [server]), /can't be read|not in trustList|not valid|expired/);
    }),
  );
});

test("AllowAll accepts any server", () => {
  checkServerCertificate({ presented: Buffer.alloc(0), trusted: null, now: NOW });
});

test("an expired certificate or one of the future is refused, even when it is in the list", () => {
  assert.match(
    refusal(der(server), [server], new Date(NOW.getTime() + 4000 * DAYS)),
    /"server" has expired; .*Cure: renew it/,
  );
  assert.match(
    refusal(der(server), [server], new Date("2001-01-01")),
    /"server" is not valid yet; .*Cure: set the gateway's clock, it shows 2001-01-01/,
  );
});

test("a chain that ends in a trusted authority is accepted, by its signatures and not by its names", async () => {
  const intermediate = await pki.issue({ name: "intermediate", use: "ca", issuer: ca });
  const leaf = await pki.issue({ name: "leaf", use: "opcua", issuer: intermediate });
  const direct = await pki.issue({ name: "direct", use: "opcua", issuer: ca });
  const chain = Buffer.concat([der(leaf), der(intermediate)]);
  assert.equal(refusal(der(direct), [ca]), "accepted");
  assert.equal(refusal(chain, [ca]), "accepted");
  assert.equal(refusal(der(leaf), [intermediate]), "accepted");
  assert.match(refusal(der(leaf), [ca]), /not in trustList/, "the intermediate certificate is missing");
  assert.match(refusal(chain, [foreignCa]), /not in trustList/);
  // Same name, other key.
  const pretender = await new Pki(join(folder, "pretender")).issue({ name: "ca", use: "ca" });
  const forged = await pki.issue({ name: "forged", use: "opcua", issuer: pretender });
  assert.match(refusal(der(forged), [ca]), /not in trustList/);
  assert.match(refusal(Buffer.concat([der(forged), der(pretender)]), [ca]), /not in trustList/);
});

test("a trusted certificate that is no authority vouches for nobody", async () => {
  const child = await pki.issue({ name: "child", use: "opcua", issuer: server });
  assert.match(refusal(der(child), [server]), /not in trustList/);
  assert.match(refusal(Buffer.concat([der(child), der(server)]), [server]), /not in trustList/);
});

test("an expired authority vouches for nobody", async () => {
  const old = await pki.issue({ name: "old-ca", use: "ca", validFromDays: -20, validToDays: -1 });
  const leaf = await pki.issue({ name: "of-old", use: "opcua", issuer: old });
  assert.match(refusal(der(leaf), [old]), /"old-ca" has expired/);
});

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

function readMqtt(change: { certificates?: Record<string, Buffer>; keys?: Record<string, Buffer> } = {}) {
  const security = { clientPkiData: { certificate: "c.crt", privateKey: "c.key" }, trustStore: ["ca.crt"] };
  write(MQTT_PATHS, {
    settings: {
      id: 0,
      name: "Test 1",
      serverUri: "ssl://broker",
      security,
      userCredentials: null,
      topics: [{ id: 1, name: "a", topicName: "a" }],
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

test("the defaults of the OPC UA settings", () => {
  const settings = readOpcUa();
  const { mode, policy, readingCycle, url, user, heartbeat, warnings } = settings;
  assert.deepEqual(
    { mode, policy, readingCycle, url, user, heartbeat, warnings },
    {
      mode: "SignAndEncrypt",
      policy: "Basic256Sha256",
      readingCycle: 1,
      url: "opc.tcp://plc:4840",
      user: null,
      heartbeat: null,
      warnings: [],
    },
  );
  assert.equal(settings.identity?.applicationUri, URI);
});

test("certificates and keys for OPC UA are read as PEM and as DER, PKCS#8 and PKCS#1", () => {
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

test("OPC UA: files that are missing, damaged, or do not belong together", () => {
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

test("OPC UA: a secured mode without certificate or without anyone to trust", () => {
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

test("OPC UA: weak settings work and are told", () => {
  const texts = (security: unknown, userCredentials: unknown = null) =>
    readOpcUa({ settings: { security, userCredentials } }).warnings.map(({ problem }) => problem);
  assert.deepEqual(texts(null), ["the connection is neither encrypted nor signed"]);
  assert.deepEqual(texts({ mode: "None", policy: "None" }, { username: "u", password: "p" }), [
    "the connection is neither encrypted nor signed; the password travels in plain text",
  ]);
  assert.deepEqual(texts({ ...OPCUA_SETTINGS.security, trustList: "AllowAll" }), [
    "AllowAll: any server is accepted, also one that only pretends",
  ]);
  assert.equal(readOpcUa({ settings: { security: null } }).identity, null);
});

test("OPC UA: a client certificate without application URI is refused", async () => {
  const plain = await pki.issue({ name: "plain", use: "opcua" });
  assertOne(
    () =>
      readOpcUa({
        certificates: { "c.crt": der(plain), "s.crt": der(server) },
        keys: { "c.key": readFileSync(plain.keyFile) },
      }),
    /c\.crt: the client certificate names no application URI/,
  );
});

test("the defaults of the MQTT settings", () => {
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

test("MQTT: files that are missing, damaged, or do not belong together", async () => {
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

const POLICY = "http://opcfoundation.org/UA/SecurityPolicy#";
function endpoint(mode: MessageSecurityMode, policy: string, token: number | null, level = 0) {
  return {
    endpointUrl: "opc.tcp://plc:4840",
    securityMode: mode,
    securityPolicyUri: POLICY + policy,
    securityLevel: level,
    serverCertificate: Buffer.from([1]),
    userIdentityTokens: token === null ? [] : [{ tokenType: token }],
  } as unknown as Parameters<typeof chooseEndpoint>[0][number];
}
const ANONYMOUS = 0;
const USER = 1;
const { None, Sign, SignAndEncrypt } = MessageSecurityMode;

test("the endpoint: exactly what is set, the strongest for Any, with the right login", () => {
  const offers = [
    endpoint(None, "None", ANONYMOUS, 9),
    endpoint(Sign, "Basic256Sha256", ANONYMOUS),
    endpoint(SignAndEncrypt, "Basic256Sha256", USER),
    endpoint(SignAndEncrypt, "Basic256Sha256", ANONYMOUS),
    endpoint(SignAndEncrypt, "Aes256_Sha256_RsaPss", ANONYMOUS),
    endpoint(SignAndEncrypt, "FromTheFuture", ANONYMOUS, 99),
  ];
  const choose = (mode: string, policy: string, user: OpcUaSettings["user"] = null) => {
    const settings = { mode, policy, user } as unknown as OpcUaSettings;
    const { mode: chosen, policy: uri, weak } = chooseEndpoint(offers, settings);
    return `${MessageSecurityMode[chosen]} ${uri.replace(POLICY, "")}${weak ? " weak" : ""}`;
  };
  assert.equal(choose("SignAndEncrypt", "Basic256Sha256"), "SignAndEncrypt Basic256Sha256");
  assert.equal(choose("Any", "Any"), "SignAndEncrypt Aes256_Sha256_RsaPss");
  assert.equal(choose("Sign", "Any"), "Sign Basic256Sha256");
  assert.equal(choose("Any", "Any", { name: "u", password: "p" }), "SignAndEncrypt Basic256Sha256");
  assert.equal(choose("None", "None"), "None None");
  assert.throws(
    () => choose("Sign", "Basic256"),
    (error) =>
      error instanceof NoEndpointError &&
      /no endpoint with mode Sign, policy Basic256 and anonymous login; it offers None\/None for Anonymous, Sign\/Basic256Sha256 for Anonymous, .*Cure:/.test(
        error.message,
      ),
  );
  const open = chooseEndpoint([endpoint(None, "None", ANONYMOUS)], {
    mode: "Any",
    policy: "Any",
    user: null,
  } as unknown as OpcUaSettings);
  assert.equal(open.weak, true);
});

/** Every rule of the configuration, by its name: what breaks it, and the line that the operator gets. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { parseLogSettings } from "../../app/cells/log/log-settings.ts";
import { certificateFacts } from "../../app/config/certificate-facts.ts";
import { checkConfiguration, type RawConfiguration } from "../../app/config/check.ts";
import { ConfigFault } from "../../app/config/fault.ts";
import { ABSENT, type RawFile } from "../../app/config/raw-files.ts";
import { fillIn, RULES, type Rule, type RuleId } from "../../app/config/rules.ts";
import { SCHEMAS } from "../../app/config/validators.ts";
import { type Certificate, Pki } from "../lab/pki.ts";
import { makeFolder } from "./app-folder.ts";

const { folder, remove } = makeFolder();
const pki = new Pki(join(folder, "pki"));
const made = new Map<string, Certificate>();
after(remove);

const URI = ["URI:urn:test:gateway"];
const certOf = (name: string): Buffer => readFileSync(made.get(name)?.certFile ?? assert.fail(name));
const derOf = (name: string): Buffer => readFileSync(made.get(name)?.derFile ?? assert.fail(name));
const keyOf = (name: string): Buffer => readFileSync(made.get(name)?.keyFile ?? assert.fail(name));
const openssl = (...args: string[]): Buffer => execFileSync("openssl", args, { cwd: folder });

/** A self-signed certificate of the openssl command's own making: `-sha1`, `-subj`, `-addext`. */
function selfSigned(name: string, ...args: string[]): void {
  const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const derFile = join(folder, `${name}.der`);
  const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", keyFile, "-out", certFile];
  execFileSync("openssl", ["req", "-x509", ...key, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  openssl("x509", "-in", certFile, "-outform", "DER", "-out", derFile);
  made.set(name, { name, certFile, keyFile, derFile });
}

before(async () => {
  const issue = async (options: Parameters<Pki["issue"]>[0]) => {
    made.set(options.name, await pki.issue(options));
  };
  await issue({ name: "ca", use: "ca" });
  await issue({ name: "server", use: "opcua", altNames: ["URI:urn:test:server"] });
  await issue({ name: "client", use: "opcua", altNames: URI });
  await issue({ name: "plain", use: "opcua" });
  await issue({ name: "old", use: "opcua", altNames: URI, validFromDays: -9, validToDays: -2 });
  await issue({ name: "early", use: "opcua", altNames: URI, validFromDays: 9 });
  await issue({ name: "short", use: "opcua", altNames: URI, key: "rsa:1024" });
  await issue({ name: "ec", use: "tls-client", key: "ec:P-256", altNames: URI });
  await issue({ name: "mqtt", use: "tls-client", issuer: made.get("ca") as Certificate });
  await issue({ name: "tls-server", use: "tls-server", altNames: URI });
  selfSigned("sha1", "-sha1", "-subj", "/O=o/CN=c", "-addext", "subjectAltName=URI:urn:x");
  selfSigned("nameless", "-subj", "/C=DE", "-addext", "subjectAltName=URI:urn:x");
});

type Json = Record<string, unknown>;
interface Site {
  opcua: Json & { security: Json; heartbeat: Json; nodes: Json[] };
  mqtt: Json & { security: Json; topics: Json[] };
  guide: unknown;
  certificates: Record<string, Buffer>;
  keys: Record<string, Buffer>;
}

const sample = (name: string): string =>
  readFileSync(new URL(`../../app/config/samples/${name}`, import.meta.url), "utf8");

/** The samples with the files that they name: no rule is broken. */
function goodSite(): Site {
  return {
    opcua: JSON.parse(sample("OpcUaClientSettings-0.json")),
    mqtt: JSON.parse(sample("MqttPublisherSettings-0.json")),
    guide: undefined,
    certificates: {
      "opc-ua-client.crt": certOf("client"),
      "opc-ua-server.crt": derOf("server"),
      "mqtt-client.crt": certOf("mqtt"),
      "mqtt-ca.crt": certOf("ca"),
    },
    keys: { "opc-ua-client.key": keyOf("client"), "mqtt-client.key": keyOf("mqtt") },
  };
}

const text = (value: unknown): RawFile => ({ bytes: Buffer.from(JSON.stringify(value, null, 1)) });
const files = (all: Record<string, Buffer>): Map<string, RawFile> =>
  new Map(Object.entries(all).map(([name, bytes]) => [name, { bytes }]));

function rawOf(site: Site): RawConfiguration {
  const side = (settings: unknown) => ({
    settings: text(settings),
    certificates: files(site.certificates),
    privateKeys: files(site.keys),
  });
  return {
    opcua: side(site.opcua),
    mqtt: side(site.mqtt),
    guide: site.guide === undefined ? ABSENT : text(site.guide),
  };
}

/** The configuration with one thing changed; what is returned replaces the raw files. */
function check(edit: (site: Site) => unknown): ConfigFault[] {
  const site = goodSite();
  edit(site);
  return checkConfiguration(rawOf(site));
}

/** Settings files that are no JSON. */
function checkText(bytes: RawFile): ConfigFault[] {
  const raw = rawOf(goodSite());
  return checkConfiguration({ ...raw, opcua: { ...raw.opcua, settings: bytes } });
}

function logFault(content: string): ConfigFault[] {
  try {
    parseLogSettings(content);
  } catch (error) {
    assert.ok(error instanceof ConfigFault);
    return [error];
  }
  return [];
}

const GUIDE = { id: 0, receivingHubId: 0, sendingHubId: 0 };
const road = (...pairs: readonly (readonly [number, number])[]) => ({
  ...GUIDE,
  roadmap: pairs.map(([sourcePortId, targetPortId]) => ({ sourcePortId, targetPortId })),
});
const client = (site: Site, name: string): void => {
  site.certificates["opc-ua-client.crt"] = certOf(name);
  site.keys["opc-ua-client.key"] = keyOf(name);
};
const node = (site: Site, index: number, change: Json): void =>
  void Object.assign(site.opcua.nodes[index] ?? {}, change);
const topic = (site: Site, index: number, change: Json): void =>
  void Object.assign(site.mqtt.topics[index] ?? {}, change);

/** Rule → what breaks it (and nothing else, unless `also` says so), and its message. */
const CASES: Readonly<
  Record<RuleId, { faults: () => ConfigFault[]; message: RegExp; also?: readonly RuleId[] }>
> = {
  "file-unreadable": {
    faults: () => checkText({ problem: "the file is a symbolic link", absent: false }),
    message:
      /^HW-IDS:\/app\/Core\/config\/transfer\/opc_ua\/client\/OpcUaClientSettings-0\.json: the file is a symbolic link\. Cure: put the file there/,
  },
  "file-not-utf8": {
    faults: () => checkText({ bytes: Buffer.from([0x7b, 0xff]) }),
    message: /OpcUaClientSettings-0\.json: it is not UTF-8 text\. Cure: save the file/,
  },
  "json-syntax": {
    faults: () => checkText({ bytes: Buffer.from('{"id": }') }),
    message:
      /-0\.json, line 1, column 8: not valid JSON: expected a value, found '}'\. Cure: write a value there/,
  },
  "more-faults": {
    faults: () =>
      check((s) => (s.opcua.nodes = Array.from({ length: 50 }, () => ({ id: 1.5, name: "n", nodeId: "x" })))),
    message: /OpcUaClientSettings-0\.json: 80 more faults\. Cure: correct the ones above first/,
    also: ["setting-type", "node-id", "name-twice"],
  },
  "setting-missing": {
    faults: () => check((s) => delete s.mqtt.name),
    message: /the required setting "name" is missing\. Cure: add "name"/,
  },
  "setting-unknown": {
    faults: () => check((s) => (s.opcua.readingcycle = 5)),
    message: /setting \/readingcycle: there is no such setting, it has no effect/,
  },
  "setting-type": {
    faults: () => check((s) => (s.opcua.name = 5)),
    message: /setting \/name: must be a text in double quotes, but is the number 5/,
  },
  "setting-choice": {
    faults: () => check((s) => (s.mqtt.qualityOfService = 3)),
    message: /setting \/qualityOfService: must be one of 0, 1, 2, but is the number 3/,
  },
  "setting-range": {
    faults: () => check((s) => (s.mqtt.keepAlive = 65536)),
    message: /setting \/keepAlive: must be <= 65535, but is the number 65536/,
  },
  "file-name": {
    faults: () => check((s) => (s.opcua.security.trustList = ["a/b", ".."])),
    message: /setting \/security\/trustList\/0: must be a bare file name, without \/ or \\, but is "a\/b"/,
  },
  "password-without-user": {
    faults: () => check((s) => (s.mqtt.userCredentials = { password: "9iP4~c*kR#7vWq!sZ2mLx@eTy" })),
    message: /setting \/userCredentials: "password" is given without "username"/,
  },
  "opcua-url": {
    faults: () => check((s) => (s.opcua.url = "http://plc")),
    message: /setting \/url: must be written opc\.tcp:\/\/HOST:PORT, but is "http:\/\/plc"/,
  },
  "broker-uri": {
    faults: () => check((s) => (s.mqtt.serverUri = "tcp://broker:1883")),
    message: /setting \/serverUri: must be written ssl:\/\/HOST:PORT, but is "tcp:\/\/broker:1883"/,
  },
  "tcp-port": {
    faults: () => check((s) => (s.mqtt.serverUri = "ssl://broker:70000")),
    message: /setting \/serverUri: there is no port 70000\. Cure: write a port from 1 to 65535/,
  },
  "node-id": {
    faults: () => check((s) => node(s, 0, { nodeId: "i=2045" })),
    message:
      /setting \/nodes\/0\/nodeId: must be written ns=INDEX;i=NUMBER or ns=INDEX;s=TEXT, but is "i=2045"/,
  },
  "node-namespace": {
    faults: () => check((s) => node(s, 0, { nodeId: "ns=65536;i=1" })),
    message: /setting \/nodes\/0\/nodeId: the namespace index is larger than 65535/,
  },
  "node-number": {
    faults: () => check((s) => node(s, 0, { nodeId: "ns=1;i=4294967296" })),
    message: /setting \/nodes\/0\/nodeId: the number is larger than 4294967295/,
  },
  "topic-wildcard": {
    faults: () => check((s) => topic(s, 0, { topicName: "a/#" })),
    message: /setting \/topics\/0\/topicName: must not contain \+ or # .*, but is "a\/#"/,
  },
  "topic-nul": {
    faults: () => check((s) => topic(s, 0, { topicName: "a\u0000" })),
    message: /setting \/topics\/0\/topicName: must not contain a NUL character/,
  },
  "topic-empty": {
    faults: () => check((s) => (s.mqtt.lastWill = { topicName: "", message: "m" })),
    message: /setting \/lastWill\/topicName: the topic is empty/,
  },
  "topic-utf8": {
    faults: () => check((s) => topic(s, 0, { topicName: "ä".repeat(40000) })),
    message: /setting \/topics\/0\/topicName: the topic is not valid UTF-8 of at most 65535 bytes/,
  },
  "topic-dollar": {
    faults: () => check((s) => topic(s, 0, { topicName: "a/$b" })),
    message: /setting \/topics\/0\/topicName: \$ is not recommended/,
  },
  "id-twice": {
    faults: () => check((s) => node(s, 1, { id: 0 })),
    message: /setting \/nodes\/1\/id: the id 0 is already used at \/heartbeat/,
    also: ["ids-differ"],
  },
  "name-twice": {
    faults: () => check((s) => topic(s, 2, { name: "Temperature" })),
    message: /setting \/topics\/2\/name: the name is already used at \/topics\/1/,
    also: ["ids-differ", "node-without-topic"],
  },
  "node-without-topic": {
    faults: () => check((s) => s.mqtt.topics.pop()),
    message:
      /OpcUaClientSettings-0\.json, line \d+, column \d+, setting \/nodes\/1\/name: no topic is named "Speed"/,
  },
  "topic-without-node": {
    faults: () => check((s) => s.opcua.nodes.pop()),
    message: /setting \/topics\/2\/name: no node is named "Speed", nothing is published to its topic/,
  },
  "ids-differ": {
    faults: () => check((s) => topic(s, 1, { id: 7 })),
    message:
      /setting \/nodes\/0\/id: id 1 differs from the id 7 of the topic with the same name; the name decides/,
  },
  "hub-receiving": {
    faults: () => check((s) => (s.guide = { ...GUIDE, receivingHubId: 4 })),
    message:
      /navigation\/GuideSettings-0\.json, line 3, column 20, setting \/receivingHubId: receivingHubId is 4, but the id in OpcUaClientSettings-0\.json is 0/,
  },
  "hub-sending": {
    faults: () => check((s) => (s.guide = { ...GUIDE, sendingHubId: 4 })),
    message: /setting \/sendingHubId: sendingHubId is 4, but the id in MqttPublisherSettings-0\.json is 0/,
  },
  "hub-not-zero": {
    faults: () => check((s) => (s.mqtt.id = 3)),
    message:
      /MqttPublisherSettings-0\.json.*setting \/id: the id is 3, but the only instance has the number 0/,
  },
  "route-source-twice": {
    faults: () => check((s) => (s.guide = road([0, 0], [1, 1], [2, 2], [1, 2]))),
    message: /setting \/roadmap\/3\/sourcePortId: the source port 1 has a route already at \/roadmap\/1/,
  },
  "route-target-twice": {
    faults: () => check((s) => (s.guide = road([0, 0], [1, 1], [2, 1]))),
    message:
      /setting \/roadmap\/2\/targetPortId: the target port 1 is fed already by the route at \/roadmap\/1/,
  },
  "route-source-unknown": {
    faults: () => check((s) => (s.guide = road([0, 0], [1, 1], [2, 2], [3, 1]))),
    message: /setting \/roadmap\/3\/sourcePortId: no node and no heartbeat has the id 3/,
  },
  "route-target-unknown": {
    faults: () => check((s) => (s.guide = road([0, 0], [1, 1], [2, 9]))),
    message: /setting \/roadmap\/2\/targetPortId: no topic has the id 9/,
    also: ["node-without-route"],
  },
  "node-without-route": {
    faults: () => check((s) => (s.guide = road([0, 0], [2, 2]))),
    message:
      /OpcUaClientSettings-0\.json.*setting \/nodes\/0\/id: GuideSettings-0\.json has no working route from id 1/,
  },
  "security-off": {
    faults: () => check((s) => Object.assign(s.opcua, { security: null, userCredentials: null })),
    message: /setting \/security: the connection is neither encrypted nor signed\. Cure: use SignAndEncrypt/,
    also: ["anonymous"],
  },
  "password-open": {
    faults: () => check((s) => (s.opcua.security.mode = "None")),
    message: /setting \/security: .*neither encrypted nor signed; the password travels in plain text/,
  },
  "security-any": {
    faults: () => check((s) => (s.opcua.security.policy = "Any")),
    message: /setting \/security\/policy: Any: the server decides/,
  },
  "policy-obsolete": {
    faults: () => check((s) => (s.opcua.security.policy = "Basic256")),
    message: /setting \/security\/policy: Basic256 rests on SHA-1 and is obsolete/,
  },
  "trust-all": {
    faults: () => check((s) => (s.opcua.security.trustList = "AllowAll")),
    message: /setting \/security\/trustList: AllowAll: any server is accepted/,
  },
  anonymous: {
    faults: () => check((s) => delete s.opcua.userCredentials),
    message: /OpcUaClientSettings-0\.json.*setting \/userCredentials: the client logs in anonymously/,
  },
  "password-weak": {
    faults: () => check((s) => (s.mqtt.userCredentials = { username: "u", password: "Short-1" })),
    message: /setting \/userCredentials\/password: the password has fewer than 14 characters, or not all/,
  },
  "password-shared": {
    faults: () => check((s) => (s.mqtt.userCredentials = s.opcua.userCredentials)),
    message: /MqttPublisherSettings-0\.json.*the password is the same as in OpcUaClientSettings-0\.json/,
  },
  "keep-alive-zero": {
    faults: () => check((s) => (s.mqtt.keepAlive = 0)),
    message: /setting \/keepAlive: 0 does not switch keep alive off; 60 s is used/,
  },
  "identity-missing": {
    faults: () => check((s) => delete s.opcua.security.clientPkiData),
    message: /setting \/security: mode SignAndEncrypt needs a client certificate and key/,
  },
  "trust-nobody": {
    faults: () => check((s) => (s.opcua.security.trustList = [])),
    message: /setting \/security: no server certificate is trusted/,
  },
  "pki-file-unreadable": {
    faults: () => check((s) => delete s.certificates["mqtt-ca.crt"]),
    message:
      /publisher\/mqtt-ca\.crt: the file does not exist \(named by MqttPublisherSettings-0\.json \/security\/trustStore\/0\)\. Cure: put/,
  },
  "pki-file-empty": {
    faults: () => check((s) => (s.keys["mqtt-client.key"] = Buffer.alloc(0))),
    message: /private\/transfer\/mqtt\/publisher\/mqtt-client\.key: the file is empty/,
  },
  "certificate-unreadable": {
    faults: () => check((s) => (s.certificates["opc-ua-server.crt"] = Buffer.from("hello"))),
    message: /opc-ua-server\.crt: it is not a readable certificate \(.+\)/,
  },
  "certificate-none": {
    faults: () => check((s) => (s.certificates["opc-ua-server.crt"] = keyOf("server"))),
    message: /opc-ua-server\.crt: it holds no certificate \(named/,
  },
  "certificate-not-pem": {
    faults: () => check((s) => (s.certificates["mqtt-ca.crt"] = derOf("ca"))),
    message: /mqtt-ca\.crt: it holds no certificate in PEM form/,
  },
  "certificate-no-uri": {
    faults: () => check((s) => client(s, "plain")),
    message: /opc-ua-client\.crt: the client certificate names no application URI/,
  },
  "certificate-subject": {
    faults: () => check((s) => client(s, "nameless")),
    message:
      /opc-ua-client\.crt: the client certificate's subject names no common name \(CN\) and no organization \(O\)/,
  },
  "certificate-usage": {
    faults: () => check((s) => client(s, "tls-server")),
    message:
      /opc-ua-client\.crt: the client certificate is not made for non-repudiation, data encipherment, client authentication; the other side/,
  },
  "certificate-expired": {
    faults: () => check((s) => client(s, "old")),
    message:
      /opc-ua-client\.crt: the certificate has expired on \d{4}-\d\d-\d\d; the gateway's clock shows \d{4}-/,
  },
  "certificate-early": {
    faults: () => check((s) => (s.certificates["opc-ua-server.crt"] = certOf("early"))),
    message:
      /opc-ua-server\.crt: the certificate is valid from \d{4}-\d\d-\d\d only; .*\/security\/trustList\/0/,
  },
  "certificate-hash": {
    faults: () => check((s) => client(s, "sha1")),
    message: /opc-ua-client\.crt: the certificate is signed with SHA-1, which can be forged/,
  },
  "certificate-hash-old": {
    faults: () =>
      check((s) => {
        client(s, "sha1");
        s.opcua.security.policy = "Basic256";
      }),
    message: /opc-ua-client\.crt: the certificate is signed with SHA-1/,
    also: ["policy-obsolete"],
  },
  "key-unreadable": {
    faults: () =>
      check(
        (s) =>
          (s.keys["mqtt-client.key"] = Buffer.from(
            keyOf("mqtt")
              .toString()
              .replace(/\n[^-\n]{60}/, "\n"),
          )),
      ),
    message: /mqtt-client\.key: the private key can't be read \(.+\)/,
  },
  "key-locked": {
    faults: () =>
      check((s) => {
        const file = made.get("client")?.keyFile ?? "";
        s.keys["opc-ua-client.key"] = openssl("pkcs8", "-topk8", "-passout", "pass:x", "-in", file);
      }),
    message: /opc-ua-client\.key: the private key is protected by a pass phrase/,
  },
  "key-none": {
    faults: () => check((s) => (s.keys["mqtt-client.key"] = certOf("mqtt"))),
    message: /mqtt-client\.key: it holds no private key/,
  },
  "key-form": {
    faults: () => check((s) => (s.keys["opc-ua-client.key"] = Buffer.from("hello"))),
    message: /opc-ua-client\.key: it is neither a PEM nor a DER private key/,
  },
  "key-not-pem": {
    faults: () => check((s) => (s.keys["mqtt-client.key"] = derOf("mqtt"))),
    message: /mqtt-client\.key: it is not in PEM form/,
  },
  "key-not-rsa": {
    faults: () => check((s) => client(s, "ec")),
    message: /opc-ua-client\.key: it is not an RSA key, which all security policies need/,
  },
  "key-short": {
    faults: () => check((s) => client(s, "short")),
    message: /opc-ua-client\.key: the RSA key has only 1024 bits .*Cure: use a key of at least 2048 bits/,
  },
  "key-size": {
    faults: () =>
      check((s) => {
        client(s, "short");
        s.opcua.security.policy = "Basic128Rsa15";
      }),
    message: /opc-ua-client\.key: the RSA key has 1024 bits, but security policies are made for 2048 to 4096/,
    also: ["policy-obsolete"],
  },
  "key-mismatch": {
    faults: () => check((s) => (s.keys["opc-ua-client.key"] = keyOf("server"))),
    message:
      /opc-ua-client\.key: the private key does not match the certificate HW-IDS:\/.*\/opc-ua-client\.crt/,
  },
  "revocation-list": {
    faults: () => check((s) => (s.certificates["x.crl"] = Buffer.from("hello"))),
    message: /client\/x\.crl: it is not a readable certificate revocation list \(.+\)/,
  },
  "log-limit": {
    faults: () => logFault("LogFileSizeLimit=ten\n"),
    message:
      /^HW-LOG:\/logs\/\.log, line 1, column 1: LogFileSizeLimit must be a positive number of bytes; no health log is written\. Cure: write LogFileSizeLimit=<bytes>, for example LogFileSizeLimit=100000000/,
  },
  "log-file": {
    faults: () => [
      new ConfigFault({
        rule: "log-file",
        file: "HW-LOG:/logs/.log",
        values: { reason: "it is a directory" },
      }),
    ],
    message: /^HW-LOG:\/logs\/\.log: it is a directory\. Cure: correct the file on the card/,
  },
};

test("a configuration without any weakness breaks no rule", () => {
  assert.deepEqual(
    check(() => undefined).map(({ message }) => message),
    [],
  );
  assert.deepEqual(
    check((s) => (s.guide = road([0, 0], [1, 1], [2, 2]))),
    [],
  );
  assert.deepEqual(
    check((s) => (s.guide = GUIDE)),
    [],
  );
});

for (const [id, { faults, message, also = [] }] of Object.entries(CASES)) {
  test(`rule ${id}`, () => {
    const found = faults();
    const lines = found.map((fault) => `${fault.rule}: ${fault.message}`).join("\n");
    const own = found.find((fault) => fault.rule === id);
    assert.ok(own, lines || "nothing was found");
    assert.match(own.message, message);
    assert.match(own.message, /\. Cure: \S/);
    assert.doesNotMatch(own.message, /\{[a-z]+\}|\n/);
    const rule: Rule = RULES[own.rule];
    assert.equal(own.severity, rule.severity);
    const others = new Set(found.map((fault) => fault.rule).filter((rule) => rule !== id));
    assert.deepEqual([...others].sort(), [...also].sort(), lines);
  });
}

test("what a KISG 100 accepts is accepted: every policy and mode, every optional setting left out or at its ends", () => {
  const errors = (edit: (site: Site) => unknown): string[] =>
    check(edit)
      .filter(({ severity }) => severity === "error")
      .map(({ message }) => message);
  const policies = ["None", "Basic128Rsa15", "Basic256", "Basic256Sha256", "Any", undefined];
  for (const mode of ["None", "Sign", "SignAndEncrypt", "Any", undefined]) {
    for (const policy of policies) {
      const settings = { ...(mode && { mode }), ...(policy && { policy }) };
      const { clientPkiData } = goodSite().opcua.security;
      for (const trustList of [["opc-ua-server.crt"], "AllowAll"])
        assert.deepEqual(
          errors((s) => (s.opcua.security = { ...settings, clientPkiData, trustList })),
          [],
        );
    }
  }
  const accepted: ((site: Site) => unknown)[] = [
    (s) => Object.assign(s.opcua, { security: null, userCredentials: null }),
    (s) => (s.opcua.security = { mode: "None", policy: "None" }),
    (s) => (s.opcua.userCredentials = { username: "u" }),
    (s) => (s.opcua.userCredentials = {}),
    (s) => (s.opcua.url = "opc.tcp://plc-1.local"),
    (s) => (s.opcua.readingCycle = 0),
    (s) =>
      ["description", "readingCycle", "heartbeat", "userCredentials"].forEach(
        (name) => void delete s.opcua[name],
      ),
    (s) => node(s, 0, { nodeId: "ns=0;s=With spaces; = and ä" }),
    (s) => (s.opcua.nodes = s.opcua.nodes.slice(0, 1)),
    (s) =>
      ["description", "clientId", "lastWill", "keepAlive", "qualityOfService"].forEach(
        (name) => void delete s.mqtt[name],
      ),
    (s) => (s.mqtt.userCredentials = { username: "u" }),
    (s) => (s.mqtt.userCredentials = {}),
    (s) => (s.mqtt.userCredentials = null),
    (s) => Object.assign(s.mqtt, { keepAlive: 0, qualityOfService: 0 }),
    (s) => Object.assign(s.mqtt, { keepAlive: 65535, qualityOfService: 2 }),
    (s) => Object.assign(s.mqtt.security, { trustStore: ["mqtt-ca.crt", "mqtt-client.crt"] }),
    (s) => topic(s, 0, { topicName: "/" }),
    (s) => topic(s, 0, { topicName: " with space/$x/" }),
    (s) => (s.guide = road([0, 0], [1, 1], [2, 2])),
  ];
  for (const edit of accepted) assert.deepEqual(errors(edit), [], edit.toString());
});

test("each rule has a case, says what it is about, and is spelled to stay", () => {
  assert.deepEqual(Object.keys(CASES).sort(), Object.keys(RULES).sort());
  for (const [id, rule] of Object.entries(RULES) as [RuleId, Rule][]) {
    assert.match(id, /^[a-z0-9]+(?:-[a-z0-9]+)*$/);
    assert.match(rule.about, /^[RKL]\d+(?: [RKL]\d+)*$/);
    assert.doesNotMatch(rule.text + rule.cure, /\.$|\n/);
  }
});

test("what is wrong in form, in meaning, in files and between files is told at once", () => {
  const found = check((s) => {
    s.opcua.readingCycle = "fast";
    node(s, 0, { nodeId: "x", id: 0 });
    s.opcua.url = "opc.tcp://plc:99999";
    delete s.keys["opc-ua-client.key"];
    s.mqtt.keepAlive = 0;
    topic(s, 1, { topicName: "a+b", name: "Heartbeat" });
    delete s.certificates["mqtt-client.crt"];
    s.guide = { ...GUIDE, roadmap: 5 };
  });
  assert.deepEqual(
    found.map(({ rule, pointer }) => `${rule} ${pointer ?? ""}`.trim()),
    [
      "setting-type /readingCycle",
      "node-id /nodes/0/nodeId",
      "id-twice /nodes/0/id",
      "tcp-port /url",
      "pki-file-unreadable",
      "topic-wildcard /topics/1/topicName",
      "name-twice /topics/1/name",
      "pki-file-unreadable",
      "setting-type /roadmap",
      "keep-alive-zero /keepAlive",
    ],
  );
});

test("whatever stands in the files, the check ends with lines and without an exception", () => {
  const names = [
    "id",
    "name",
    "security",
    "nodes",
    "topics",
    "heartbeat",
    "userCredentials",
    "trustList",
    "url",
  ];
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 1e300, "", "AllowAll", "a+b", "\ud800", "__proto__"),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names, "__proto__", "a/b~c"), tie("any"), { maxKeys: 4 }),
    ),
  })).any;
  fc.assert(
    fc.property(
      fc.constantFrom("opcua", "mqtt"),
      fc.constantFrom(...names, "lastWill"),
      value,
      (side, name, junk) => {
        const found = check((s) => {
          s[side][name] = junk;
        });
        for (const fault of found) assert.ok(fault.rule in RULES && fault.message.length > 0);
      },
    ),
    { numRuns: 60 },
  );
});

test("faults in a form do not hide others: what is taken out of one part leaves the rest", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.constantFrom("name", "url", "readingCycle", "heartbeat"), { minLength: 1 }),
      (broken) => {
        const found = check((s) => {
          for (const name of broken) (s.opcua as Json)[name] = [];
          node(s, 1, { nodeId: "ns=70000;i=1" });
        });
        const rules = found.filter(({ severity }) => severity === "error").map(({ pointer }) => pointer);
        assert.deepEqual([...rules].sort(), [...broken.map((name) => `/${name}`), "/nodes/1/nodeId"].sort());
      },
    ),
    { numRuns: 15 },
  );
});

test("passwords of four kinds of characters, 14 or more, are not called weak", () => {
  const weak = (password: string): boolean =>
    check((s) => (s.mqtt.userCredentials = { username: "u", password })).some(
      ({ rule }) => rule === "password-weak",
    );
  for (const password of ["Aa1!Aa1!Aa1!Aa", "correct Horse 4 battery"]) assert.equal(weak(password), false);
  for (const password of [
    "",
    "Aa1!Aa1!Aa1!A",
    "aa1!aa1!aa1!aa1!",
    "AA1!AA1!AA1!AA1!",
    "Aaa!Aaa!Aaa!Aaa!",
    "Aa11Aa11Aa11Aa11",
  ])
    assert.equal(weak(password), true);
});

test("facts of a certificate, with the openssl command as the judge; a damaged one throws", () => {
  for (const name of ["client", "mqtt", "ec", "early", "sha1", "nameless"]) {
    const facts = certificateFacts(derOf(name));
    const file = made.get(name)?.certFile ?? "";
    const said = openssl("x509", "-in", file, "-noout", "-text", "-dates", "-dateopt", "iso_8601").toString();
    const date = (label: string) =>
      new Date(said.match(new RegExp(`${label}=(\\S+ \\S+)`))?.[1]?.replace(" ", "T") ?? "");
    assert.deepEqual([facts.notBefore, facts.notAfter], [date("notBefore"), date("notAfter")]);
    assert.equal(facts.uri, /URI:(\S+)/.exec(said)?.[1] ?? null);
    assert.equal(facts.weakHash !== null, said.includes("sha1WithRSAEncryption"));
    assert.equal(facts.hasCommonName, /Subject:.*CN ?=/.test(said));
  }
  const der = derOf("client");
  fc.assert(
    fc.property(fc.nat(der.length - 1), (length) => {
      assert.throws(() => certificateFacts(der.subarray(0, length)), RangeError);
    }),
    { numRuns: 50 },
  );
});

test("values are put into texts as they are", () => {
  assert.equal(fillIn("{a} is {b}, {c}", { a: "$&", b: 5 }), "$& is 5, {c}");
});

test("the schemas explain every setting", () => {
  const walk = (schema: Json, path: string): void => {
    assert.ok(typeof schema.title === "string" && typeof schema.description === "string", path);
    for (const [name, part] of Object.entries((schema.properties as Record<string, Json> | undefined) ?? {}))
      walk(part, `${path}/${name}`);
    const items = schema.items as Json | undefined;
    if (items && !items.$ref) walk(items, `${path}/items`);
  };
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
    walk(schema as Json, name);
  }
});
